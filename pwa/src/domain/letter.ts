/** Rule 5: the states of a letter, and what a signature protects. The same as `quill.domain.letters`. */
import type { Letter, Operation } from "@quill/schemas";
import { sectionsHash } from "./digest.ts";
import type { Foreign, Refusal, Values } from "./facts.ts";
import { applied, pointer } from "./fields.ts";
import { refusal } from "./refusals.ts";

export type LetterState = Letter["state"];

export const TRANSITIONS: Record<LetterState, readonly LetterState[]> = {
  draft: ["ready"],
  ready: ["draft", "signed"],
  signed: ["amended", "retracted"],
  amended: ["amended", "retracted"],
  retracted: [],
};

export function isSigned(body: Values): boolean {
  return body["state"] === "signed" || body["state"] === "amended" || body["state"] === "retracted";
}

/** Whether the operation puts a signature under a text: by signing it, or by amending what was signed. */
export function signs(values: Values, body: Values): boolean {
  return values["state"] === "amended" || (values["state"] === "signed" && body["state"] !== "signed");
}

/** Whether the fields take a signed letter back, and do nothing else. */
export function retracts(values: Values): boolean {
  return values["state"] === "retracted" && Object.keys(values).every((field) => field === "state" || field === "amendment_reason");
}

/** What `seen_sha256` must be for these values: the hash of the sections as they stand after the operation. */
export function hashAfter(body: Values, values: Values): Promise<string> {
  return sectionsHash(applied("letter", body, values)["sections"] ?? {});
}

/**
 * Null: the letter's state allows the patch. Else a refusal, or the reason of a conflict.
 * `textHash`: `hashAfter`, needed where the operation signs.
 */
export function checkLetter(body: Values, foreign: Foreign, op: Operation, ownConflict: boolean, textHash: string): Refusal | string | null {
  const values = op.set ?? {};
  const state = body["state"] as LetterState;
  const to = (values["state"] ?? null) as LetterState | null;
  const moving = to !== null && (to !== state || to === "amended");
  if (moving && !TRANSITIONS[state].includes(to)) {
    return foreign.versions.length > 0 || ownConflict ? "letter_state" : refusal("letter_state", "/set/state");
  }
  if (isSigned(body)) {
    if (to === "amended") return amendment(values, op.seen_sha256, textHash);
    if (!retracts(values)) return editOfSigned(foreign, values);
  }
  return moving && to === "signed" && op.seen_sha256 !== textHash ? "signed_stale_text" : null;
}

function amendment(values: Values, seen: string | undefined, textHash: string): Refusal | string | null {
  if (!values["amendment_reason"]) return refusal("amendment_incomplete", "/set/amendment_reason");
  if (seen === undefined) return refusal("amendment_incomplete", "/seen_sha256");
  return seen === textHash ? null : "signed_stale_text";
}

function editOfSigned(foreign: Foreign, values: Values): Refusal | string | null {
  const edited = Object.keys(values).find((field) => field !== "state");
  if (edited === undefined) return null; // the state it has already: no edit
  // A signature is only ever put under a text that had none: was it put there by someone else, the edit is older.
  const unseen = foreign.versions.some((version) => version.state === "signed" && version.fields.includes("state"));
  return unseen ? "signed_meanwhile" : refusal("letter_signed", pointer(edited));
}
