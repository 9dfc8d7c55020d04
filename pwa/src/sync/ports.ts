/**
 * What the sync engine needs from the world. Everything here is injected, so that the same engine runs in the
 * device worker (vault, fetch, Web Locks) and in Node in a simulated world.
 */
import type { Entry, ErrorDetail, Operation, OperationAction, Kind, Parallel, Verdict } from "@quill/schemas";

export interface Clock {
  /** Milliseconds since the Unix epoch, by this device. Never decides anything; it is kept beside the measured offset. */
  now(): number;
  /** Calls `task` once after `delay` ms; the answer cancels it. */
  after(delay: number, task: () => void): () => void;
}

export interface Leadership {
  /**
   * Says that this tab is awake, and answers whether it still leads. Asked before each request: a tab that slept finds
   * that another took over (or may have), and stops. False once means false for ever; lead again then.
   */
  beat(): boolean;
}

export interface Locks {
  /**
   * Runs `task` while this tab leads the vault's syncing; waits its turn until `signal` aborts. A leader that no longer
   * beats is replaced after a time-out. Leading only saves work: a page stored by a former leader is refused by the
   * cursor check of `DeviceStore.storePage`, an operation sent twice is one operation.
   */
  lead(name: string, task: (leadership: Leadership) => Promise<void>, signal: AbortSignal): Promise<void>;
  /** One `task` of this name at a time over all tabs; a holder that sleeps is passed over after a time-out. */
  exclusive<T>(name: string, task: () => Promise<T>): Promise<T>;
}

export type Answer =
  | { kind: "ok"; status: number; bytes: Uint8Array; headers: Record<string, string> }
  /** A refusal in the contract's error shape. */
  | { kind: "error"; status: number; error: ErrorDetail; retryAfterMs?: number }
  /** No answer, a captive portal's page, a proxy's page: the server was not reached. What was sent may still have arrived. */
  | { kind: "unreachable"; reason: string; retryAfterMs?: number };

export interface NetworkRequest {
  method: "GET" | "POST" | "PUT";
  /** Path under the server's origin (`/api/sync/push`), or the absolute URL of an upload part. */
  path: string;
  json?: unknown;
  body?: Uint8Array;
  headers?: Record<string, string>;
  /** What a good answer is; anything but JSON where JSON is expected did not come from our server. Default: json. */
  expect?: "json" | "bytes";
  timeoutMs?: number;
}

export interface Network {
  /** Never rejects: what went wrong is a value. */
  request(request: NetworkRequest): Promise<Answer>;
  /** Opens the live socket with the ticket that `ticket` asks for (null: none was given); `onHead` for each poke, `onClose` once. */
  live(ticket: () => Promise<string | null>, onHead: (head: number) => void, onClose: (reason: string) => void): { close(): void };
}

/** An operation as a screen makes it; the store gives `op_id`, `device_seq` and `base_epoch` in the transaction that queues it. */
export interface OperationDraft {
  kind: Kind;
  id: string;
  action: OperationAction;
  base_version: number;
  set?: Record<string, unknown>;
  was?: Record<string, unknown>;
  depends_on?: string[];
  seen?: Operation["seen"];
  seen_sha256?: string;
  on_behalf_of?: string;
  reason?: string;
  made_at: string;
  /** The scope the operation's record has or will have (`patient:<id>`, `team:<id>`, `user:<id>`, `org`). */
  scope: string;
}

export interface QueuedOperation {
  operation: Operation;
  scope: string;
}

/** An operation the server decided, kept until the pulled record has caught up (`sync-protocol`, Clients). */
export interface DecidedOperation extends QueuedOperation {
  verdict: Verdict;
  decided_at: string;
}

export interface StoredRecord {
  kind: Kind;
  id: string;
  scope: string;
  version: number;
  schema: number;
  seq: number;
  by?: string;
  at?: string;
  /** The last versions merged beside others, oldest first. */
  parallel?: Parallel[];
  body: unknown;
}

