/**
 * Compaction: the log folded into a snapshot, and segments that are small or mostly replaced gathered into full ones,
 * by scope, so that a purge rewrites few. One transaction like any other: before it everything stands as it was, after it as new.
 */
import type { PutEntry } from "@quill/schemas";
import type { Write } from "./database.ts";
import type { Memory } from "./memory.ts";
import { bytesOf, liveOf, type Segments } from "./segments.ts";
import type { Plan } from "./transactions.ts";

/** A log longer than this is folded. */
export const LONG_LOG = 1000;
/** A segment of fewer records is small; of small or half-empty ones this many are gathered. */
const SMALL = 100;
const MANY = 8;
/** A gathered segment holds at most this many records. */
const FULL = 500;
/** At most this many segments are opened by one compaction, to bound its memory and its time. */
const AT_ONCE = 64;

/** @throws BEHIND */
export async function planCompaction(segments: Segments, memory: Memory, generation: number): Promise<Plan<void>> {
  const next = memory.copy();
  next.generation = generation;
  const writes = await gather(segments, memory, next);
  return { result: undefined, change: { touched: { kinds: [], ids: [], outbox: false } }, writes, next };
}

async function gather(segments: Segments, memory: Memory, next: Memory): Promise<Write[]> {
  const empty: number[] = [];
  const loose: number[] = [];
  for (const [number, { live, count }] of memory.directory.segments) {
    if (live === 0) empty.push(number);
    else if (live < SMALL || live < count / 2) loose.push(number);
  }
  const gathered = loose.length >= MANY ? loose.slice(0, AT_ONCE) : [];
  const entries: PutEntry[] = [];
  for (const number of gathered) entries.push(...liveOf(memory, number, await segments.entries(memory, number)));
  entries.sort((a, b) => (a.scope < b.scope ? -1 : a.scope > b.scope ? 1 : 0));

  const writes: Write[] = [];
  for (let from = 0; from < entries.length; from += FULL) {
    const full = entries.slice(from, from + FULL);
    const number = next.directory.nextSegment;
    next.directory.rewrite(number, next.generation, full.map(({ id }) => id));
    writes.push(await segments.write(next.generation, number, bytesOf(full)));
  }
  for (const number of [...empty, ...gathered]) {
    next.directory.rewrite(number, next.generation, []);
    writes.push({ store: "segments", remove: number });
  }
  return writes;
}
