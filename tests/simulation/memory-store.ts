/** The device's memory as plain maps: what the vault does sealed on disk, without seal or disk. Passes the same suite. */
import { SCHEMA_VERSION, type Entry, type Kind, type Operation, type Verdict } from "@quill/schemas";
import type {
  DecidedOperation, DeviceIdentity, Draft, OpenStore, OperationDraft, Page, PageOutcome, PatientSummary, QueuedOperation, StoreChange, StoredRecord,
} from "../../pwa/src/sync/ports.ts";

export interface MemoryOptions {
  organisation_id: string;
  user_id: string;
  newId: () => string;
}

interface HeldScope {
  complete: boolean;
  /** Serial of the entry that began its back-fill. */
  begun: number;
}

export class MemoryStore implements OpenStore {
  readonly id: string;
  readonly #options: MemoryOptions;
  #identity: DeviceIdentity;
  #cursor: string | null = null;
  #head = 0;
  /** Serial of the last entry stored: tells what came before a back-fill began. */
  #serial = 0;
  #bootstrapBegun: number | null = null;
  readonly #records = new Map<string, StoredRecord & { serial: number }>();
  readonly #scopes = new Map<string, HeldScope>();
  readonly #drafts = new Map<string, Draft>();
  #outbox: QueuedOperation[] = [];
  #decided: DecidedOperation[] = [];
  readonly #files = new Map<string, { scope: string; bytes: Uint8Array }>();
  readonly #notes = new Map<string, unknown>();
  readonly #listeners = new Set<(change: StoreChange) => void>();

  constructor(options: MemoryOptions) {
    this.#options = options;
    this.id = options.newId();
    const { organisation_id, user_id } = options;
    this.#identity = { device_id: options.newId(), replaces: [], organisation_id, user_id, epoch: null, next_device_seq: 1, audit_head: null };
  }

