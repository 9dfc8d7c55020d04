/** What a person does, turned into drafts and operations. Everything here is on disk before it answers. */
import type { Conflict, Kind, Letter, Message, Patient, Seen } from "@quill/schemas";
import { sectionsHash, sha256 } from "../domain/digest.ts";
import { applied, fieldKey, normal, same, valueOf } from "../domain/fields.ts";
import { isSigned } from "../domain/letter.ts";
import type { ConflictChoice, Shown, Who } from "./device.ts";
import { folded, operationOf } from "./drafts.ts";
import type { Views } from "./own-work.ts";
import type { Clock, Draft, Locks, OpenStore, OperationDraft } from "./ports.ts";
import { partsOf, updateFiles } from "./uploads.ts";
import type { View } from "./view.ts";

type Values = Record<string, unknown>;

export interface WorkParts {
  store: OpenStore;
  views: Views;
  clock: Clock;
  locks: Locks;
  newId: () => string;
  who: () => Who;
  /** The last answer about each record. */
  shown: ReadonlyMap<string, { version: number; body: Values }>;
}

/** The record isn't on this device (any more): nothing can be written into it. */
export class NotOnThisDevice extends Error {
  override name = "NotOnThisDevice";
}

export class Work {
  readonly #parts: WorkParts;

  constructor(parts: WorkParts) {
    this.#parts = parts;
  }

  async beginLetter(patientId: string, title: string, onBehalfOf?: string): Promise<string> {
    const { store, newId } = this.#parts;
    const patient = await this.#view(patientId);
    const id = newId();
    await store.saveDraft({
      kind: "letter", id, scope: `patient:${patientId}`, create: true, base_version: 0, set: { patient_id: patientId, title }, was: {},
      seen: seenOf(patient), depends_on: creates(patient), saved_at: this.#now(), ...(onBehalfOf !== undefined && { on_behalf_of: onBehalfOf }),
    });
    return id;
  }

