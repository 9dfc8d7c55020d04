/** An open vault: the device's memory as the sync engine asks for it (`sync/ports.ts`), sealed in IndexedDB. */
import type { Kind, Verdict } from "@quill/schemas";
import type {
  DecidedOperation, DeviceIdentity, Draft, DraftOutcome, OpenStore, OperationDraft, Page, PageOutcome, PatientSummary,
  QueuedOperation, StoreChange, StoredRecord,
} from "../sync/ports.ts";
import type { Canary } from "./canary.ts";
import type { Change, Fields } from "./change.ts";
import { LONG_LOG, planCompaction } from "./compaction.ts";
import type { Database, RowStore, Write } from "./database.ts";
import type { Directory } from "./directory.ts";
import { Files } from "./files.ts";
import type { Keys } from "./keys.ts";
import { Memory } from "./memory.ts";
import { inOrder, number, numberedFrom, upTo } from "./operations.ts";
import { planPage, type Note } from "./pages.ts";
import { ScopeEnded } from "./refusals.ts";
import { Rows } from "./rows.ts";
import { Segments } from "./segments.ts";
import { Transactions, type Plan } from "./transactions.ts";

export interface Surroundings {
  /** Milliseconds since the epoch. */
  now?: () => number;
  canary?: Canary;
  /** Asked with each question: true once the vault has to be locked (timers freeze, this doesn't). Work is still sealed then. */
  deadline?: () => boolean;
  /** Compact by itself when the log has grown long. Default: true. */
  compacts?: boolean;
}

/** A row to write, or (value absent) to remove. */
interface RowChange {
  store: RowStore;
  id: string;
  value?: unknown;
}

export class Vault implements OpenStore {
  /** Its name on this device, as in its card. */
  readonly id: string;
  readonly #keys: Keys;
  readonly #transactions: Transactions;
  readonly #rows: Rows;
  readonly #segments: Segments;
  readonly #files: Files;
  readonly #now: () => number;
  readonly #canary: Canary | undefined;
  readonly #compacts: boolean;
  #compacting: Promise<void> | null = null;

  private constructor(database: Database, keys: Keys, transactions: Transactions, surroundings: Surroundings) {
    this.id = database.vault;
    this.#keys = keys;
    this.#transactions = transactions;
    this.#rows = new Rows(database, keys);
    this.#segments = new Segments(database, keys);
    this.#files = new Files(database, keys);
    this.#now = surroundings.now ?? Date.now;
    this.#canary = surroundings.canary;
    this.#compacts = surroundings.compacts ?? true;
  }

  /** @throws VaultDamaged */
  static async open(database: Database, keys: Keys, surroundings: Surroundings = {}): Promise<Vault> {
    const { device, organisation, user } = keys.owner;
    const identity: DeviceIdentity = {
      device_id: device, replaces: [], organisation_id: organisation, user_id: user, epoch: null, next_device_seq: 1, audit_head: null,
    };
    const fields: Fields = { identity, journal_days: null, cursor: null, head: 0 };
    const transactions = await Transactions.open(database, keys, Memory.empty(fields), surroundings.deadline);
    const vault = new Vault(database, keys, transactions, surroundings);
    vault.#noteCanary();
    vault.#tidy(true);
    return vault;
  }

  identity(): Promise<DeviceIdentity> {
    return this.#transactions.read(({ fields }) => structuredClone(fields.identity));
  }

