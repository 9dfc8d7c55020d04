/**
 * Leaves this document for an empty one, which comes back to the lock screen: only so can the browser collect what the
 * app held in memory. The address to return to holds ids only.
 */
export function leaveThroughBlank(): void {
  empty();
  location.replace(`/app/blank.html#${location.pathname}`);
}

function empty(): void {
  document.title = "Quill";
  document.getElementById("root")?.replaceChildren();
}

/** A page kept for going back to is kept empty, and coming back to it starts afresh: locked. */
export function stayOutOfBackForwardCache(): void {
  window.addEventListener("pagehide", (event) => {
    if (event.persisted) empty();
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) leaveThroughBlank();
  });
}
