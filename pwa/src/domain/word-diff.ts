/** Which words of two texts differ; pure, for the eyes of a reviewer only: nothing is merged by it. */
import { diffIndices } from "node-diff3";

export interface Piece {
  text: string;
  changed: boolean;
}

/** Words, and the space and punctuation between them, one token each, so that joining them gives the text back. */
function tokens(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:['’.,][\p{L}\p{N}]+)*|\s+|[^\p{L}\p{N}\s]/gu) ?? [];
}

/** Space between two changed words is marked with them, so that a changed sentence reads as one. */
function joined(pieces: readonly Piece[]): Piece[] {
  const whole: Piece[] = [];
  pieces.forEach((piece, index) => {
    const bridge = !piece.changed && piece.text.trim() === "" && pieces[index - 1]?.changed && pieces[index + 1]?.changed;
    const changed = piece.changed || Boolean(bridge);
    const last = whole.at(-1);
    if (last?.changed === changed) last.text += piece.text;
    else whole.push({ text: piece.text, changed });
  });
  return whole;
}

const LONGEST = 4000;

/** `text` in pieces, those marked that are not in `before` at that place. Two texts too long to compare are marked whole. */
export function wordDiff(before: string, text: string): Piece[] {
  const old = tokens(before);
  const now = tokens(text);
  if (old.length > LONGEST || now.length > LONGEST) return text === "" ? [] : [{ text, changed: before !== text }];
  const pieces: Piece[] = [];
  let at = 0;
  const push = (part: string[], changed: boolean) => {
    if (part.length > 0) pieces.push({ text: part.join(""), changed });
  };
  for (const difference of diffIndices(old, now)) {
    const [start, length] = difference.buffer2;
    push(now.slice(at, start), false);
    push(now.slice(start, start + length), true);
    at = start + length;
  }
  push(now.slice(at), false);
  return joined(pieces);
}
