import type { LetterRow, Who } from "../../sync/device.ts";
import { maySign, mayWrite } from "./rights.ts";

export interface ToDo {
  waiting: LetterRow[];
  toSign: LetterRow[];
  drafts: LetterRow[];
}

/** The letters that wait for this person, newest first: own signatures on their way, what they may sign, drafts of theirs. */
export function toDo(letters: readonly LetterRow[], who: Who): ToDo {
  const newest = [...letters].sort((a, b) => b.changed_at.localeCompare(a.changed_at));
  // A secretary types for the clinicians of the ward: every draft there is theirs to finish.
  const theirs = (letter: LetterRow) => letter.author_id === who.user_id || letter.work === "on-device" || (mayWrite(who) && !maySign(who));
  return {
    waiting: newest.filter((letter) => letter.signatureWaiting),
    toSign: maySign(who) ? newest.filter((letter) => letter.state === "ready" && !letter.signatureWaiting) : [],
    drafts: newest.filter((letter) => letter.state === "draft" && !letter.signatureWaiting && theirs(letter)),
  };
}
