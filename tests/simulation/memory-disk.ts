/** What a device's memory holds, as plain maps that tests may look into: what the vault keeps sealed, without seal or disk. */
import type { CompleteEntry, Entry, Kind } from "@quill/schemas";
import type {
  DecidedOperation, DeviceIdentity, Draft, Page, PageOutcome, QueuedOperation, StoreChange, StoredRecord,
} from "../../pwa/src/sync/ports.ts";
import { ScopeEnded } from "../../pwa/src/vault/refusals.ts";

export interface Held extends StoredRecord {
  /** Of the entry that brought it: tells what came before a back-fill began. */
  serial: number;
}

interface HeldScope {
  complete: boolean;
  /** Serial of the entry that began its back-fill. */
  begun: number;
}

export class MemoryDisk {
  identity: DeviceIdentity;
  cursor: string | null = null;
  head = 0;
  readonly records = new Map<string, Held>();
  scopes = new Map<string, HeldScope>();
  /** Scopes that were held and aren't any more. */
  readonly ended = new Set<string>();
  readonly drafts = new Map<string, Draft>();
  outbox: QueuedOperation[] = [];
  decided: DecidedOperation[] = [];
  readonly files = new Map<string, { scope: string; bytes: Uint8Array }>();
  readonly notes = new Map<string, unknown>();
  readonly listeners = new Set<(change: StoreChange) => void>();
  #serial = 0;
  #bootstrapBegun: number | null = null;

  constructor(identity: Pick<DeviceIdentity, "device_id" | "organisation_id" | "user_id">) {
    this.identity = { ...identity, replaces: [], epoch: null, next_device_seq: 1, audit_head: null };
  }

  tell(change: StoreChange): void {
    for (const listener of [...this.listeners]) listener(change);
  }

  storePage(askedWith: string | null, page: Page): PageOutcome {
    if (this.cursor !== askedWith) return "stale";
    const ended = this.#endedBy(page.changes);
    if ([...this.outbox, ...this.drafts.values()].some(({ scope }) => ended.has(scope))) return "unsent";
    const change: StoreChange = { kinds: [], ids: [], outbox: ended.size > 0 };
    for (const entry of page.changes) {
      this.#serial += 1;
      this.#take(entry, change);
    }
    for (const scope of ended) this.#forget(scope);
    for (const scope of this.scopes.keys()) this.ended.delete(scope);
    this.cursor = page.cursor;
    if (!page.more) this.head = page.head;
    this.tell(change);
    return "stored";
  }

  /** Scopes that are gone after these entries, or were for a moment. */
  #endedBy(changes: readonly Entry[]): Set<string> {
    const ended = new Set<string>();
    const held = new Set(this.scopes.keys());
    for (const entry of changes) {
      if (entry.type === "put") held.add(entry.scope);
      else if (entry.type === "revoke") ended.add(entry.scope);
      else if (entry.type === "complete" && entry.scope === undefined) for (const scope of held) if (!(scope in (entry.scopes ?? {}))) ended.add(scope);
    }
    return ended;
  }

  #take(entry: Entry, change: StoreChange): void {
    switch (entry.type) {
      case "put": {
        const { seq, kind, id, scope, version, schema, by, at, parallel, body } = entry;
        this.records.set(id, frozen({ seq, kind, id, scope, version, schema, by, at, ...(parallel && { parallel }), body, serial: this.#serial }));
        if (!this.scopes.has(scope)) this.scopes.set(scope, { complete: this.#bootstrapBegun === null, begun: this.#bootstrapBegun ?? this.#serial });
        touch(change, entry);
        break;
      }
      case "delete":
        this.records.delete(entry.id);
        touch(change, entry);
        break;
      case "begin":
        if (entry.scope !== undefined) this.scopes.set(entry.scope, { complete: false, begun: this.#serial });
        else {
          this.#bootstrapBegun = this.#serial;
          for (const scope of this.scopes.keys()) this.scopes.set(scope, { complete: false, begun: this.#serial });
        }
        break;
      case "complete":
        this.#complete(entry, change);
        break;
      case "revoke":
        this.#dropScope(entry.scope, change);
        break;
      case "reset":
        throw new Error("a reset is not stored: ask anew without a cursor");
    }
  }

  #complete({ scope, scopes = {} }: CompleteEntry, change: StoreChange): void {
    if (scope !== undefined) return this.#completed(scope, change);
    this.#bootstrapBegun = null;
    for (const named of Object.keys(scopes)) if (!this.scopes.has(named)) this.scopes.set(named, { complete: true, begun: 0 });
    for (const held of [...this.scopes.keys()]) {
      if (held in scopes) this.#completed(held, change);
      else this.#dropScope(held, change);
    }
  }

  #completed(scope: string, change: StoreChange): void {
    const held = this.scopes.get(scope);
    if (!held) return;
    for (const record of this.records.values()) if (record.scope === scope && record.serial < held.begun) this.#dropRecord(record, change);
    held.complete = true;
  }

  #dropScope(scope: string, change: StoreChange): void {
    this.scopes.delete(scope);
    for (const record of this.records.values()) if (record.scope === scope) this.#dropRecord(record, change);
  }

  #dropRecord(record: Held, change: StoreChange): void {
    this.records.delete(record.id);
    touch(change, record);
  }

  /** @throws ScopeEnded */
  refuseEnded(written: readonly { scope: string }[]): void {
    if (written.some(({ scope }) => this.ended.has(scope))) throw new ScopeEnded();
  }

  #forget(scope: string): void {
    this.ended.add(scope);
    this.decided = this.decided.filter((one) => one.scope !== scope);
    for (const [id, file] of this.files) if (file.scope === scope) this.files.delete(id);
    for (const key of this.notes.keys()) if (key.includes(scope)) this.notes.delete(key);
  }
}

export function touch(change: StoreChange, { kind, id }: { kind: Kind; id: string }): void {
  if (!change.kinds.includes(kind)) change.kinds.push(kind);
  change.ids.push(id);
}

/** A copy that nobody can change: a reader that writes into what it was given is found out. */
export function frozen<T>(value: T): T {
  const freeze = (one: unknown): void => {
    if (typeof one !== "object" || one === null || ArrayBuffer.isView(one)) return;
    Object.freeze(one);
    for (const inner of Object.values(one)) freeze(inner);
  };
  const copy = structuredClone(value);
  freeze(copy);
  return copy;
}
