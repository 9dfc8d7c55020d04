/** The screens' questions, answered from the view: pulled records, own work, drafts. */
import type { Attachment, Conflict, Delivery, Kind, Letter, Message, Patient, Person, Team } from "@quill/schemas";
import { mayDecide } from "../domain/conflict.ts";
import { elementKey, same, valueOf } from "../domain/fields.ts";
import { medicalRecordNumber } from "../domain/patient.ts";
import type {
  AttachmentView, ConflictRow, ConflictView, Decision, LetterRow, LetterView, MessageView, OutboxRow, PatientName, PatientRow, PatientView, UploadRow, Who,
  WorkState,
} from "./device.ts";
import { Views } from "./own-work.ts";
import type { OpenStore, PatientSummary, StoredRecord } from "./ports.ts";
import { heldFiles } from "./uploads.ts";
import type { OwnOperation, View } from "./view.ts";
import { whatOf } from "./words.ts";

type Values = Record<string, unknown>;

export class Questions {
  readonly #store: OpenStore;
  readonly #views: Views;
  readonly #who: () => Who;
  /** The last answer about each record: what the screen shows, should it not say so itself. */
  readonly shown = new Map<string, { version: number; body: Values }>();
  readonly #names = new Map<string, PatientName | null>();
  readonly #stop: () => void;