/** One answer of `GET /api/sync/changes`: the bytes as they came (to be sealed as they are) and what they say. */
export interface Page {
  bytes: Uint8Array;
  changes: Entry[];
  cursor: string;
  more: boolean;
  head: number;
}

export type PageOutcome =
  | "stored"
  /** Another tab stored a page meanwhile: the stored cursor is not the one this page was asked with. */
  | "stale"
  /** The page holds a revoke and operations of that scope are unsent: push first. */
  | "unsent";

export type DraftOutcome =
  | "saved"
  /** The draft is no longer the one this was folded from: another tab typed, or it became an operation. Nothing was stored. */
  | "stale";

export interface DeviceIdentity {
  device_id: string;
  replaces: string[];
  organisation_id: string;
  user_id: string;
  epoch: number | null;
  next_device_seq: number;
  audit_head: string | null;
}

export interface Draft {
  /** Record the draft changes; a draft of a record not created yet carries `create: true`. */
  kind: Kind;
  id: string;
  scope: string;
  create: boolean;
  base_version: number;
  set: Record<string, unknown>;
  was: Record<string, unknown>;
  seen?: Operation["seen"];
  depends_on: string[];
  on_behalf_of?: string;
  /** ISO time of the last edit, by this device. */
  saved_at: string;
}

/** What a line of the patient list is made of: from the vault's packed list, without opening the record. */
export interface PatientSummary {
  id: string;
  family: string;
  given: string;
  birth_date: string;
  sex: string;
  nhs_number?: string;
  mrn?: string;
  deceased: boolean;
}

/**
 * The device's memory. Each method is one transaction: it happens whole or not at all, and what it acknowledges is on disk.
 * Implemented by the vault (sealed, IndexedDB) and by a plain memory store in the simulation; one conformance suite runs on both.
 * What it answers is for reading: whoever wants it otherwise makes another.
 */
export interface DeviceStore {
  identity(): Promise<DeviceIdentity>;
  /** After 409 `device_seq_reused`: a new device id, the old one in `replaces`, the outbox renumbered from 1, what was decided before it up to 0. */
  renumber(deviceId: string): Promise<void>;
  rememberHello(fields: { epoch?: number; audit_head?: string; journal_days?: number }): Promise<void>;

  cursor(): Promise<string | null>;
  /** Head of the last page with `more: false`: everything up to it is here. 0 before the first. */
  head(): Promise<number>;
  /**
   * Stores page, cursor and purges in one transaction, if the stored cursor is still `askedWith`. At `complete` what the
   * scope held from before `begin` is dropped. A `revoke`, and a bootstrap's `complete` for every scope it doesn't name,
   * ends a scope: its records, files, decided operations and the notes that name it go; while operations or drafts of
   * such a scope are unsent nothing of the page is stored and the answer is `unsent`.
   */
  storePage(askedWith: string | null, page: Page): Promise<PageOutcome>;
  /** Forgets the cursor if it is still `askedWith`, and nothing else: the next page asked for is a bootstrap's first. */
  dropCursor(askedWith: string): Promise<void>;

  /**
   * Gives op ids and numbers, stores in the order given, durably (strict), then answers.
   * @throws ScopeEnded, as do `saveDraft` and `putFile`: nothing more of a scope that ended is stored
   */
  queue(drafts: OperationDraft[]): Promise<QueuedOperation[]>;
  /**
   * The same for drafts that exist (ids of their records; null: all): they leave the drafts and enter the outbox in one
   * transaction. `make` is pure and says what operation a draft becomes; null: none, the draft is just dropped.
   */
  commitDrafts(ids: string[] | null, make: (draft: Draft) => OperationDraft | null): Promise<QueuedOperation[]>;
  /** Unsent and unacknowledged operations, oldest first. */
  outbox(limit?: { count: number; bytes: number }): Promise<QueuedOperation[]>;
  /** Takes each named operation out of the outbox and keeps it as decided. */
  storeVerdicts(verdicts: Verdict[], at: string): Promise<void>;
  decided(): Promise<DecidedOperation[]>;
  /** Drops decided operations: dismissed by the person (refused), or long caught up with by the pull. */
  forgetDecided(opIds: string[]): Promise<void>;

