/**
 * A three-way proposal for two edits of one text. It is only ever shown to a reviewer, never applied by itself.
 *
 * Differences are found word by word with Myers' greedy algorithm (E. W. Myers, "An O(ND) Difference Algorithm", 1986),
 * bounded; past the bound there is simply no proposal. The same as `quill.domain.merge`.
 */
import { own } from "./fields.ts";
import type { Values } from "./facts.ts";

const MAX_WORDS = 20_000;
const MAX_DIFFERENCES = 300;

/** Words with the white space after them; joined they are the text again. */
export function words(text: string): string[] {
  return text.match(/[^ \t\n\r]+[ \t\n\r]*|[ \t\n\r]+/g) ?? [];
}

/** Which words of `a` stand in `b`, by position, in order; null when they differ in too many. */
export function matches(a: string[], b: string[]): Map<number, number> | null {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = myers(a.slice(start, a.length - end), b.slice(start, b.length - end));
  if (middle === null) return null;
  const found = new Map<number, number>();
  for (let i = 0; i < start; i++) found.set(i, i);
  for (const [i, j] of middle) found.set(start + i, start + j);
  for (let i = 0; i < end; i++) found.set(a.length - end + i, b.length - end + i);
  return found;
}

function myers(a: string[], b: string[]): Map<number, number> | null {
  const furthest = new Map([[1, 0]]);
  const trail: Map<number, number>[] = [];
  for (let d = 0; d <= Math.min(a.length + b.length, MAX_DIFFERENCES); d++) {
    trail.push(new Map(furthest));
    for (let k = -d; k <= d; k += 2) {
      let x = isDown(furthest, d, k) ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest.set(k, x);
      if (x >= a.length && x - k >= b.length) return walkBack(trail, a.length, b.length);
    }
  }
  return null;
}

function walkBack(trail: Map<number, number>[], n: number, m: number): Map<number, number> {
  const pairs: [number, number][] = [];
  let [x, y] = [n, m];
  for (let d = trail.length - 1; d >= 0; d--) {
    const furthest = trail[d] ?? new Map<number, number>();
    const before = isDown(furthest, d, x - y) ? x - y + 1 : x - y - 1;
    const [beforeX, beforeY] = [at(furthest, before), at(furthest, before) - before];
    while (x > Math.max(beforeX, 0) && y > Math.max(beforeY, 0)) pairs.push([--x, --y]);
    [x, y] = [beforeX, beforeY];
  }
  return new Map(pairs.reverse());
}

function isDown(furthest: Map<number, number>, d: number, k: number): boolean {
  return k === -d || (k !== d && at(furthest, k - 1) < at(furthest, k + 1));
}

function at(furthest: Map<number, number>, k: number): number {
  return furthest.get(k) ?? 0;
}

/** Both edits in one text; where they touch the same words, theirs and then mine. Null: too different to propose. */
export function mergedText(base: string, theirs: string, mine: string): string | null {
  if (base === "") return theirs === mine ? theirs : `${theirs}\n\n${mine}`;
  const [o, a, b] = [words(base), words(theirs), words(mine)];
  if (Math.max(o.length, a.length, b.length) > MAX_WORDS) return null;
  const [inA, inB] = [matches(o, a), matches(o, b)];
  if (inA === null || inB === null) return null;
  let out = "";
  let [atO, atA, atB] = [0, 0, 0];
  for (let next = 0; next <= o.length; next++) {
    const [nextA, nextB] = next < o.length ? [inA.get(next), inB.get(next)] : [a.length, b.length];
    if (nextA === undefined || nextB === undefined) continue;
    out += chunk(o.slice(atO, next).join(""), a.slice(atA, nextA).join(""), b.slice(atB, nextB).join("")) + (o[next] ?? "");
    [atO, atA, atB] = [next + 1, nextA + 1, nextB + 1];
  }
  return out;
}

function chunk(base: string, theirs: string, mine: string): string {
  if (theirs === base || theirs === mine) return mine;
  if (mine === base) return theirs;
  return theirs + (theirs === "" || /[ \t\n\r]$/.test(theirs) ? "" : " ") + mine;
}

/** A proposed value for a field that holds text: a letter's section, or a plain text; null where there is none to make. */
export function proposal(base: unknown, theirs: unknown, mine: unknown): unknown {
  if (typeof theirs === "string" && typeof mine === "string") return mergedText(typeof base === "string" ? base : "", theirs, mine);
  if (!isSection(theirs) || !isSection(mine)) return null;
  const from: Values = isSection(base) ? base : {};
  const text = mergedText((own(from, "text") as string | null) ?? "", theirs.text, mine.text);
  if (text === null) return null;
  const rest = ["title", "order"]
    .filter((name) => name in theirs && name in mine)
    .map((name) => [name, theirs[name] === from[name] ? mine[name] : theirs[name]] as const);
  return { ...Object.fromEntries(rest), text };
}

function isSection(value: unknown): value is Values & { text: string } {
  return typeof value === "object" && value !== null && typeof (value as Values)["text"] === "string";
}