  async renumber(deviceId: string): Promise<void> {
    await this.#transactions.change(async (memory, generation) => {
      const { identity } = memory.fields;
      const waiting = inOrder((await this.#rows.all<QueuedOperation>(memory, "outbox")).map(({ value }) => value));
      const decided = inOrder((await this.#rows.all<DecidedOperation>(memory, "decided")).map(({ value }) => value));
      const renumbered = numberedFrom(1, waiting);
      // Numbers of the old id: in their order, before all that follows, and never taken for one of the new id's.
      const before = numberedFrom(1 - decided.length, decided).map((one): RowChange => ({ store: "decided", id: one.operation.op_id, value: one }));
      const replaced: DeviceIdentity = {
        ...identity, device_id: deviceId, replaces: [...identity.replaces, identity.device_id], next_device_seq: waiting.length + 1,
      };
      return this.#plan(undefined, generation, [...outboxRows(renumbered), ...before], { fields: { identity: replaced }, ...touching(renumbered) });
    });
  }

  async rememberHello({ epoch, audit_head, journal_days }: { epoch?: number; audit_head?: string; journal_days?: number }): Promise<void> {
    await this.#transactions.change(async ({ fields }, generation) => {
      const identity = { ...fields.identity, ...(epoch !== undefined && { epoch }), ...(audit_head !== undefined && { audit_head }) };
      const remembered = { identity, journal_days: journal_days ?? fields.journal_days };
      const same = JSON.stringify(remembered) === JSON.stringify({ identity: fields.identity, journal_days: fields.journal_days });
      return same ? { result: undefined } : this.#plan(undefined, generation, [], { fields: remembered });
    });
  }

  cursor(): Promise<string | null> {
    return this.#transactions.read(({ fields }) => fields.cursor);
  }

  head(): Promise<number> {
    return this.#transactions.read(({ fields }) => fields.head);
  }

