/**
 * The device as the screens see it: plain questions and plain answers, across the worker's border.
 * Nothing here is a key, a cursor or an operation's number.
 */
import type { Attachment, Conflict, ErrorDetail, Kind, Letter, Message, Patient, Person, Team, Verdict } from "@quill/schemas";
import type { PatientSummary } from "./ports.ts";

/** Where one's own work stands; the words of the screens are made from these (`app.md`). */
export type WorkState = "on-device" | "on-server" | "in-record" | "read" | "needs-review" | "refused";

export interface VaultCard {
  vault: string;
  initials: string;
  colour: string;
  /** Operations in the outbox; readable without the key. */
  unsent: number;
  current: boolean;
}

export type Phase =
  | { phase: "empty" } // no vault on this device: sign in online
  | { phase: "locked"; vaults: VaultCard[]; storageLost?: { unsent: number } }
  | { phase: "open"; who: Who };

export interface Who {
  user_id: string;
  username: string;
  name: string;
  roles: string[];
  organisation_id: string;
  organisation_name?: string;
  team_ids: string[];
}

export interface SyncStatus {
  network: "online" | "offline" | "sending";
  /** Operations, drafts and files that the server has not got whole. */
  waiting: number;
  needsReview: number;
  refused: number;
  /** First sync: records stored so far; null once complete. */
  loading: { stored: number; expected: number | null } | null;
  lastSync: string | null;
  /** The server's session has ended: reading and writing go on, sending needs a sign-in. */
  signInNeeded: boolean;
  /** This version of the app is too old for the server: reading and writing go on, sending needs the update. */
  updateNeeded: boolean;
  /** The server answers, but can't do its work at the moment. */
  troubled: boolean;
}

export type SignInResult =
  | { ok: true; vault?: string }
  | { ok: false; error: ErrorDetail }; // `two_factor_required`, `invalid_totp`, `invalid_credentials`, `unreachable`, …

export interface PatientRow extends PatientSummary {
  openConflicts: number;
}

/** Enough to say whom a line of a list is about. */
export interface PatientName {
  family: string;
  given: string;
}

/**
 * What was on the screen when the person wrote or decided: the view's `version`, and the values of the fields before the
 * edit, or the letter as it was drawn. A page stored while someone types must not pass for something they have seen;
 * without it the view last answered counts.
 */
export interface Shown {
  version: number;
  was?: Record<string, unknown>;
  letter?: Letter;
}

export interface PatientView {
  id: string;
  version: number;
  patient: Patient;
  /** When the server's version was stored on this device (ISO). */
  as_of: string;
  complete: boolean;
  states: WorkState[];
  letters: LetterRow[];
  messages: MessageView[];
  attachments: AttachmentView[];
  conflicts: ConflictRow[];
}

export interface LetterRow {
  id: string;
  patient_id: string;
  patient: PatientName | null;
  title: string;
  state: Letter["state"];
  author_id: string;
  /** The author's name. */
  author: string;
  changed_at: string;
  work: WorkState | null;
  signatureWaiting: boolean;
  openConflicts: number;
}

export interface LetterView {
  id: string;
  version: number;
  letter: Letter;
  /** The server's version under own work, when the two differ. */
  server: Letter | null;
  draft: boolean;
  saved_at: string | null;
  work: WorkState | null;
  signatureWaiting: boolean;
  /** Per heading: what happened there that the writer should know. */
  marks: Record<string, ("parallel" | "under-review" | "changed-below")[]>;
  history: Verdict[];
  conflicts: ConflictRow[];
  as_of: string | null;
  patient: PatientRow | null;
}

export interface MessageView {
  id: string;
  message: Message;
  patient: PatientName | null;
  by: string;
  by_name: string;
  at: string;
  work: WorkState | null;
}

export interface AttachmentView {
  id: string;
  attachment: Attachment;
  work: WorkState | null;
  upload: { sent: number; parts: number } | null;
  onDevice: boolean;
}

export interface ConflictRow {
  id: string;
  version: number;
  title: string;
  kind: Kind;
  record_id: string;
  reason: string;
  severity: string;
  status: string;
  /** This person's decision, which waits on this device or is not pulled yet. */
  decided: boolean;
  decision: Decision | null;
  at: string;
  /** The name of whose change is under review. */
  mine_by: string;
  patient_id?: string;
  patient: PatientName | null;
}

/** How a review ended. */
export interface Decision {
  by: string;
  at: string;
  note: string;
}

export interface ConflictView extends ConflictRow {
  conflict: Conflict;
  names: Record<string, string>;
  mayChoose: boolean;
  mayCompose: boolean;
  /** To its author; nobody gives a review back to themselves. */
  mayReturn: boolean;
  work: WorkState | null;
}

