/**
 * Leaves this document for an empty one, which comes back to the lock screen: only so can the browser collect what the
 * app held in memory. The address to return to holds ids only.
 */
export function leaveThroughBlank(): void {
  document.title = "Quill";
  document.getElementById("root")?.replaceChildren();
  location.replace(`/app/blank.html#${location.pathname}`);
}