  async storePage(askedWith: string | null, page: Page): Promise<PageOutcome> {
    const parts = { rows: this.#rows, segments: this.#segments, files: this.#files };
    const outcome = await this.#transactions.change(async (memory, generation): Promise<Plan<PageOutcome>> => {
      if (memory.fields.cursor !== askedWith) return { result: "stale" };
      return planPage(parts, memory, generation, page);
    });
    this.#tidy(!page.more);
    return outcome;
  }

  async dropCursor(askedWith: string): Promise<void> {
    await this.#transactions.change(async ({ fields }, generation) => {
      return fields.cursor === askedWith ? this.#plan(undefined, generation, [], { fields: { cursor: null } }) : { result: undefined };
    });
  }

  async queue(drafts: OperationDraft[]): Promise<QueuedOperation[]> {
    return this.#outboxChange(async ({ fields, directory }, generation) => {
      refuseEnded(directory, drafts);
      const queued = number(fields.identity, drafts, this.#now());
      if (queued.length === 0) return { result: queued };
      return this.#plan(queued, generation, outboxRows(queued), { fields: numberedUpTo(fields, queued), ...touching(queued) });
    });
  }

  async commitDrafts(ids: string[] | null, make: (draft: Draft) => OperationDraft | null): Promise<QueuedOperation[]> {
    return this.#outboxChange(async (memory, generation) => {
      const { fields } = memory;
      const all = (await this.#rows.all<Draft>(memory, "drafts")).map(({ value }) => value).sort(bySaved);
      const drafts = ids === null ? all : ids.flatMap((id) => all.find((draft) => draft.id === id) ?? []);
      if (drafts.length === 0) return { result: [] };
      const queued = number(fields.identity, drafts.flatMap((draft) => make(draft) ?? []), this.#now());
      const rows = [...outboxRows(queued), ...drafts.map(({ id }): RowChange => ({ store: "drafts", id }))];
      const touched = { kinds: [...new Set(drafts.map(({ kind }) => kind))], ids: drafts.map(({ id }) => id), outbox: true };
      return this.#plan(queued, generation, rows, { fields: numberedUpTo(fields, queued), touched });
    });
  }

  outbox(limit?: { count: number; bytes: number }): Promise<QueuedOperation[]> {
    return this.#transactions.read(async (memory) => {
      const waiting = inOrder((await this.#rows.all<QueuedOperation>(memory, "outbox")).map(({ value }) => value));
      return limit ? upTo(waiting, limit) : waiting;
    });
  }

  async storeVerdicts(verdicts: Verdict[], at: string): Promise<void> {
    const verdictOf = new Map(verdicts.map((verdict) => [verdict.op_id, verdict]));
    await this.#outboxChange(async (memory, generation) => {
      const waiting = await this.#rows.all<QueuedOperation>(memory, "outbox");
      const decided = waiting.flatMap(({ value }): DecidedOperation[] => {
        const verdict = verdictOf.get(value.operation.op_id);
        return verdict ? [{ ...value, verdict, decided_at: at }] : [];
      });
      const rows = decided.flatMap((each): RowChange[] => {
        const id = each.operation.op_id;
        return [{ store: "outbox", id }, { store: "decided", id, value: each }];
      });
      return this.#plan(undefined, generation, rows, touching(decided));
    });
  }

  decided(): Promise<DecidedOperation[]> {
    return this.#transactions.read(async (memory) => {
      return inOrder((await this.#rows.all<DecidedOperation>(memory, "decided")).map(({ value }) => value));
    });
  }

  async forgetDecided(opIds: string[]): Promise<void> {
    await this.#transactions.change(async (memory, generation) => {
      const all = (await this.#rows.all<DecidedOperation>(memory, "decided")).map(({ value }) => value);
      const gone = all.filter(({ operation }) => opIds.includes(operation.op_id));
      const rows = gone.map(({ operation }): RowChange => ({ store: "decided", id: operation.op_id }));
      return this.#plan(undefined, generation, rows, touching(gone));
    });
  }

  async saveDraft(draft: Draft, over?: Draft | null): Promise<DraftOutcome> {
    const touched = { kinds: [draft.kind], ids: [draft.id], outbox: true };
    const outcome = await this.#transactions.change(async (memory, generation): Promise<Plan<DraftOutcome>> => {
      refuseEnded(memory.directory, [draft]);
      const stored = over === undefined ? undefined : await this.#rows.one<Draft>(memory, "drafts", draft.id);
      if (JSON.stringify(stored) !== JSON.stringify(over)) return { result: "stale" };
      return this.#plan("saved", generation, [{ store: "drafts", id: draft.id, value: draft }], { touched });
    });
    this.#tidy();
    return outcome;
  }

  drafts(): Promise<Draft[]> {
    return this.#transactions.read(async (memory) => {
      return (await this.#rows.all<Draft>(memory, "drafts")).map(({ value }) => value).sort(bySaved);
    });
  }

  async dropDraft(id: string): Promise<void> {
    await this.#transactions.change(async (memory, generation) => {
      const draft = await this.#rows.one<Draft>(memory, "drafts", id);
      if (!draft) return { result: undefined };
      return this.#plan(undefined, generation, [{ store: "drafts", id }], { touched: { kinds: [draft.kind], ids: [id], outbox: true } });
    });
  }

  record(id: string): Promise<StoredRecord | null> {
    return this.#transactions.read((memory) => this.#segments.record(memory, id));
  }

  records(kind: Kind, scope?: string): Promise<StoredRecord[]> {
    return this.#transactions.read((memory) => this.#segments.records(memory, memory.directory.list(kind, scope)));
  }

  scopes(): Promise<{ scope: string; complete: boolean }[]> {
    return this.#transactions.read(({ directory }) => directory.scopes());
  }

  searchPatients(
    text: string, offset: number, limit: number, own?: ReadonlyMap<string, PatientSummary | null>,
  ): Promise<{ total: number; rows: PatientSummary[] }> {
    return this.#transactions.read(({ list }) => list.search(text, offset, limit, own));
  }

  async putFile(id: string, scope: string, bytes: Uint8Array): Promise<void> {
    await this.#transactions.change(async ({ directory }, generation) => {
      refuseEnded(directory, [{ scope }]);
      const { entry, writes } = await this.#files.write(generation, id, scope, bytes);
      return { result: undefined, change: { files: { [id]: entry }, touched: fileTouched(id) }, writes };
    });
  }

  file(id: string): Promise<Uint8Array | null> {
    return this.#transactions.read((memory) => this.#files.read(memory, id));
  }

  async dropFile(id: string): Promise<void> {
    await this.#transactions.change(async ({ files }) => {
      if (!files.has(id)) return { result: undefined };
      return { result: undefined, change: { files: { [id]: null }, touched: fileTouched(id) }, writes: [await this.#files.remove(id)] };
    });
  }

  note(key: string): Promise<unknown> {
    return this.#transactions.read(async (memory) => (await this.#rows.one<Note>(memory, "notes", key))?.value ?? null);
  }

  async putNote(key: string, value: unknown): Promise<void> {
    const note: Note = { key, value };
    await this.#transactions.change(async ({ directory }, generation) => {
      if (directory.namesEnded(key)) throw new ScopeEnded();
      return this.#plan(undefined, generation, [{ store: "notes", id: key, value: note }], { touched: { kinds: [], ids: [], outbox: false } });
    });
  }

  onChange(listener: (change: StoreChange) => void): () => void {
    return this.#transactions.onChange(listener);
  }

  /** Folds the log into a snapshot and gathers loose segments; happens by itself when there is reason to. */
  async compact(): Promise<void> {
    await this.#transactions.change((memory, generation) => planCompaction(this.#segments, memory, generation));
  }

  async close(): Promise<void> {
    this.#keys.close();
    await this.#compacting?.catch(() => undefined);
    this.#transactions.close();
    this.#rows.close();
    this.#segments.close();
  }

  /** Seals rows for the generation that will write them. Nothing to change: no plan. */
  async #plan<T>(result: T, generation: number, rows: RowChange[], change: Partial<Change>): Promise<Plan<T>> {
    if (rows.length === 0 && !change.fields) return { result };
    const made = await Promise.all(
      rows.map(async ({ store, id, value }) => {
        const written = value !== undefined;
        const { hash, write } = written ? await this.#rows.write(generation, store, id, value) : await this.#rows.remove(store, id);
        return { entry: [store, hash, written] as [RowStore, string, boolean], write };
      }),
    );
    const touched = change.touched ?? { kinds: [], ids: [], outbox: false };
    return { result, change: { ...change, rows: made.map(({ entry }) => entry), touched }, writes: made.map(({ write }): Write => write) };
  }

  /** A change after which the canary has to know how much is unsent. */
  async #outboxChange<T>(plan: (memory: Memory, generation: number) => Promise<Plan<T>>): Promise<T> {
    const result = await this.#transactions.change(plan);
    this.#noteCanary();
    this.#tidy();
    return result;
  }

  #noteCanary(): void {
    const { generation, rows } = this.#transactions.memory;
    // The canary is a help, not a promise: where it can't be written, nothing else suffers.
    void this.#canary?.write(this.id, { unsent: rows.outbox.size, generation }).catch(() => undefined);
  }

  /** @param settled the device has all there is: a good moment to fold even a shorter log */
  #tidy(settled = false): void {
    const { changes, entries } = this.#transactions.logged;
    const long = changes >= LONG_LOG || (settled && (changes >= LONG_LOG / 4 || entries >= LONG_LOG));
    if (!this.#compacts || this.#compacting || !long) return;
    this.#compacting = this.compact()
      .catch(() => undefined) // nothing was changed; the next change tries again
      .finally(() => {
        this.#compacting = null;
      });
  }
}

/** @throws ScopeEnded */
function refuseEnded(directory: Directory, written: readonly { scope: string }[]): void {
  if (written.some(({ scope }) => directory.hasEnded(scope))) throw new ScopeEnded();
}

function outboxRows(operations: readonly QueuedOperation[]): RowChange[] {
  return operations.map((queued) => ({ store: "outbox", id: queued.operation.op_id, value: queued }));
}

function touching(operations: readonly QueuedOperation[]): { touched: StoreChange } {
  const kinds = [...new Set(operations.map(({ operation }) => operation.kind))];
  return { touched: { kinds, ids: operations.map(({ operation }) => operation.id), outbox: true } };
}

function numberedUpTo({ identity }: Fields, queued: readonly QueuedOperation[]): { identity: DeviceIdentity } {
  return { identity: { ...identity, next_device_seq: identity.next_device_seq + queued.length } };
}

function bySaved(a: Draft, b: Draft): number {
  return a.saved_at < b.saved_at ? -1 : a.saved_at > b.saved_at ? 1 : 0;
}

function fileTouched(id: string): StoreChange {
  return { kinds: ["attachment"], ids: [id], outbox: false };
}