  constructor(store: OpenStore, views: Views, who: () => Who) {
    this.#store = store;
    this.#views = views;
    this.#who = who;
    this.#stop = store.onChange(({ kinds, ids }) => {
      if (!kinds.includes("patient")) return;
      if (ids.length === 0) this.#names.clear();
      else for (const id of ids) this.#names.delete(id);
    });
  }

  close(): void {
    this.#stop();
  }

  async patients({ text, offset, limit }: { text: string; offset: number; limit: number }) {
    const { drafts, operations } = await this.#views.work();
    const touched = new Set([...drafts, ...operations.map(({ operation }) => operation)].flatMap(({ kind, id }) => (kind === "patient" ? [id] : [])));
    const own = new Map<string, PatientSummary | null>();
    for (const id of touched) {
      const view = await this.#views.view(id);
      if (view && (view.pending.length > 0 || view.draft)) own.set(id, summaryOf(id, view.body as unknown as Patient));
    }
    const found = await this.#store.searchPatients(text, offset, limit, own);
    const open = await this.#openByScope();
    const rows: PatientRow[] = found.rows.map((row) => ({ ...row, openConflicts: open.get(`patient:${row.id}`) ?? 0 }));
    return { total: found.total, rows, complete: (await this.#store.head()) > 0 };
  }

  async patient(id: string): Promise<PatientView | null> {
    const view = await this.#views.view(id);
    if (view?.kind !== "patient") return null;
    const scope = `patient:${id}`;
    const [letters, messages, attachments, conflicts] = await Promise.all([
      this.letters({ patient_id: id }), this.messages({ patient_id: id }), this.#attachments(scope), this.#conflictRows(scope),
    ]);
    const work = await this.#workOf(view, conflicts);
    return {
      id, version: view.version, patient: this.#show(view) as unknown as Patient, as_of: (await this.#lastSync()) ?? view.record?.at ?? "",
      complete: (await this.#store.scopes()).find((one) => one.scope === scope)?.complete ?? false,
      states: work ? [work] : [], letters, messages, attachments, conflicts,
    };
  }

  async letters(query: { patient_id?: string } = {}): Promise<LetterRow[]> {
    const scope = query.patient_id === undefined ? undefined : `patient:${query.patient_id}`;
    const [views, conflicts, names] = await Promise.all([this.#views.views("letter", scope), this.#conflictRows(scope), this.#people()]);
    const rows = await Promise.all(views.map(async (view): Promise<LetterRow> => {
      const letter = view.body as unknown as Letter;
      const own = conflicts.filter(({ record_id }) => record_id === view.id);
      return {
        id: view.id, patient_id: letter.patient_id, patient: await this.#nameOf(letter.patient_id), title: letter.title, state: letter.state,
        author_id: letter.author_id, author: names.get(letter.author_id) ?? "", changed_at: changedAt(view), work: await this.#workOf(view, own),
        signatureWaiting: view.signatureWaiting, openConflicts: own.filter(({ status }) => status === "open").length,
      };
    }));
    return rows.sort((a, b) => (a.changed_at < b.changed_at ? 1 : -1));
  }

  async letter(id: string): Promise<LetterView | null> {
    const view = await this.#views.view(id);
    if (view?.kind !== "letter") return null;
    const letter = this.#show(view) as unknown as Letter;
    const conflicts = (await this.#conflictRows(view.scope)).filter(({ record_id }) => record_id === id);
    const patient = await this.#views.view(letter.patient_id);
    const decided = await this.#decided(id);
    const differs = view.record !== null && (view.pending.length > 0 || view.draft !== null);
    return {
      id, version: view.version, letter, server: differs ? (view.record?.body as Letter) : null, draft: view.draft !== null,
      saved_at: view.draft?.saved_at ?? view.pending.at(-1)?.operation.made_at ?? null, work: await this.#workOf(view, conflicts),
      signatureWaiting: view.signatureWaiting, marks: await this.#marks(view, decided, conflicts),
      history: decided.flatMap(({ verdict }) => verdict ?? []), conflicts,
      as_of: view.record ? ((await this.#lastSync()) ?? view.record.at ?? null) : null,
      patient: patient?.kind === "patient"
        ? { ...summaryOf(patient.id, patient.body as unknown as Patient), openConflicts: conflicts.filter(({ status }) => status === "open").length }
        : null,
    };
  }

  async messages(query: { patient_id?: string; team_id?: string } = {}): Promise<MessageView[]> {
    const scope = query.patient_id !== undefined ? `patient:${query.patient_id}` : query.team_id !== undefined ? `team:${query.team_id}` : undefined;
    const [views, names] = await Promise.all([this.#views.views("message", scope), this.#people()]);
    const rows = await Promise.all(views.map(async (view): Promise<MessageView> => {
      const message = view.body as unknown as Message;
      const by = view.record?.by ?? this.#who().user_id;
      return {
        id: view.id, message, patient: message.patient_id === undefined ? null : await this.#nameOf(message.patient_id), by,
        by_name: names.get(by) ?? "", at: changedAt(view), work: await this.#workOf(view, []),
      };
    }));
    return rows.sort((a, b) => (a.at < b.at ? -1 : 1));
  }

  async conflicts(): Promise<ConflictRow[]> {
    return this.#conflictRows();
  }

  async conflict(id: string): Promise<ConflictView | null> {
    const view = await this.#views.view(id);
    if (view?.kind !== "conflict") return null;
    const conflict = this.#show(view) as unknown as Conflict;
    const { user_id, roles, team_ids } = this.#who();
    const policy = { user_id, roles: roles as Person["roles"], team_ids, scopes: { [view.scope]: "held" as const }, now: "", device_id: "", epoch: 0 };
    const subject = { scope: view.scope, body: conflict };
    return {
      ...(await this.#conflictRow(view, await this.#people())), conflict, names: Object.fromEntries(await this.#people()),
      mayChoose: mayDecide(subject, "choose", policy), mayCompose: mayDecide(subject, "compose", policy),
      mayReturn: conflict.mine.by !== user_id && mayDecide(subject, "return", policy), work: await this.#workOf(view, []),
    };
  }

  async people(): Promise<(Person & { id: string })[]> {
    return (await this.#views.views("person")).map(({ id, body }) => ({ id, ...(body as unknown as Person) }));
  }

  async teams(): Promise<(Team & { id: string })[]> {
    return (await this.#views.views("team")).map(({ id, body }) => ({ id, ...(body as unknown as Team) }));
  }

  /** A line of the lists of own work. */
  async outboxRow({ operation, scope, verdict }: OwnOperation): Promise<OutboxRow> {
    const { op_id, kind, id, made_at } = operation;
    const decision = verdict?.conflict_id === undefined ? null : await this.#decisionOn(verdict.conflict_id);
    return {
      op_id, kind, id, title: await this.#titleOf(kind, id, operation.set ?? {}), ...(await this.#about(scope)), what: whatOf(operation), made_at,
      state: decision ? "on-server" : stateOf(verdict), ...(verdict && { verdict }), ...(decision && { decision }),
    };
  }

  /** Files whose bytes the server doesn't have whole. */
  async uploads(): Promise<UploadRow[]> {
    const files = Object.entries(await heldFiles(this.#store)).filter(([, { state }]) => state === "waiting");
    const rows = await Promise.all(files.map(async ([id, { sent, parts }]) => {
      const view = await this.#views.view(id);
      return view?.kind === "attachment" ? [{ id, patient_id: String(view.body["patient_id"]), name: String(view.body["name"]), sent, parts }] : [];
    }));
    return rows.flat();
  }

  async draftRow(view: View): Promise<OutboxRow[]> {
    const { draft, kind, id } = view;
    if (!draft) return [];
    const what = whatOf({ kind, action: draft.create ? "create" : "patch", set: draft.set });
    return [{ op_id: `draft-${id}`, kind, id, title: await this.#titleOf(kind, id, draft.set), ...(await this.#about(view.scope)), what, made_at: draft.saved_at, state: "on-device" }];
  }

  async openConflicts(): Promise<number> {
    return (await this.#conflictRows()).filter(({ status, decided }) => status === "open" && !decided).length;
  }

  #show(view: View): Values {
    this.shown.set(view.id, { version: view.version, body: view.body });
    return view.body;
  }

  async #about(scope: string): Promise<Pick<OutboxRow, "patient" | "patient_id">> {
    if (!scope.startsWith("patient:")) return { patient: null };
    const patient_id = scope.slice(8);
    return { patient: await this.#nameOf(patient_id), patient_id };
  }

  async #titleOf(kind: Kind, id: string, set: Values): Promise<string> {
    const view = await this.#views.view(id);
    const body: Values = view?.body ?? set;
    switch (kind) {
      case "patient":
        return view ? nameOf(view.body as unknown as Patient) : "Patient";
      case "letter":
        return typeof body["title"] === "string" ? body["title"] : "Letter";
      case "attachment":
        return typeof body["name"] === "string" ? body["name"] : "File";
      case "message": {
        const about = typeof body["patient_id"] === "string" ? await this.#nameOf(body["patient_id"]) : null;
        return about ? `Message about ${about.family}` : "Message";
      }
      case "conflict":
        return view ? (await this.#conflictRow(view, new Map())).title : "Review";
      default:
        return kind;
    }
  }

  async #attachments(scope: string): Promise<AttachmentView[]> {
    const files = await heldFiles(this.#store);
    const views = (await this.#views.views("attachment", scope)).sort((a, b) => (changedAt(a) < changedAt(b) ? -1 : 1));
    return Promise.all(views.map(async (view) => {
      const file = files[view.id];
      return {
        id: view.id, attachment: view.body as unknown as Attachment, work: await this.#workOf(view, []),
        upload: file?.state === "waiting" ? { sent: file.sent, parts: file.parts } : null, onDevice: file !== undefined && file.state !== "held",
      };
    }));
  }

  async #conflictRows(scope?: string): Promise<ConflictRow[]> {
    const names = await this.#people();
    const rows = await Promise.all((await this.#views.views("conflict", scope)).map((view) => this.#conflictRow(view, names)));
    return rows.sort((a, b) => (a.at < b.at ? 1 : -1));
  }

  async #conflictRow(view: View, names: Map<string, string>): Promise<ConflictRow> {
    const conflict = view.body as unknown as Conflict;
    const patientId = view.scope.startsWith("patient:") ? view.scope.slice(8) : conflict.kind === "patient" ? conflict.record_id : undefined;
    const patient = patientId === undefined ? null : await this.#nameOf(patientId);
    const title = (conflict.theirs?.body["title"] ?? conflict.mine.set["title"]) as string | undefined;
    return {
      id: view.id, version: view.version, title: conflict.kind === "patient" ? (patient?.family ?? "Patient") : (title ?? "Letter"), kind: conflict.kind,
      record_id: conflict.record_id, reason: conflict.reason, severity: conflict.severity, status: conflict.status,
      decided: view.pending.some(({ operation }) => operation.action === "resolve" && operation.set?.["return"] !== true), decision: decisionOf(conflict, names),
      at: conflict.events[0]?.at ?? view.record?.at ?? conflict.mine.made_at, mine_by: names.get(conflict.mine.by) ?? "", patient,
      ...(patientId !== undefined && { patient_id: patientId }),
    };
  }

  async #decisionOn(conflictId: string): Promise<Decision | null> {
    const view = await this.#views.view(conflictId);
    return view?.kind === "conflict" ? decisionOf(view.body as unknown as Conflict, await this.#people()) : null;
  }

  async #openByScope(): Promise<Map<string, number>> {
    const open = new Map<string, number>();
    for (const { scope, body } of await this.#views.views("conflict")) {
      if (body["status"] === "open") open.set(scope, (open.get(scope) ?? 0) + 1);
    }
    return open;
  }

  async #marks(view: View, decided: OwnOperation[], conflicts: ConflictRow[]): Promise<LetterView["marks"]> {
    const marks: LetterView["marks"] = {};
    const mark = (field: string, what: LetterView["marks"][string][number]) => {
      const [name, heading] = elementKey(field);
      const key = name === "sections" && heading !== null ? heading : field;
      const there = (marks[key] ??= []);
      if (!there.includes(what)) there.push(what);
    };
    for (const field of writtenBeside(decided, view.record)) mark(field, "parallel");
    for (const row of conflicts) {
      if (row.status !== "open") continue;
      const conflict = (await this.#views.view(row.id))?.body as unknown as Conflict | undefined;
      for (const { field } of conflict?.fields ?? []) mark(field, "under-review");
    }
    const record = view.record?.body as Values | undefined;
    const { draft } = view;
    if (draft && record && view.version > draft.base_version) {
      for (const [field, was] of Object.entries(draft.was)) if (!same(valueOf(view.kind, record, field), was)) mark(field, "changed-below");
    }
    return marks;
  }

  async #workOf(view: View, conflicts: ConflictRow[]): Promise<WorkState | null> {
    if (view.draft || view.pending.some(({ verdict }) => !verdict)) return "on-device";
    const decided = await this.#decided(view.id);
    if (view.pending.some(({ verdict }) => verdict?.outcome === "conflict")) return "needs-review";
    if (conflicts.some((row) => row.status === "open" && row.record_id === view.id)) return "needs-review";
    if (decided.some(({ verdict }) => verdict?.outcome === "rejected" || verdict?.outcome === "quarantined")) return "refused";
    if (view.pending.length > 0) return "on-server";
    if (view.record?.by !== this.#who().user_id) return null;
    return this.#beyond(view, view.record);
  }

  /** Own work that is on the server: has it gone further? */
  async #beyond(view: View, record: StoredRecord): Promise<WorkState> {
    const of = ({ body }: View) => body["kind"] === view.kind && body["record_id"] === view.id;
    const receipts = await this.#views.views("receipt", view.scope);
    if (receipts.some((receipt) => of(receipt) && receipt.record?.by !== this.#who().user_id)) return "read";
    const deliveries = (await this.#views.views("delivery", view.scope)).filter(of).map(({ body }) => body as unknown as Delivery);
    return deliveries.some(({ state, version }) => state === "delivered" && version >= record.version) ? "in-record" : "on-server";
  }

  async #decided(id: string): Promise<OwnOperation[]> {
    return (await this.#views.work()).operations.filter(({ operation, verdict }) => operation.id === id && verdict);
  }

  async #nameOf(patientId: string): Promise<PatientName | null> {
    const known = this.#names.get(patientId);
    if (known !== undefined) return known;
    const view = await this.#views.view(patientId);
    const name = view?.kind === "patient" ? summaryOf(patientId, view.body as unknown as Patient) : null;
    const made = name && { family: name.family, given: name.given };
    this.#names.set(patientId, made);
    return made;
  }

  async #people(): Promise<Map<string, string>> {
    return new Map((await this.people()).map(({ id, name }) => [id, name]));
  }

  async #lastSync(): Promise<string | null> {
    return (await this.#store.note("last-sync")) as string | null;
  }
}

export function summaryOf(id: string, patient: Patient): PatientSummary {
  const mrn = medicalRecordNumber(patient);
  return {
    id, family: patient.name.family, given: patient.name.given.join(" "), birth_date: patient.birth_date, sex: patient.sex,
    ...(patient.nhs_number !== undefined && { nhs_number: patient.nhs_number }), ...(mrn !== null && { mrn }),
    deceased: patient.deceased !== undefined && patient.deceased !== false,
  };
}

/**
 * Fields that others changed at the same time as this person, and both changes stand. Whose operation came second is told
 * by its verdict; whose came first, by the record: a version merged after theirs by someone who had not seen theirs.
 */
function writtenBeside(decided: OwnOperation[], record: StoredRecord | null): string[] {
  const later = record?.parallel ?? [];
  return decided.flatMap(({ verdict }) => {
    const own = verdict?.outcome === "applied" || verdict?.outcome === "merged" ? (verdict.record?.version ?? 0) : 0;
    const beside = later.filter(({ version, base_version }) => base_version < own && own < version);
    return [...(verdict?.merged_with ?? []), ...beside.flatMap(({ fields }) => fields)];
  });
}

function nameOf({ name }: Patient): string {
  return [name.family, name.given.join(" ")].filter(Boolean).join(", ");
}

function decisionOf({ resolution }: Conflict, names: Map<string, string>): Decision | null {
  return resolution ? { by: names.get(resolution.by) ?? "", at: resolution.at, note: resolution.note } : null;
}

function changedAt(view: View): string {
  return view.draft?.saved_at ?? view.pending.at(-1)?.operation.made_at ?? view.record?.at ?? "";
}

function stateOf(verdict: OwnOperation["verdict"]): WorkState {
  switch (verdict?.outcome) {
    case undefined:
      return "on-device";
    case "conflict":
      return "needs-review";
    case "rejected":
    case "quarantined":
      return "refused";
    default:
      return "on-server";
  }
}
