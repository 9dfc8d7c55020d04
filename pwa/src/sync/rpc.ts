/** What the page and its device worker say to each other. */
import type { Device, DeviceEvent } from "./device.ts";

export const METHODS = [
  "phase", "status", "signIn", "unlock", "lock", "signOut", "who", "patients", "patient", "letters", "letter", "messages", "conflicts", "conflict", "kept",
  "people", "teams", "beginLetter", "edit", "commit", "setLetterState", "sendMessage", "attach", "attachmentContent", "resolve", "returnConflict", "release",
  "dismiss", "unfinished", "keepUnfinished", "syncPage", "syncNow",
] as const satisfies readonly (keyof Device)[];

export type Method = (typeof METHODS)[number];

export type ToWorker =
  | { type: "call"; id: number; method: Method; parameters: unknown[] }
  /** The page is back in front, or the browser says the network is. */
  | { type: "look" }
  /** The answer to `csrf`. */
  | { type: "csrf"; id: number; token: string | null };

export type ToPage =
  | { type: "answer"; id: number; value: unknown }
  | { type: "failed"; id: number; name: string; message: string }
  | { type: "event"; event: DeviceEvent }
  /** Only the page can read the cookie. */
  | { type: "csrf"; id: number };
