/** Reading own work and records so that nothing flickers, and keeping what was read until the store says it changed. */
import type { Kind } from "@quill/schemas";
import type { DeviceStore, StoredRecord } from "./ports.ts";
import { isPending, viewOf, type OwnOperation, type OwnWork, type Pulled, type View } from "./view.ts";

/**
 * The order matters: work moves from drafts to outbox to decided, and then into a pulled record. Read in that order, what
 * moves meanwhile is seen twice at worst (the view counts it once), never not at all.
 */
async function readOwnWork(store: DeviceStore): Promise<OwnWork> {
  const { user_id } = await store.identity();
  const drafts = await store.drafts();
  const unsent = await store.outbox();
  const decided = await store.decided();
  const head = await store.head();
  const byId = new Map<string, OwnOperation>(unsent.map((queued) => [queued.operation.op_id, queued]));
  for (const one of decided) byId.set(one.operation.op_id, one);
  const operations = [...byId.values()].sort((a, b) => a.operation.device_seq - b.operation.device_seq);
  return { drafts, operations, head, user_id };
}

/** Records of a kind as lists need them, kept in memory and read anew one by one as they change. */
interface Kept {
  records: Promise<Map<string, StoredRecord>>;
  stale: Set<string>;
}

export class Views {
  readonly #store: DeviceStore;
  #work: Promise<OwnWork> | null = null;
  readonly #kept = new Map<Kind, Kept>();
  readonly #stop: () => void;

  constructor(store: DeviceStore) {
    this.#store = store;
    this.#stop = store.onChange(({ kinds, ids }) => {
      this.#work = null;
      for (const kind of kinds) {
        if (ids.length === 0) this.#kept.delete(kind);
        else for (const id of ids) this.#kept.get(kind)?.stale.add(id);
      }
    });
  }

  close(): void {
    this.#stop();
  }

  work(): Promise<OwnWork> {
    this.#work ??= readOwnWork(this.#store);
    return this.#work;
  }

  async view(id: string): Promise<View | null> {
    const work = await this.work();
    const conflicts = await this.#conflictsOf(work.operations.filter(({ operation }) => operation.id === id));
    return viewOf(id, await this.#store.record(id), work, conflicts);
  }

  /** Every record of a kind (within a scope) as this person sees it, in no order. Without a scope letters have no sections. */
  async views(kind: Kind, scope?: string): Promise<View[]> {
    const work = await this.work();
    const own = work.operations.filter(({ operation }) => operation.kind === kind);
    const conflicts = await this.#conflictsOf(own);
    const records = scope === undefined ? await this.#all(kind) : byId(await this.#store.records(kind, scope));
    const ids = new Set(records.keys());
    for (const { operation, scope: of } of own) if (scope === undefined || of === scope) ids.add(operation.id);
    for (const draft of work.drafts) if (draft.kind === kind && (scope === undefined || draft.scope === scope)) ids.add(draft.id);
    return [...ids].flatMap((id) => viewOf(id, records.get(id) ?? null, work, conflicts) ?? []);
  }

  async #all(kind: Kind): Promise<Map<string, StoredRecord>> {
    let kept = this.#kept.get(kind);
    if (!kept) {
      kept = { records: this.#store.records(kind).then((records) => byId(records.map(slim))), stale: new Set() };
      this.#kept.set(kind, kept);
    }
    const records = await kept.records;
    for (const id of [...kept.stale]) {
      kept.stale.delete(id);
      const record = await this.#store.record(id);
      if (record?.kind === kind) records.set(id, slim(record));
      else records.delete(id);
    }
    return records;
  }

  /** Own operations that no pulled record shows yet. */
  async pending(operation: OwnOperation): Promise<boolean> {
    const { head } = await this.work();
    return isPending(operation, await this.#store.record(operation.operation.id), head, await this.#conflictsOf([operation]));
  }

  async #conflictsOf(operations: OwnOperation[]): Promise<Pulled> {
    const ids = new Set(operations.flatMap(({ verdict }) => (verdict?.outcome === "conflict" ? (verdict.conflict_id ?? []) : [])));
    const pulled = new Map<string, StoredRecord | null>();
    for (const id of ids) pulled.set(id, await this.#store.record(id));
    return (id) => pulled.get(id) ?? null;
  }
}

function byId(records: StoredRecord[]): Map<string, StoredRecord> {
  return new Map(records.map((record) => [record.id, record]));
}

/** Lists of all letters show no text: twenty thousand letters would not fit. */
function slim(record: StoredRecord): StoredRecord {
  return record.kind === "letter" ? { ...record, body: { ...(record.body as object), sections: {} } } : record;
}
