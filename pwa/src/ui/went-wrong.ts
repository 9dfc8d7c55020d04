import { texts } from "./texts.ts";

/** What to say when the device could not do what it was asked: what is safe and what to do, never the error's own words. */
export function wentWrong(error: unknown): string {
  const name = error instanceof Error ? error.name : "";
  if (name === "QuotaExceededError") return texts.errors.storageFull;
  if (name === "NotOnThisDevice" || name === "ScopeEnded") return texts.errors.gone;
  return texts.errors.unknown;
}