export interface ConflictChoice {
  choices: Record<string, { take: "theirs" | "mine" | "text"; value?: unknown }>;
  note: string;
  amendment_reason?: string;
}

export interface OutboxRow {
  op_id: string;
  kind: Kind;
  id: string;
  title: string;
  /** Whom it is about; null for what is about nobody, or someone no longer here. */
  patient: PatientName | null;
  patient_id?: string;
  what: string;
  made_at: string;
  state: WorkState;
  verdict?: Verdict;
  /** It needed review, and this came of it. */
  decision?: Decision;
}

/** Work withheld because its author may no longer write there; the server keeps it until someone there decides. */
export interface KeptRow {
  id: string;
  state: "open" | "released" | "discarded";
  /** This person's own. Of that they are told no more than what became of it: the rest is about people they may not see. */
  own: boolean;
  by: string;
  at: string;
  what: string;
  text: string;
  patient: PatientName | null;
  patient_id?: string;
  mayRelease: boolean;
  /** This person's decision, which waits on this device or is not pulled yet. */
  decided: boolean;
}

/** A file on its way to the server. */
export interface UploadRow {
  id: string;
  patient_id: string;
  name: string;
  sent: number;
  parts: number;
}

export interface SyncPage {
  status: SyncStatus;
  waiting: OutboxRow[];
  uploads: UploadRow[];
  decided: OutboxRow[];
  failed: OutboxRow[];
  storage: { persisted: boolean; quota: number; usage: number };
  /** `ready: 14, of: 14, at` : scopes held whole. */
  offline: { ready: number; of: number; at: string | null };
  device_id: string;
}

export type DeviceEvent =
  | { type: "phase"; phase: Phase }
  | { type: "status"; status: SyncStatus }
  | { type: "changed"; kinds: Kind[]; ids: string[] };

export interface Device {
  phase(): Promise<Phase>;
  status(): Promise<SyncStatus>;
  signIn(credentials: { username: string; password: string; totp_code?: string }): Promise<SignInResult>;
  unlock(vault: string, password: string): Promise<SignInResult>;
  /** Seals what is being typed, ends the worker, tells the other tabs. */
  lock(): Promise<void>;
  signOut(): Promise<{ ok: true } | { ok: false; unsent: number }>;

  who(): Promise<Who>;
  patients(query: { text: string; offset: number; limit: number }): Promise<{ total: number; rows: PatientRow[]; complete: boolean }>;
  patient(id: string): Promise<PatientView | null>;
  letters(query?: { patient_id?: string }): Promise<LetterRow[]>;
  letter(id: string): Promise<LetterView | null>;
  messages(query?: { patient_id?: string; team_id?: string }): Promise<MessageView[]>;
  conflicts(): Promise<ConflictRow[]>;
  conflict(id: string): Promise<ConflictView | null>;
  kept(): Promise<KeptRow[]>;
  people(): Promise<(Person & { id: string })[]>;
  teams(): Promise<(Team & { id: string })[]>;

  /** Begins a letter of a patient; it is a sealed draft until the first commit. Answers its id. */
  beginLetter(patientId: string, title: string, onBehalfOf?: string): Promise<string>;
  /** Seals an edit of some fields (`sections/plan`, `title`) of a record; folds with earlier ones of the same field. */
  edit(kind: Kind, id: string, set: Record<string, unknown>, shown?: Shown): Promise<{ saved_at: string }>;
  /** Makes the record's draft a numbered operation and wakes the engine. */
  commit(id: string): Promise<void>;
  setLetterState(id: string, state: Letter["state"], amendment?: { reason: string; sections: Record<string, unknown> }, shown?: Shown): Promise<void>;
  sendMessage(message: Pick<Message, "text" | "urgent"> & Partial<Message>): Promise<string>;
  attach(patientId: string, file: { name: string; media_type: string; bytes: Uint8Array }, letterId?: string): Promise<string>;
  /** The file's bytes, from the device or, once clean, from the server. */
  attachmentContent(id: string): Promise<{ bytes: Uint8Array; media_type: string; name: string } | { error: ErrorDetail }>;
  resolve(conflictId: string, choice: ConflictChoice): Promise<void>;
  returnConflict(conflictId: string, note: string): Promise<void>;
  /** Takes kept work into the record in its author's name, or leaves it to history. */
  release(keptId: string, take: "apply" | "discard"): Promise<void>;
  dismiss(opId: string): Promise<void>;

  /** What was begun in a field that is no record yet (a message); null: nothing. */
  unfinished(key: string): Promise<unknown>;
  /** Seals it; a key that names a scope goes with it. null: it is finished. */
  keepUnfinished(key: string, value: unknown): Promise<void>;

  syncPage(): Promise<SyncPage>;
  syncNow(): Promise<void>;

  subscribe(listener: (event: DeviceEvent) => void): () => void;
}