  /** Folds an edit into the record's draft; the first edit begins it. Over what this screen didn't show nothing is folded. */
  edit(kind: Kind, id: string, set: Values, shown?: Shown): Promise<{ saved_at: string }> {
    return this.#writing(async () => {
      for (;;) {
        const view = await this.#view(id);
        if (view.kind !== kind) throw new NotOnThisDevice(id);
        if (view.draft && unseen(view.draft, set, shown)) {
          await this.commit(id);
          continue;
        }
        const draft = view.draft ?? (await this.#begun(view, shown));
        const entering = Object.keys(set).filter((field) => !Object.hasOwn(draft.set, field));
        const was = Object.fromEntries(entering.map((field) => [field, this.#shownValue(view, field, shown)]));
        const saved_at = this.#now();
        const next = folded(draft, set, draft.create ? {} : was, dependencies(view, was), saved_at);
        // Stale: since it was read, the engine made it an operation, or another tab typed into it. Fold into what is there now.
        if ((await this.#parts.store.saveDraft(next, view.draft)) === "saved") return { saved_at };
      }
    });
  }

  async commit(id: string): Promise<void> {
    await this.#parts.store.commitDrafts([id], operationOf);
  }

  /** Makes every draft an operation: before the vault locks. What is being written when this is asked is written first. */
  commitAll(): Promise<void> {
    return this.#writing(async () => {
      await this.#parts.store.commitDrafts(null, operationOf);
    });
  }

  setLetterState(id: string, state: Letter["state"], amendment?: { reason: string; sections: Values }, shown?: Shown): Promise<void> {
    return this.#writing(async () => {
      await this.commit(id);
      const view = await this.#view(id);
      const drawn = (shown?.letter as Values | undefined) ?? this.#parts.shown.get(id)?.body ?? view.body;
      const set: Values = { state };
      if (amendment) {
        set["amendment_reason"] = amendment.reason;
        for (const [heading, section] of Object.entries(amendment.sections)) set[heading.startsWith("sections/") ? heading : fieldKey("sections", heading)] = section;
      }
      const was = Object.fromEntries(Object.keys(set).map((field) => [field, valueOf("letter", drawn, field)]));
      const signs = state === "signed" || state === "amended";
      await this.#queue({
        ...(await this.#about(view, shown)), action: "patch", set, was, ...depending(dependencies(view, was)),
        ...(signs && { seen_sha256: await sectionsHash(applied("letter", drawn, set)["sections"] ?? {}) }),
      });
    });
  }

  async sendMessage(message: Pick<Message, "text" | "urgent"> & Partial<Message>): Promise<string> {
    const { patient_id, team_id } = message;
    const scope = patient_id === undefined ? `team:${team_id ?? ""}` : `patient:${patient_id}`;
    const body: Values = { to: [], attachment_ids: [], ...message };
    return this.#create("message", scope, body, patient_id, [message.in_reply_to, ...(message.attachment_ids ?? [])]);
  }

  async attach(patientId: string, file: { name: string; media_type: string; bytes: Uint8Array }, letterId?: string): Promise<string> {
    const { store, locks, newId } = this.#parts;
    const id = newId();
    const scope = `patient:${patientId}`;
    const parts = partsOf(file.bytes.length);
    const digest = await sha256(file.bytes as Uint8Array<ArrayBuffer>);
    // The file first: an operation without its file could never be completed.
    await store.putFile(id, scope, file.bytes);
    await updateFiles(store, locks, (files) => ({ ...files, [id]: { parts, sent: 0, state: "waiting" } }));
    const body: Values = {
      patient_id: patientId, name: file.name || "file", media_type: file.media_type, size: file.bytes.length, sha256: digest, parts,
      ...(letterId !== undefined && { letter_id: letterId }),
    };
    if (letterId !== undefined) await this.commit(letterId);
    return this.#create("attachment", scope, body, patientId, [letterId], id);
  }

  async resolve(conflictId: string, choice: ConflictChoice): Promise<void> {
    const view = await this.#view(conflictId);
    const conflict = ((this.#parts.shown.get(conflictId)?.body ?? view.body) as unknown) as Conflict;
    const { choices, note, amendment_reason } = choice;
    const seen = await seenAfter(conflict, choices);
    await this.#decide(view, {
      against_version: conflict.theirs?.version ?? 0, choices, ...(note !== "" && { note }), ...(amendment_reason !== undefined && { amendment_reason }),
    }, seen);
  }

  async returnConflict(conflictId: string, note: string): Promise<void> {
    await this.#decide(await this.#view(conflictId), { return: true, ...(note !== "" && { note }) });
  }

  async release(keptId: string, take: "apply" | "discard"): Promise<void> {
    await this.#decide(await this.#view(keptId), { take });
  }

  async dismiss(opId: string): Promise<void> {
    await this.#parts.store.forgetDecided([opId]);
  }

  async #decide(view: View, set: Values, seen_sha256?: string): Promise<void> {
    const { kind, id, scope } = view;
    const base_version = this.#parts.shown.get(id)?.version ?? view.version;
    await this.#queue({ kind, id, scope, action: "resolve", base_version, set, made_at: this.#now(), ...(seen_sha256 !== undefined && { seen_sha256 }) });
  }

  async #create(kind: Kind, scope: string, set: Values, patientId: string | undefined, refers: (string | undefined)[], id = this.#parts.newId()): Promise<string> {
    const patient = patientId === undefined ? null : await this.#view(patientId);
    const referred = await Promise.all(refers.flatMap((one) => (one === undefined ? [] : [this.#parts.views.view(one)])));
    const names = [...(patient ? creates(patient) : []), ...referred.flatMap((view) => (view ? creates(view) : []))];
    await this.#queue({
      kind, id, scope, action: "create", base_version: 0, set, made_at: this.#now(), ...(patient && { seen: seenOf(patient) }), ...depending(names),
    });
    return id;
  }

  async #queue(draft: OperationDraft): Promise<void> {
    await this.#parts.store.queue([draft]);
  }

  /** A draft that begins now, on what the screen shows. */
  async #begun(view: View, shown?: Shown): Promise<Draft> {
    const about = await this.#about(view, shown);
    return { ...about, create: false, set: {}, was: {}, depends_on: [], saved_at: about.made_at };
  }

  /** What every operation on a record says besides its fields. */
  async #about(view: View, shown?: Shown) {
    const { kind, id, scope, body } = view;
    const patientId = kind === "patient" ? undefined : (body["patient_id"] as string | undefined);
    const base_version = shown?.version ?? this.#parts.shown.get(id)?.version ?? view.version;
    return {
      kind, id, scope, base_version, made_at: this.#now(),
      ...(patientId !== undefined && { seen: seenOf(await this.#view(patientId)) }),
      ...(this.#forAnother(kind) && typeof body["author_id"] === "string" && { on_behalf_of: body["author_id"] }),
    };
  }

  /** A secretary writes letters for their clinician, never as one. */
  #forAnother(kind: Kind): boolean {
    const { roles } = this.#parts.who();
    return kind === "letter" && roles.includes("Secretary") && !roles.includes("Clinician");
  }

  #shownValue(view: View, field: string, shown?: Shown): unknown {
    if (shown?.was && Object.hasOwn(shown.was, field)) return shown.was[field] ?? null;
    return valueOf(view.kind, this.#parts.shown.get(view.id)?.body ?? view.body, field);
  }

  async #view(id: string): Promise<View> {
    const view = await this.#parts.views.view(id);
    if (!view) throw new NotOnThisDevice(id);
    return view;
  }

  /** Reading a draft and writing it again is one act, over all tabs. */
  #writing<T>(task: () => Promise<T>): Promise<T> {
    return this.#parts.locks.exclusive(`quill:write:${this.#parts.store.id}`, task);
  }

  #now(): string {
    return new Date(this.#parts.clock.now()).toISOString();
  }
}

