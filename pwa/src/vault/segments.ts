/** Segments: the bytes of received pages, sealed as they came, and what compaction and purges made of them. */
import type { Entry, PutEntry } from "@quill/schemas";
import type { StoredRecord } from "../sync/ports.ts";
import { decode, encode } from "./bytes.ts";
import type { Database, Write } from "./database.ts";
import type { Location } from "./directory.ts";
import type { Keys } from "./keys.ts";
import { whole } from "./manifest.ts";
import type { Memory } from "./memory.ts";
import { VaultDamaged } from "./refusals.ts";

/** How much of the opened segments is kept, in bytes of their text. */
const KEPT = 8 << 20;

interface Opened {
  version: number;
  entries: Entry[];
  size: number;
}

export class Segments {
  readonly #database: Database;
  readonly #keys: Keys;
  /** Least recently used first. */
  readonly #opened = new Map<number, Opened>();
  #size = 0;

  constructor(database: Database, keys: Keys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** @throws BEHIND, VaultDamaged */
  async record(memory: Memory, id: string): Promise<StoredRecord | null> {
    const location = memory.directory.get(id);
    if (!location) return null;
    return recordAt(await this.entries(memory, location.segment), id, location);
  }

  /** @throws BEHIND, VaultDamaged */
  async records(memory: Memory, found: readonly [string, Location][]): Promise<StoredRecord[]> {
    const bySegment = Map.groupBy(found, ([, location]) => location.segment);
    const records: StoredRecord[] = [];
    for (const [segment, wanted] of bySegment) {
      const entries = await this.entries(memory, segment);
      for (const [id, location] of wanted) records.push(recordAt(entries, id, location));
    }
    return records;
  }

  /** @throws BEHIND, VaultDamaged */
  async entries(memory: Memory, number: number): Promise<Entry[]> {
    const { generation } = memory;
    const segment = memory.directory.segment(number);
    if (!segment) throw new VaultDamaged(`segment ${number} isn't in the directory`);
    const known = this.#opened.get(number);
    if (known?.version === segment.version) {
      this.#opened.delete(number);
      this.#opened.set(number, known);
      return known.entries;
    }
    const sealed = await this.#database.read(generation, ["segments"], (transaction) => {
      return transaction.objectStore("segments").get(number) as Promise<Uint8Array | undefined>;
    });
    if (!sealed) throw new VaultDamaged(`segment ${number} is gone`);
    const content = await whole(this.#keys.open("segments", number, segment.version, sealed), `segment ${number}`);
    const entries = (JSON.parse(decode(content)) as { changes: Entry[] }).changes;
    this.#keep(number, { version: segment.version, entries, size: content.length });
    return entries;
  }

  async write(generation: number, number: number, bytes: Uint8Array): Promise<Write> {
    return { store: "segments", key: number, value: await this.#keys.seal("segments", number, generation, bytes) };
  }

  /**
   * Seals anew, under the same numbers, what is live in `next` of these segments; takes it into `next`.
   * @param entriesOf what each holds now
   */
  async rewrite(next: Memory, numbers: Iterable<number>, entriesOf: (number: number) => Promise<readonly Entry[]>): Promise<Write[]> {
    const writes: Write[] = [];
    for (const number of numbers) {
      const live = liveOf(next, number, await entriesOf(number));
      next.directory.rewrite(number, next.generation, live.map(({ id }) => id));
      writes.push(live.length > 0 ? await this.write(next.generation, number, bytesOf(live)) : { store: "segments", remove: number });
    }
    return writes;
  }

  close(): void {
    this.#opened.clear();
    this.#size = 0;
  }

  #keep(number: number, opened: Opened): void {
    this.#size += opened.size - (this.#opened.get(number)?.size ?? 0);
    this.#opened.delete(number);
    this.#opened.set(number, opened);
    for (const [oldest, { size }] of this.#opened) {
      if (this.#size <= KEPT || oldest === number) break;
      this.#opened.delete(oldest);
      this.#size -= size;
    }
  }
}

/** Of a segment's entries those that hold the newest of their record. */
export function liveOf(memory: Memory, number: number, entries: readonly Entry[]): PutEntry[] {
  return entries.filter((entry, index): entry is PutEntry => {
    if (entry.type !== "put") return false;
    const location = memory.directory.get(entry.id);
    return location?.segment === number && location.index === index;
  });
}

export function bytesOf(entries: readonly PutEntry[]): Uint8Array {
  return encode(JSON.stringify({ changes: entries }));
}

function recordAt(entries: readonly Entry[], id: string, { index }: Location): StoredRecord {
  const entry = entries[index];
  if (entry?.type !== "put" || entry.id !== id) throw new VaultDamaged("the directory and a segment disagree");
  const { kind, scope, version, schema, seq, by, at, parallel, body } = entry;
  return { kind, id, scope, version, schema, seq, by, at, ...(parallel && { parallel }), body };
}
