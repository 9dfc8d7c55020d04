/** What an open vault holds in memory, of one generation: the snapshot, and every change of the log since. */
import type { Change, FileEntry, Fields } from "./change.ts";
import { Directory, type Dropped } from "./directory.ts";
import { ListIndex } from "./list-index.ts";
import { ROW_STORES, type RowStore } from "./database.ts";

/** The part of a snapshot that is neither directory nor list. */
export interface SavedState {
  fields: Fields;
  files: Record<string, FileEntry>;
  rows: Record<RowStore, [string, number][]>;
}

export class Memory {
  generation: number;
  fields: Fields;
  readonly directory: Directory;
  readonly list: ListIndex;
  readonly files: Map<string, FileEntry>;
  /** Of each row store: keyed hash → the generation that wrote the row. */
  readonly rows: Record<RowStore, Map<string, number>>;

  constructor(generation: number, state: SavedState, directory: Directory, list: ListIndex) {
    this.generation = generation;
    this.fields = state.fields;
    this.directory = directory;
    this.list = list;
    this.files = new Map(Object.entries(state.files));
    this.rows = forEachRowStore((store) => new Map(state.rows[store]));
  }

  static empty(fields: Fields): Memory {
    const state: SavedState = { fields, files: {}, rows: forEachRowStore(() => []) };
    return new Memory(0, state, Directory.empty(), ListIndex.empty());
  }

  copy(): Memory {
    return new Memory(this.generation, this.state(), this.directory.copy(), this.list.copy());
  }

  state(): SavedState {
    return { fields: this.fields, files: Object.fromEntries(this.files), rows: forEachRowStore((store) => [...this.rows[store]]) };
  }

  apply(change: Change, generation: number): Dropped | null {
    this.generation = generation;
    if (change.fields) this.fields = { ...this.fields, ...change.fields };
    for (const [store, hash, written] of change.rows ?? []) {
      if (written) this.rows[store].set(hash, generation);
      else this.rows[store].delete(hash);
    }
    for (const [id, file] of Object.entries(change.files ?? {})) {
      if (file) this.files.set(id, file);
      else this.files.delete(id);
    }
    if (!change.page) return null;
    const { segment, stubs } = change.page;
    const dropped = this.directory.apply(segment, generation, stubs);
    for (const stub of stubs) if (stub.type === "put" && stub.patient) this.list.put(stub.patient);
    for (const id of dropped.ids) if (!this.directory.get(id)) this.list.remove(id);
    return dropped;
  }
}

function forEachRowStore<T>(make: (store: RowStore) => T): Record<RowStore, T> {
  return Object.fromEntries(ROW_STORES.map((store) => [store, make(store)])) as Record<RowStore, T>;
}
