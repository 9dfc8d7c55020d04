/**
 * The vault's memory and its transactions, safe with several tabs on one database.
 * A change is planned (and sealed) for the generation after the one in memory; if another tab wrote that one first, the memory
 * replays what it did and the change is planned anew. Other tabs hear of it by a poke without content.
 */
import { KINDS } from "@quill/schemas";
import type { StoreChange } from "../sync/ports.ts";
import type { Change } from "./change.ts";
import { BEHIND, type Database, type Write } from "./database.ts";
import type { Keys } from "./keys.ts";
import { logWrite, readLog } from "./log.ts";
import { openManifest, sealManifest } from "./manifest.ts";
import { Memory } from "./memory.ts";
import { VaultDamaged, VaultLocked } from "./refusals.ts";
import { readSnapshot, snapshotWrites } from "./snapshot.ts";

export interface Plan<T> {
  result: T;
  /** Absent: nothing to write. */
  change?: Change;
  writes?: Write[];
  /** The memory as it will be, where the change has to leave a new snapshot in place of the log. */
  next?: Memory;
}

export class Transactions {
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #deadline: () => boolean;
  readonly #channel: BroadcastChannel;
  readonly #listeners = new Set<(change: StoreChange) => void>();
  #memory: Memory;
  #snapshot: number;
  /** Of pages, in the log since the snapshot. */
  #entries = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(database: Database, keys: Keys, memory: Memory, snapshot: number, deadline: () => boolean) {
    this.#deadline = deadline;
    this.#database = database;
    this.#keys = keys;
    this.#memory = memory;
    this.#snapshot = snapshot;
    this.#channel = new BroadcastChannel(`quill-vault-${database.vault}`);
    // A failure here meets the next call, which catches up again and reports it.
    this.#channel.onmessage = () => void this.#fresh().catch(() => undefined);
  }

  /** @param first the memory of a vault that has no snapshot yet */
  static async open(database: Database, keys: Keys, first: Memory, deadline: () => boolean = () => false): Promise<Transactions> {
    for (;;) {
      try {
        const head = await database.head();
        if (!head) throw new VaultDamaged("no manifest");
        const { snapshot, generation } = await openManifest(keys, head);
        const memory = snapshot === 0 ? first : await readSnapshot(database, keys, snapshot, generation);
        const opened = new Transactions(database, keys, memory, snapshot, deadline);
        for (const change of await readLog(database, keys, snapshot, generation)) opened.#apply(change);
        return opened;
      } catch (error) {
        if (error !== BEHIND) throw error;
      }
    }
  }

  /** As of the last change seen; may be behind another tab by the moment of its poke. */
  get memory(): Memory {
    return this.#memory;
  }

  /** What a tab that opens now has to replay: changes, and entries of pages in them. */
  get logged(): { changes: number; entries: number } {
    return { changes: this.#memory.generation - this.#snapshot, entries: this.#entries };
  }

  /**
   * Reads what is stored now, whichever tab wrote it.
   * @throws VaultLocked once the deadline has passed, also while it was reading
   */
  async read<T>(task: (memory: Memory) => T | Promise<T>): Promise<T> {
    for (;;) {
      await this.#fresh();
      try {
        const answer = await task(this.#memory);
        if (this.#deadline()) throw new VaultLocked();
        return answer;
      } catch (error) {
        if (error !== BEHIND) throw error;
      }
    }
  }

  /**
   * @param plan is called again when another tab wrote first; `generation` is the one it writes
   * @returns once it is on disk
   */
  change<T>(plan: (memory: Memory, generation: number) => Promise<Plan<T>>): Promise<T> {
    return this.#inTurn(async () => {
      for (;;) {
        try {
          await this.#replay();
          const planned = await plan(this.#memory, this.#memory.generation + 1);
          if (!planned.change || (await this.#commit(planned.change, planned))) return planned.result;
        } catch (error) {
          if (error !== BEHIND) throw error;
        }
      }
    });
  }

  onChange(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#closed = true;
    this.#channel.close();
    this.#listeners.clear();
    this.#database.close();
  }

  async #commit(change: Change, { writes = [], next }: Plan<unknown>): Promise<boolean> {
    const expected = this.#memory.generation;
    const generation = expected + 1;
    const snapshot = next ? generation : this.#snapshot;
    const kept = next ? await snapshotWrites(this.#keys, next) : [await logWrite(this.#keys, generation, change)];
    const head = await sealManifest(this.#keys, { generation, snapshot });
    if (!(await this.#database.commit(expected, head, [...writes, ...kept]))) return false;
    if (next) this.#replace(next);
    else this.#apply(change);
    if (!this.#closed) this.#channel.postMessage("changed");
    this.#tell(change.touched);
    return true;
  }

  async #fresh(): Promise<void> {
    const head = await this.#database.head();
    if (head?.generation !== this.#memory.generation) await this.#inTurn(() => this.#replay());
  }

  /** Brings the memory up to what other tabs wrote. */
  async #replay(): Promise<void> {
    for (;;) {
      const head = await this.#database.head();
      const at = this.#memory.generation;
      if (head?.generation === at) return;
      if (!head || head.generation < at) throw new VaultDamaged("the database was rolled back");
      const { generation, snapshot } = await openManifest(this.#keys, head);
      try {
        if (snapshot > at) {
          this.#replace(await readSnapshot(this.#database, this.#keys, snapshot, generation));
          this.#tell({ kinds: [...KINDS], ids: [], outbox: true });
        }
        for (const change of await readLog(this.#database, this.#keys, this.#memory.generation, generation)) {
          this.#apply(change);
          this.#tell(change.touched);
        }
      } catch (error) {
        if (error !== BEHIND) throw error;
      }
    }
  }

  #apply(change: Change): void {
    this.#memory.apply(change, this.#memory.generation + 1);
    this.#entries += change.page?.stubs.length ?? 0;
  }

  /** By what a snapshot holds. */
  #replace(memory: Memory): void {
    this.#memory = memory;
    this.#snapshot = memory.generation;
    this.#entries = 0;
  }

  /** One at a time within this tab. */
  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(task);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  #tell(change: StoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}
