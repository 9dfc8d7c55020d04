/** A tab's hold on a device's memory: a `DeviceStore` that passes the same suite as the vault. Several may share one disk. */
import { SCHEMA_VERSION, type Kind, type Operation, type Verdict } from "@quill/schemas";
import type { Draft, DraftOutcome, OpenStore, OperationDraft, Page, PatientSummary, QueuedOperation, StoreChange } from "../../pwa/src/sync/ports.ts";
import { summaryOf } from "../../pwa/src/sync/questions.ts";
import { frozen, touch, type Held, type MemoryDisk } from "./memory-disk.ts";

/* eslint-disable @typescript-eslint/require-await -- every method is a transaction that never waits */
export class MemoryStore implements OpenStore {
  readonly id: string;
  readonly #disk: MemoryDisk;
  readonly #newId: () => string;
  readonly #stops = new Set<() => void>();

  constructor(id: string, disk: MemoryDisk, newId: () => string) {
    this.id = id;
    this.#disk = disk;
    this.#newId = newId;
  }

  async identity() {
    return frozen(this.#disk.identity);
  }

  async renumber(deviceId: string) {
    const disk = this.#disk;
    const { device_id, replaces } = disk.identity;
    disk.outbox = disk.outbox.map((queued, index) => frozen({ ...queued, operation: { ...queued.operation, device_seq: index + 1 } }));
    const decided = inOrder(disk.decided);
    disk.decided = decided.map((one, index) => frozen({ ...one, operation: { ...one.operation, device_seq: index + 1 - decided.length } }));
    disk.identity = { ...disk.identity, device_id: deviceId, replaces: [...replaces, device_id], next_device_seq: disk.outbox.length + 1 };
    disk.tell(changeOf(disk.outbox.map(({ operation }) => operation)));
  }

  async rememberHello({ epoch, audit_head }: { epoch?: number; audit_head?: string }) {
    const { identity } = this.#disk;
    this.#disk.identity = { ...identity, ...(epoch !== undefined && { epoch }), ...(audit_head !== undefined && { audit_head }) };
  }

  async cursor() {
    return this.#disk.cursor;
  }

  async head() {
    return this.#disk.head;
  }

  async storePage(askedWith: string | null, page: Page) {
    return this.#disk.storePage(askedWith, page);
  }

  async dropCursor(askedWith: string) {
    if (this.#disk.cursor === askedWith) this.#disk.cursor = null;
  }

  async queue(drafts: OperationDraft[]) {
    this.#disk.refuseEnded(drafts);
    const queued = drafts.map((draft) => this.#numbered(draft));
    if (queued.length > 0) this.#disk.tell(changeOf(drafts));
    return queued;
  }

  async commitDrafts(ids: string[] | null, make: (draft: Draft) => OperationDraft | null) {
    const chosen = [...this.#disk.drafts.values()].filter(({ id }) => ids === null || ids.includes(id));
    const queued = chosen.flatMap((draft) => {
      this.#disk.drafts.delete(draft.id);
      const made = make(draft);
      return made ? [this.#numbered(made)] : [];
    });
    if (chosen.length > 0) this.#disk.tell(changeOf(chosen));
    return queued;
  }

  async outbox(limit?: { count: number; bytes: number }) {
    if (!limit) return [...this.#disk.outbox];
    const chosen: QueuedOperation[] = [];
    let bytes = 0;
    for (const queued of this.#disk.outbox) {
      bytes += new TextEncoder().encode(JSON.stringify(queued.operation)).length + 1;
      if (chosen.length > 0 && (chosen.length >= limit.count || bytes > limit.bytes)) break;
      chosen.push(queued);
    }
    return chosen;
  }

  async storeVerdicts(verdicts: Verdict[], at: string) {
    const disk = this.#disk;
    const verdictOf = new Map(verdicts.map((verdict) => [verdict.op_id, verdict]));
    const decided = disk.outbox.flatMap((queued) => {
      const verdict = verdictOf.get(queued.operation.op_id);
      return verdict ? [frozen({ ...queued, verdict, decided_at: at })] : [];
    });
    disk.outbox = disk.outbox.filter(({ operation }) => !verdictOf.has(operation.op_id));
    disk.decided.push(...decided);
    if (decided.length > 0) disk.tell(changeOf(decided.map(({ operation }) => operation)));
  }

  async decided() {
    return inOrder(this.#disk.decided);
  }

  async forgetDecided(opIds: string[]) {
    const gone = this.#disk.decided.filter(({ operation }) => opIds.includes(operation.op_id));
    this.#disk.decided = this.#disk.decided.filter((one) => !gone.includes(one));
    if (gone.length > 0) this.#disk.tell(changeOf(gone.map(({ operation }) => operation)));
  }

  async saveDraft(draft: Draft, over?: Draft | null): Promise<DraftOutcome> {
    this.#disk.refuseEnded([draft]);
    if (over !== undefined && JSON.stringify(this.#disk.drafts.get(draft.id) ?? null) !== JSON.stringify(over)) return "stale";
    this.#disk.drafts.set(draft.id, frozen(draft));
    this.#disk.tell(changeOf([draft]));
    return "saved";
  }

  async drafts() {
    return [...this.#disk.drafts.values()];
  }

  async dropDraft(id: string) {
    const draft = this.#disk.drafts.get(id);
    this.#disk.drafts.delete(id);
    if (draft) this.#disk.tell(changeOf([draft]));
  }

  async record(id: string) {
    const held = this.#disk.records.get(id);
    return held ? withoutSerial(held) : null;
  }

  async records(kind: Kind, scope?: string) {
    return [...this.#disk.records.values()].filter((held) => held.kind === kind && (scope === undefined || held.scope === scope)).map(withoutSerial);
  }

  async scopes() {
    return [...this.#disk.scopes].map(([scope, { complete }]) => ({ scope, complete }));
  }

  async putFile(id: string, scope: string, bytes: Uint8Array) {
    this.#disk.refuseEnded([{ scope }]);
    this.#disk.files.set(id, { scope, bytes: bytes.slice() });
  }

  async file(id: string) {
    return this.#disk.files.get(id)?.bytes.slice() ?? null;
  }

  async dropFile(id: string) {
    this.#disk.files.delete(id);
  }

  async note(key: string) {
    return this.#disk.notes.get(key) ?? null;
  }

  async putNote(key: string, value: unknown) {
    this.#disk.refuseEnded([...this.#disk.ended].filter((scope) => key.includes(scope)).map((scope) => ({ scope })));
    this.#disk.notes.set(key, frozen(value));
  }

  onChange(listener: (change: StoreChange) => void) {
    const stop = () => {
      this.#disk.listeners.delete(listener);
      this.#stops.delete(stop);
    };
    this.#disk.listeners.add(listener);
    this.#stops.add(stop);
    return stop;
  }

  async searchPatients(text: string, offset: number, limit: number, own: ReadonlyMap<string, PatientSummary | null> = new Map()) {
    const pulled = [...this.#disk.records.values()].filter(({ kind, id }) => kind === "patient" && !own.has(id));
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...pulled.map(({ id, body }) => summaryOf(id, body as Parameters<typeof summaryOf>[1])), ...[...own.values()].filter((row) => row !== null)]
      .filter((row) => words.every((word) => wordsOf(row).some((one) => one.startsWith(word))))
      .sort((a, b) => (`${a.family} ${a.given} ${a.id}` < `${b.family} ${b.given} ${b.id}` ? -1 : 1));
    return { total: found.length, rows: found.slice(offset, offset + limit) };
  }

  async close() {
    for (const stop of [...this.#stops]) stop();
  }

  #numbered({ scope, ...said }: OperationDraft): QueuedOperation {
    const { identity } = this.#disk;
    const { epoch, next_device_seq } = identity;
    const numbers = { op_id: this.#newId(), device_seq: next_device_seq, schema: SCHEMA_VERSION, ...(epoch !== null && { base_epoch: epoch }) };
    const operation = { ...said, ...numbers } as Operation;
    this.#disk.identity = { ...identity, next_device_seq: next_device_seq + 1 };
    const queued = frozen({ operation, scope });
    this.#disk.outbox.push(queued);
    return queued;
  }
}

function inOrder<T extends QueuedOperation>(operations: readonly T[]): T[] {
  return [...operations].sort((a, b) => a.operation.device_seq - b.operation.device_seq);
}

function withoutSerial({ serial: _, ...record }: Held) {
  return record;
}

function changeOf(subjects: { kind: Kind; id: string }[]): StoreChange {
  const change: StoreChange = { kinds: [], ids: [], outbox: true };
  for (const subject of subjects) touch(change, subject);
  return change;
}

function wordsOf({ family, given, nhs_number = "", birth_date }: PatientSummary): string[] {
  return `${family} ${given} ${nhs_number} ${birth_date}`.toLowerCase().split(" ");
}
