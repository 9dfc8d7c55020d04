/** Single sealed rows: operations waiting or decided, drafts, notes. Each lies under the keyed hash of its id. */
import { decode } from "./bytes.ts";
import { ROW_STORES, type Database, type RowStore, type Write } from "./database.ts";
import type { Keys } from "./keys.ts";
import { whole } from "./manifest.ts";
import type { Memory } from "./memory.ts";
import { VaultDamaged } from "./refusals.ts";

export interface Row<T> {
  hash: string;
  value: T;
}

export class Rows {
  readonly #database: Database;
  readonly #keys: Keys;
  /** By store and hash, the text of a row and the generation that wrote it. */
  readonly #opened = Object.fromEntries(ROW_STORES.map((store) => [store, new Map()])) as Record<RowStore, Map<string, { version: number; text: string }>>;

  constructor(database: Database, keys: Keys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** @throws BEHIND, VaultDamaged */
  async all<T>(memory: Memory, store: RowStore): Promise<Row<T>[]> {
    return this.#get(memory, store, [...memory.rows[store]]);
  }

  /** @throws BEHIND, VaultDamaged */
  async one<T>(memory: Memory, store: RowStore, id: string): Promise<T | null> {
    const hash = await this.#keys.hash(store, id);
    const version = memory.rows[store].get(hash);
    if (version === undefined) return null;
    return (await this.#get<T>(memory, store, [[hash, version]]))[0]?.value ?? null;
  }

  async write(generation: number, store: RowStore, id: string, value: unknown): Promise<{ hash: string; write: Write }> {
    const hash = await this.#keys.hash(store, id);
    return { hash, write: { store, key: hash, value: await this.#keys.sealJson(store, hash, generation, value) } };
  }

  async remove(store: RowStore, id: string): Promise<{ hash: string; write: Write }> {
    const hash = await this.#keys.hash(store, id);
    return { hash, write: { store, remove: hash } };
  }

  close(): void {
    for (const store of ROW_STORES) this.#opened[store].clear();
  }

  async #get<T>(memory: Memory, store: RowStore, wanted: [string, number][]): Promise<Row<T>[]> {
    const { generation } = memory;
    const opened = this.#opened[store];
    for (const hash of opened.keys()) if (!memory.rows[store].has(hash)) opened.delete(hash);
    const found = wanted.map(([hash, version]) => {
      const row = opened.get(hash);
      return { hash, version, text: row?.version === version ? row.text : undefined };
    });
    const missing = found.filter(({ text }) => text === undefined).map(({ hash, version }): [string, number] => [hash, version]);
    const texts = await this.#read(generation, store, missing);
    const read = new Map(missing.map(([hash, version], place) => [hash, { version, text: texts[place] ?? "" }]));
    for (const [hash, row] of read) opened.set(hash, row);
    // `opened` may have moved on while this was reading; what was asked for is in `read` or was there before.
    return found.map(({ hash, text }) => ({ hash, value: JSON.parse(text ?? read.get(hash)?.text ?? "null") as T }));
  }

  async #read(generation: number, store: RowStore, missing: [string, number][]): Promise<string[]> {
    if (missing.length === 0) return [];
    const rows = await this.#database.read(generation, [store], (transaction) => {
      const all = transaction.objectStore(store);
      return Promise.all(missing.map(([hash]) => all.get(hash) as Promise<Uint8Array | undefined>));
    });
    const opening = missing.map(([hash, version], place) => {
      const row = rows[place];
      if (!row) throw new VaultDamaged(`a row of ${store} is gone`);
      return this.#keys.open(store, hash, version, row);
    });
    return (await whole(Promise.all(opening), `a row of ${store}`)).map(decode);
  }
}
