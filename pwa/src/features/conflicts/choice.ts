import type { Conflict, ConflictField } from "@quill/schemas";
import { TRANSITIONS, type LetterState } from "../../domain/letter.ts";
import type { ConflictChoice } from "../../sync/device.ts";
import { readable, writable } from "./readable.ts";

/** What a reviewer takes for a field. `base` is composed by the program: its value is the one before both changes. */
export interface Choice {
  take: "theirs" | "mine" | "text" | "base";
  value?: unknown;
}

export type Take = Choice["take"];

export function choiceOf(field: ConflictField, take: Take): Choice {
  if (take === "base") return { take, value: field.base ?? null };
  if (take === "text") return { take, value: field.proposal ?? field.mine ?? field.theirs ?? field.base ?? null };
  return { take };
}

/** Rights and the note ask this: what is neither side as it stands is the reviewer's own. */
export function isComposed({ take }: Choice): boolean {
  return take === "text" || take === "base";
}

/**
 * Whether this can be taken: a letter's state moves only by a step it may take from where it stands now (rule 5 of the
 * contract), so a signature given to a draft that looked ready has to be given again.
 */
export function mayTake({ kind, theirs }: Conflict, field: ConflictField, take: Take): boolean {
  const stands = theirs?.body["state"];
  if (kind !== "letter" || field.field !== "state" || typeof stands !== "string" || take === "theirs") return true;
  const to = take === "base" ? field.base : take === "mine" ? field.mine : null;
  return to === stands || TRANSITIONS[stands as LetterState].includes(to as LetterState);
}

/** What was taken of each field, once it is decided. */
export function decidedChoices({ resolution }: Conflict): Record<string, Choice> {
  return Object.fromEntries(Object.entries(resolution?.choices ?? {}).map(([field, { take, value }]) => [field, { take, ...(take === "text" && { value }) }]));
}

/** The text a person composes in, and the value it makes; null where the field isn't text. */
export function composable(field: ConflictField): { text: string; valueOf: (text: string) => unknown } | null {
  const sample = field.mine ?? field.theirs ?? field.base;
  const start = field.proposal ?? sample;
  const make = writable(sample);
  return make && { text: readable(field.field, start), valueOf: make };
}

/** The choices as the server knows them: the value from before both changes counts as composed. */
export function asDecided(choices: Record<string, Choice>): ConflictChoice["choices"] {
  const decided: ConflictChoice["choices"] = {};
  for (const [field, choice] of Object.entries(choices)) {
    decided[field] = choice.take === "theirs" || choice.take === "mine" ? { take: choice.take } : { take: "text", value: choice.value };
  }
  return decided;
}

/** Text of a signed letter changes only as an amendment, which has a reason. */
export function needsAmendmentReason(conflict: Conflict, choices: Record<string, Choice>): boolean {
  const state = conflict.theirs?.body["state"];
  if (conflict.kind !== "letter" || (state !== "signed" && state !== "amended")) return false;
  return Object.values(choices).some((choice) => choice.take !== "theirs");
}
