/**
 * One IndexedDB database per vault. Values are sealed bytes (the header and the slots apart); keys are numbers or keyed hashes.
 * Every change is one strict transaction that first checks the generation it was made for: sealing can't happen inside a
 * transaction (IndexedDB would commit it meanwhile), so it happens before, and a change that came too late is made anew.
 */
import { openDB, deleteDB, type IDBPDatabase, type IDBPTransaction } from "idb";
import type { Bytes } from "./bytes.ts";
import type { Slot } from "./slots.ts";

const PREFIX = "quill-vault-";
const FORMAT = 1;

/** Rows that lie singly, one sealed value under the keyed hash of its id. */
export const ROW_STORES = ["outbox", "decided", "drafts", "notes"] as const;
const SEALED_STORES = ["head", "snapshots", "log", "segments", "files", ...ROW_STORES] as const;
const CLEAR_STORES = ["header", "slots"] as const;

export type RowStore = (typeof ROW_STORES)[number];
export type SealedStore = (typeof SEALED_STORES)[number];
type StoreName = SealedStore | (typeof CLEAR_STORES)[number];

/** In clear, with the slots: what a lock screen shows. */
export interface Header {
  format: number;
  initials: string;
  colour: string;
  /** A hash of whose vault it is: to find it again at the next sign-in, not to read from it. */
  owner: string;
}

/** The newest generation in clear, to compare with; sealed beside it what vouches for it (manifest.ts). */
export interface Head {
  generation: number;
  sealed: Bytes;
}

export type Key = string | number | IDBKeyRange;
export type Write = { store: SealedStore; key: string | number; value: Bytes } | { store: SealedStore; remove: Key };

export type Reading = IDBPTransaction<unknown, SealedStore[]>;

/** Thrown by reads of a generation that is no longer the newest: catch up and read again. */
export const BEHIND = new Error("another tab wrote meanwhile");

/** Everything after (and including) `from`, for keys that are numbers. */
export const since = (from: number): IDBKeyRange => IDBKeyRange.lowerBound(from);
export const upTo = (last: number): IDBKeyRange => IDBKeyRange.upperBound(last);

export class Database {
  readonly vault: string;
  #connection: IDBPDatabase | null;
  #closed = false;

  private constructor(vault: string, connection: IDBPDatabase) {
    this.vault = vault;
    this.#connection = connection;
    this.#watch(connection);
  }

  /** Makes the database of a new vault: header, slot and first head in one transaction. */
  static async create(vault: string, header: Omit<Header, "format">, slot: Slot, head: Head): Promise<Database> {
    const connection = await connect(vault);
    const stores: StoreName[] = ["header", "slots", "head"];
    const transaction = connection.transaction(stores, "readwrite", { durability: "strict" });
    const full: Header = { format: FORMAT, ...header };
    await Promise.all([
      transaction.objectStore("header").add(full, "header"),
      transaction.objectStore("slots").add(slot, "password"),
      transaction.objectStore("head").add(head, "head"),
      transaction.done,
    ]);
    return new Database(vault, connection);
  }

  /** @returns null when there is no such vault */
  static async open(vault: string): Promise<Database | null> {
    if (!(await vaultNames()).includes(vault)) return null;
    return new Database(vault, await connect(vault));
  }

  async header(): Promise<Header | null> {
    const header = (await (await this.#open()).get("header", "header")) as Header | undefined;
    return header?.format === FORMAT ? header : null;
  }

  async slots(): Promise<Slot[]> {
    return (await (await this.#open()).getAll("slots")) as Slot[];
  }

  /** Operations in the outbox; needs no key. */
  async unsent(): Promise<number> {
    return (await this.#open()).count("outbox");
  }

  async head(): Promise<Head | null> {
    return ((await (await this.#open()).get("head", "head")) as Head | undefined) ?? null;
  }

  /**
   * Runs `task` in a transaction that also looks at the head, so that what it reads is of that generation.
   * @throws BEHIND when it isn't
   */
  async read<T>(generation: number, stores: SealedStore[], task: (transaction: Reading) => Promise<T>): Promise<T> {
    const transaction = (await this.#open()).transaction([...stores, "head"], "readonly") as unknown as Reading;
    const [head, result] = await Promise.all([
      transaction.objectStore("head").get("head") as Promise<Head | undefined>,
      task(transaction),
      transaction.done,
    ]);
    if (head?.generation !== generation) throw BEHIND;
    return result;
  }

  /**
   * Writes all or nothing, on disk when it answers, if the stored generation is still `expected`.
   * @returns false when another tab wrote meanwhile; nothing was written
   * @throws DOMException (`QuotaExceededError` and others): nothing was written
   */
  async commit(expected: number, head: Head, writes: readonly Write[]): Promise<boolean> {
    const stores = [...new Set<SealedStore>(["head", ...writes.map((write) => write.store)])];
    const transaction = (await this.#open()).transaction(stores, "readwrite", { durability: "strict" });
    const stored = (await transaction.objectStore("head").get("head")) as Head | undefined;
    if (stored?.generation !== expected) {
      await transaction.done;
      return false;
    }
    const requests: Promise<unknown>[] = [];
    try {
      for (const write of writes) {
        const store = transaction.objectStore(write.store);
        requests.push("remove" in write ? store.delete(write.remove) : store.put(write.value, write.key));
      }
      requests.push(transaction.objectStore("head").put(head, "head"));
      await Promise.all([...requests, transaction.done]);
      return true;
    } catch (error) {
      // A request that failed has ended the transaction; one that could not even be made has not.
      if (transaction.error === null) abort(transaction);
      await Promise.allSettled([...requests, transaction.done]);
      throw error;
    }
  }

  close(): void {
    this.#closed = true;
    this.#connection?.close();
    this.#connection = null;
  }

  /** The browser may end a connection by itself (storage pressure, a crash of its database process): connect again. */
  async #open(): Promise<IDBPDatabase> {
    if (this.#closed) throw new DOMException("the vault is closed", "InvalidStateError");
    if (!this.#connection) {
      this.#connection = await connect(this.vault);
      this.#watch(this.#connection);
    }
    return this.#connection;
  }

  #watch(connection: IDBPDatabase): void {
    const lost = () => {
      if (this.#connection === connection) this.#connection = null;
    };
    connection.addEventListener("close", lost);
    // A newer version of the app, or a wipe, wants the database: let go.
    connection.addEventListener("versionchange", () => {
      connection.close();
      lost();
    });
  }
}

function abort(transaction: { abort(): void }): void {
  try {
    transaction.abort();
  } catch {
    return; // it was over already
  }
}

/** The vaults of this browser profile. */
export async function vaultNames(): Promise<string[]> {
  const databases = await indexedDB.databases();
  return databases.flatMap(({ name }) => (name?.startsWith(PREFIX) ? [name.slice(PREFIX.length)] : []));
}

/** Slots first: whatever happens after that, nothing in it can be opened any more. */
export async function destroy(vault: string): Promise<void> {
  const connection = await connect(vault);
  const transaction = connection.transaction("slots", "readwrite", { durability: "strict" });
  await Promise.all([transaction.store.clear(), transaction.done]);
  connection.close();
  await deleteDB(PREFIX + vault);
}

function connect(vault: string): Promise<IDBPDatabase> {
  return openDB(PREFIX + vault, FORMAT, {
    upgrade(database) {
      for (const store of [...CLEAR_STORES, ...SEALED_STORES]) database.createObjectStore(store);
    },
  });
}