/** Whether another tab wrote into one of these fields what the screen didn't show: as a draft it would be lost without a trace. */
function unseen(draft: Draft, set: Values, shown: Shown | undefined): boolean {
  const is = (field: string, values: Values, value: unknown) => same(normal(draft.kind, field, values[field]), normal(draft.kind, field, value));
  return Object.entries(shown?.was ?? {}).some(([field, was]) => {
    return Object.hasOwn(draft.set, field) && !is(field, draft.set, was) && !is(field, set, draft.set[field]);
  });
}

/** Whose record was on the screen. */
function seenOf(view: View): Seen {
  const { name, birth_date, nhs_number } = view.body as unknown as Patient;
  return { patient_id: view.id, version: view.version, name, birth_date, nhs_number: nhs_number ?? null };
}

/** The create of a record the server may not have yet. */
function creates(view: View): string[] {
  return view.pending.flatMap(({ operation }) => (operation.action === "create" ? [operation.op_id] : []));
}

/** The record's own create, and for each field of `was` the last own operation, not yet pulled, whose value it is. */
function dependencies(view: View, was: Values): string[] {
  const named = creates(view);
  for (const [field, value] of Object.entries(was)) {
    const last = view.pending.findLast(({ operation: { action, set = {} } }) => action === "patch" && Object.hasOwn(set, field));
    if (last && same(normal(view.kind, field, last.operation.set?.[field]), normal(view.kind, field, value))) named.push(last.operation.op_id);
  }
  return [...new Set(named)];
}

function depending(names: string[]): { depends_on?: string[] } {
  return names.length > 0 ? { depends_on: [...new Set(names)] } : {};
}

/** What a decision signs or amends: the text as it will stand. Undefined where it signs nothing. */
async function seenAfter(conflict: Conflict, choices: ConflictChoice["choices"]): Promise<string | undefined> {
  if (conflict.kind !== "letter") return undefined;
  const theirs = conflict.theirs?.body ?? {};
  const taken: Values = {};
  for (const [field, { take, value }] of Object.entries(choices)) {
    if (field !== "" && take !== "theirs") taken[field] = take === "mine" ? (conflict.mine.set[field] ?? null) : (value ?? null);
  }
  const signs = taken["state"] === "signed" || taken["state"] === "amended" || (isSigned(theirs) && Object.keys(taken).length > 0);
  return signs ? sectionsHash(applied("letter", theirs, taken)["sections"] ?? {}) : undefined;
}