  /** @param over the draft this was folded from (null: there was none); absent: whatever is there */
  saveDraft(draft: Draft, over?: Draft | null): Promise<DraftOutcome>;
  drafts(): Promise<Draft[]>;
  dropDraft(id: string): Promise<void>;

  record(id: string): Promise<StoredRecord | null>;
  /** All records of a kind, or of a kind within a scope. */
  records(kind: Kind, scope?: string): Promise<StoredRecord[]>;
  /** Scopes the device holds; `complete: false` while a back-fill runs. */
  scopes(): Promise<{ scope: string; complete: boolean }[]>;

  /** Files by attachment id, sealed; kept until `clean` is pulled. */
  putFile(id: string, scope: string, bytes: Uint8Array): Promise<void>;
  file(id: string): Promise<Uint8Array | null>;
  dropFile(id: string): Promise<void>;

  /** Small values beside the records (last sync time, dismissed notes), sealed. */
  note(key: string): Promise<unknown>;
  /** @throws ScopeEnded where the key names a scope that ended */
  putNote(key: string, value: unknown): Promise<void>;

  /** Called after every change this tab or another made to the store. */
  onChange(listener: (change: StoreChange) => void): () => void;
}

export interface StoreChange {
  /** Kinds and ids of records that may look different now (by page, draft, operation or verdict); no ids: any of these kinds. */
  kinds: Kind[];
  ids: string[];
  /** Drafts, outbox or decided operations changed. */
  outbox: boolean;
}

/** A vault that was opened with its key; `vault/index.ts`. */
export interface OpenStore extends DeviceStore {
  /** The vault's name on this device. */
  readonly id: string;
  /**
   * Patients of whom every word of `text` begins a name, number or birth date (all for an empty one), in the list's order.
   * `own`: work of this device not yet on the server, shown instead of the pulled row (null: hidden).
   */
  searchPatients(
    text: string, offset: number, limit: number, own?: ReadonlyMap<string, PatientSummary | null>,
  ): Promise<{ total: number; rows: PatientSummary[] }>;
  /** Forgets the keys; no method works afterwards. */
  close(): Promise<void>;
}

/** What the lock screen knows of a vault without its key. */
export interface ClosedVault {
  vault: string;
  initials: string;
  colour: string;
  /** Operations in its outbox. */
  unsent: number;
}

/** The vaults of this device; `vault/index.ts`. */
export interface Vaults {
  list(): Promise<ClosedVault[]>;
  /** Those of one person: normally one; a second where the first can't be opened any more. */
  of(organisation_id: string, user_id: string): Promise<ClosedVault[]>;
  create(chosen: { organisation_id: string; user_id: string; initials: string; colour: string; password: string }): Promise<OpenStore>;
  unlock(vault: string, password: string): Promise<OpenStore | "wrong-password" | "damaged">;
  /** Unsent operations in vaults the browser threw away; null: none was lost. */
  lost(): Promise<{ unsent: number } | null>;
}

/** Says things to the other tabs of this browser profile. */
export interface Tabs {
  post(message: TabMessage): void;
  listen(listener: (message: TabMessage) => void): () => void;
}

export type TabMessage =
  /** Someone signed in on this profile: what was refused for want of a session may be tried again. */
  | { type: "signed-in" }
  /** Look at the server now. */
  | { type: "look"; vault: string }
  /** The leader of a vault says how its syncing stands; `ask` makes it say so. */
  | { type: "ask"; vault: string }
  | { type: "engine"; vault: string; status: { network: "online" | "offline" | "sending"; signInNeeded: boolean; updateNeeded: boolean; troubled: boolean; stored: number } };