  async identity() {
    return structuredClone(this.#identity);
  }

  async renumber(deviceId: string) {
    const { device_id, replaces } = this.#identity;
    this.#outbox = this.#outbox.map((queued, index) => ({ ...queued, operation: { ...queued.operation, device_seq: index + 1 } }));
    this.#identity = { ...this.#identity, device_id: deviceId, replaces: [...replaces, device_id], next_device_seq: this.#outbox.length + 1 };
  }

  async rememberHello(fields: { epoch?: number; audit_head?: string }) {
    const { epoch, audit_head } = fields;
    this.#identity = { ...this.#identity, ...(epoch !== undefined && { epoch }), ...(audit_head !== undefined && { audit_head }) };
  }

  async cursor() {
    return this.#cursor;
  }

  async head() {
    return this.#head;
  }

  async storePage(askedWith: string | null, page: Page): Promise<PageOutcome> {
    if (this.#cursor !== askedWith) return "stale";
    const revoked = new Set(page.changes.flatMap((entry) => (entry.type === "revoke" ? [entry.scope] : [])));
    if ([...this.#outbox, ...this.#drafts.values()].some(({ scope }) => revoked.has(scope))) return "unsent";
    const change: StoreChange = { kinds: [], ids: [], outbox: revoked.size > 0 };
    for (const entry of page.changes) {
      this.#serial += 1;
      this.#take(entry, change);
    }
    this.#cursor = page.cursor;
    if (!page.more) this.#head = page.head;
    this.#tell(change);
    return "stored";
  }

  async dropCursor(askedWith: string) {
    if (this.#cursor === askedWith) this.#cursor = null;
  }

  async queue(drafts: OperationDraft[]) {
    const queued = drafts.map((draft) => this.#numbered(draft));
    this.#tell(changeOf(queued.map(({ operation }) => operation)));
    return structuredClone(queued);
  }

  async commitDrafts(ids: string[] | null, make: (draft: Draft) => OperationDraft | null) {
    const chosen = [...this.#drafts.values()].filter(({ id }) => ids === null || ids.includes(id));
    const queued = chosen.flatMap((draft) => {
      this.#drafts.delete(draft.id);
      const made = make(structuredClone(draft));
      return made ? [this.#numbered(made)] : [];
    });
    if (chosen.length > 0) this.#tell(changeOf(chosen));
    return structuredClone(queued);
  }

  async outbox(limit?: { count: number; bytes: number }) {
    const chosen: QueuedOperation[] = [];
    let bytes = 0;
    for (const queued of this.#outbox) {
      bytes += new TextEncoder().encode(JSON.stringify(queued.operation)).length + 1;
      if (limit && chosen.length > 0 && (chosen.length >= limit.count || bytes > limit.bytes)) break;
      chosen.push(queued);
    }
    return structuredClone(chosen);
  }

  async storeVerdicts(verdicts: Verdict[], at: string) {
    const by = new Map(verdicts.map((verdict) => [verdict.op_id, verdict]));
    const decided = this.#outbox.flatMap((queued) => {
      const verdict = by.get(queued.operation.op_id);
      return verdict ? [{ ...queued, verdict, decided_at: at }] : [];
    });
    this.#outbox = this.#outbox.filter(({ operation }) => !by.has(operation.op_id));
    this.#decided.push(...structuredClone(decided));
    if (decided.length > 0) this.#tell(changeOf(decided.map(({ operation }) => operation)));
  }

  async decided() {
    return structuredClone(this.#decided);
  }

  async forgetDecided(opIds: string[]) {
    const gone = this.#decided.filter(({ operation }) => opIds.includes(operation.op_id));
    this.#decided = this.#decided.filter(({ operation }) => !opIds.includes(operation.op_id));
    if (gone.length > 0) this.#tell(changeOf(gone.map(({ operation }) => operation)));
  }

  async saveDraft(draft: Draft) {
    this.#drafts.set(draft.id, structuredClone(draft));
    this.#tell(changeOf([draft]));
  }

  async drafts() {
    return structuredClone([...this.#drafts.values()]);
  }

  async dropDraft(id: string) {
    const draft = this.#drafts.get(id);
    this.#drafts.delete(id);
    if (draft) this.#tell(changeOf([draft]));
  }

  async record(id: string) {
    const held = this.#records.get(id);
    return held ? plain(held) : null;
  }

  async records(kind: Kind, scope?: string) {
    return [...this.#records.values()].filter((held) => held.kind === kind && (scope === undefined || held.scope === scope)).map(plain);
  }

  async scopes() {
    return [...this.#scopes].map(([scope, { complete }]) => ({ scope, complete }));
  }

  async putFile(id: string, scope: string, bytes: Uint8Array) {
    this.#files.set(id, { scope, bytes: bytes.slice() });
  }

  async file(id: string) {
    return this.#files.get(id)?.bytes.slice() ?? null;
  }

  async dropFile(id: string) {
    this.#files.delete(id);
  }

  async note(key: string) {
    return structuredClone(this.#notes.get(key) ?? null);
  }

  async putNote(key: string, value: unknown) {
    this.#notes.set(key, structuredClone(value));
  }

  onChange(listener: (change: StoreChange) => void) {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async searchPatients(text: string, offset: number, limit: number, own: ReadonlyMap<string, PatientSummary | null> = new Map()) {
    const pulled = [...this.#records.values()].filter(({ kind, id }) => kind === "patient" && !own.has(id)).map(summaryOf);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const found = [...pulled, ...[...own.values()].filter((row) => row !== null)]
      .filter((row) => words.every((word) => `${row.family} ${row.given} ${row.nhs_number ?? ""} ${row.birth_date}`.toLowerCase().split(" ").some((one) => one.startsWith(word))))
      .sort((a, b) => (`${a.family} ${a.given} ${a.id}` < `${b.family} ${b.given} ${b.id}` ? -1 : 1));
    return { total: found.length, rows: found.slice(offset, offset + limit) };
  }

  async close() {
    this.#listeners.clear();
  }

  #numbered(draft: OperationDraft): QueuedOperation {
    const { scope, ...said } = structuredClone(draft);
    const { epoch, next_device_seq } = this.#identity;
    const operation: Operation = {
      ...said, op_id: this.#options.newId(), device_seq: next_device_seq, schema: SCHEMA_VERSION, ...(epoch !== null && { base_epoch: epoch }),
    };
    this.#identity.next_device_seq += 1;
    const queued = { operation, scope };
    this.#outbox.push(queued);
    return queued;
  }

  #take(entry: Entry, change: StoreChange): void {
    switch (entry.type) {
      case "put": {
        const { seq, kind, id, scope, version, schema, by, at, body } = entry;
        this.#records.set(id, { seq, kind, id, scope, version, schema, by, at, body, serial: this.#serial });
        if (!this.#scopes.has(scope)) this.#scopes.set(scope, { complete: this.#bootstrapBegun === null, begun: this.#bootstrapBegun ?? this.#serial });
        note(change, entry);
        break;
      }
      case "delete":
        this.#records.delete(entry.id);
        note(change, entry);
        break;
      case "begin":
        if (entry.scope === undefined) {
          this.#bootstrapBegun = this.#serial;
          for (const held of this.#scopes.values()) Object.assign(held, { complete: false, begun: this.#serial });
        } else {
          this.#scopes.set(entry.scope, { complete: false, begun: this.#serial });
        }
        break;
      case "complete":
        if (entry.scope !== undefined) this.#completed(entry.scope, change);
        else {
          this.#bootstrapBegun = null;
          const named = entry.scopes ?? {};
          for (const scope of Object.keys(named)) if (!this.#scopes.has(scope)) this.#scopes.set(scope, { complete: true, begun: 0 });
          for (const scope of [...this.#scopes.keys()]) {
            if (scope in named) this.#completed(scope, change);
            else this.#drop(scope, change);
          }
        }
        break;
      case "revoke":
        this.#drop(entry.scope, change);
        break;
      case "reset":
        throw new Error("a reset is not stored: ask anew without a cursor");
    }
  }

  #completed(scope: string, change: StoreChange): void {
    const held = this.#scopes.get(scope);
    if (!held) return;
    for (const record of this.#records.values()) {
      if (record.scope !== scope || record.serial >= held.begun) continue;
      this.#records.delete(record.id);
      note(change, record);
    }
    held.complete = true;
  }

  #drop(scope: string, change: StoreChange): void {
    this.#scopes.delete(scope);
    for (const record of this.#records.values()) {
      if (record.scope !== scope) continue;
      this.#records.delete(record.id);
      note(change, record);
    }
    this.#decided = this.#decided.filter((decided) => decided.scope !== scope);
    for (const [id, file] of this.#files) if (file.scope === scope) this.#files.delete(id);
    change.outbox = true;
  }

  #tell(change: StoreChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function plain({ serial: _, ...record }: StoredRecord & { serial: number }): StoredRecord {
  return structuredClone(record);
}

function note(change: StoreChange, { kind, id }: { kind: Kind; id: string }): void {
  if (!change.kinds.includes(kind)) change.kinds.push(kind);
  change.ids.push(id);
}

function changeOf(subjects: { kind: Kind; id: string }[]): StoreChange {
  const change: StoreChange = { kinds: [], ids: [], outbox: true };
  for (const subject of subjects) note(change, subject);
  return change;
}

function summaryOf({ id, body }: StoredRecord): PatientSummary {
  const patient = body as { name: { family: string; given: string[] }; birth_date: string; sex: string; nhs_number?: string; deceased?: unknown };
  return {
    id, family: patient.name.family, given: patient.name.given.join(" "), birth_date: patient.birth_date, sex: patient.sex,
    deceased: Boolean(patient.deceased), ...(patient.nhs_number !== undefined && { nhs_number: patient.nhs_number }),
  };
}
