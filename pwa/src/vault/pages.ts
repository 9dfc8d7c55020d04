/** Storing a page of changes, whole or not at all: its segment, its cursor, and the purge of every scope that ended in it. */
import { KINDS } from "@quill/schemas";
import type { Draft, DecidedOperation, Page, PageOutcome, QueuedOperation } from "../sync/ports.ts";
import { stubsOf, touchedBy, type Change } from "./change.ts";
import type { Write } from "./database.ts";
import type { Files } from "./files.ts";
import type { Memory } from "./memory.ts";
import type { Rows } from "./rows.ts";
import type { Segments } from "./segments.ts";
import type { Plan } from "./transactions.ts";

/** A note names in its key the scope it is about, if it is about one. */
export interface Note {
  key: string;
  value: unknown;
}

interface Parts {
  segments: Segments;
  rows: Rows;
  files: Files;
}

/** @throws BEHIND */
export async function planPage(parts: Parts, memory: Memory, generation: number, page: Page): Promise<Plan<PageOutcome>> {
  const segment = memory.directory.nextSegment;
  const stubs = stubsOf(page.changes);
  const change: Change = {
    // A head that isn't reached yet must not pass for one: what it names is here only after `more: false` (G3).
    fields: { cursor: page.cursor, ...(!page.more && { head: page.head }) },
    page: { segment, stubs },
    touched: touchedBy(stubs),
  };
  const mayEnd = stubs.some((stub) => stub.type === "revoke" || (stub.type === "complete" && stub.scopes !== undefined));
  if (mayEnd) {
    const next = memory.copy();
    const ended = next.apply(change, generation)?.scopes ?? new Set();
    if (ended.size > 0) {
      if (await unsent(parts.rows, memory, ended)) return { result: "unsent" };
      const writes = await purge(parts, memory, next, ended, page, segment);
      change.touched = { kinds: [...KINDS], ids: [], outbox: true };
      return { result: "stored", change, writes, next };
    }
  }
  const holds = stubs.some((stub) => stub.type === "put");
  const writes = holds ? [await parts.segments.write(generation, segment, page.bytes)] : [];
  return { result: "stored", change, writes };
}

/** Operations or drafts of a scope that ended: they have to reach the organisation first. */
async function unsent(rows: Rows, memory: Memory, ended: ReadonlySet<string>): Promise<boolean> {
  const queued = await rows.all<QueuedOperation>(memory, "outbox");
  const drafts = await rows.all<Draft>(memory, "drafts");
  return [...queued, ...drafts].some(({ value }) => ended.has(value.scope));
}

/** Seals everything that held something of the ended scopes anew without them. */
async function purge(parts: Parts, memory: Memory, next: Memory, ended: ReadonlySet<string>, page: Page, arrived: number): Promise<Write[]> {
  const writes: Write[] = [];
  const touched = [...next.directory.segments].filter(([, { scopes }]) => [...scopes].some((scope) => ended.has(scope)));
  const numbers = touched.map(([number]) => number);
  if (next.directory.segment(arrived) && !numbers.includes(arrived)) writes.push(await parts.segments.write(next.generation, arrived, page.bytes));
  writes.push(
    ...(await parts.segments.rewrite(next, numbers, async (number) => {
      return number === arrived ? page.changes : parts.segments.entries(memory, number);
    })),
  );
  for (const { hash, value } of await parts.rows.all<DecidedOperation>(memory, "decided")) {
    if (!ended.has(value.scope)) continue;
    next.rows.decided.delete(hash);
    writes.push({ store: "decided", remove: hash });
  }
  for (const { hash, value } of await parts.rows.all<Note>(memory, "notes")) {
    if (![...ended].some((scope) => value.key.includes(scope))) continue;
    next.rows.notes.delete(hash);
    writes.push({ store: "notes", remove: hash });
  }
  for (const [id, { scope }] of memory.files) {
    if (!ended.has(scope)) continue;
    next.files.delete(id);
    writes.push(await parts.files.remove(id));
  }
  return writes;
}
