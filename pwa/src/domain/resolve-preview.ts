/**
 * What the server will probably say when a person decides a conflict, or takes work out of quarantine; the same as
 * `quill.domain.resolve` and `quill.domain.release`, held to the same table. Only the server's verdict counts.
 */
import type { Operation } from "@quill/schemas";
import { WHOLE, mayDecide } from "./conflict.ts";
import { decide, isTooLarge, newBody, teamsOfPatient } from "./decide-preview.ts";
import { NO_FOREIGN, accessTo, authorOf, decision, foreignFields } from "./facts.ts";
import type { ConflictBody, ConflictWrite, Current, Decision, Foreign, OpenConflict, Policy, RecordNow, Refusal, Values } from "./facts.ts";
import { applied, classOf, pointer } from "./fields.ts";
import { checkLetter, hashAfter, isSigned, retracts, signs } from "./letter.ts";
import { may } from "./permissions.ts";
import type { Subject } from "./permissions.ts";
import { quarantined, refusal, rejected } from "./refusals.ts";
import { scopeOf } from "./scopes.ts";

type Choices = Record<string, { take: "theirs" | "mine" | "text"; value?: unknown }>;

interface ResolveValues extends Values {
  against_version: number;
  choices: Choices;
  note?: string;
  amendment_reason?: string;
  return?: true;
}

export type Conflict = OpenConflict & { body: ConflictBody & { status: string; fields: { field: string }[] } };

const SIGNATURES: Record<string, string> = { signed: "sign", amended: "amend", retracted: "retract" };

/** Decides a `resolve` of a conflict, as a patch by the resolver on `against_version`. */
export async function resolve(conflict: Conflict, current: Current, foreign: Foreign, op: Operation, policy: Policy): Promise<Decision> {
  const stopped = notSeen(conflict.scope, policy);
  if (stopped !== null) return stopped;
  const values = op.set as ResolveValues;
  const error = unfit(conflict, op, values, policy);
  if (error !== null) return rejected(conflict.scope, error);
  if (values.return) return givenBack(conflict, op, policy);
  if (Object.values(values.choices).every((choice) => choice.take === "theirs")) return theirsStand(conflict, current, op, policy);
  const found = await composedBody(conflict, current, foreign, op, policy);
  return "outcome" in found ? found : rejected(conflict.scope, found);
}

/** Decides a `resolve` of a quarantine record: `set: {take: "apply" | "discard", note}`. */
export async function release(quarantine: RecordNow, current: Current, foreign: Foreign, op: Operation, policy: Policy): Promise<Decision> {
  const { scope } = quarantine;
  const stopped = notSeen(scope, policy);
  if (stopped !== null) return stopped;
  const held = quarantine.body as { op: Operation; by: string; state: string };
  const own = held.by === policy.user_id ? `user:${policy.user_id}` : scope;
  const subject: Subject = { kind: "quarantine", scope: own, op, body: quarantine.body, patientTeams: [] };
  if (!may(subject, "release", policy.roles, policy.team_ids, policy)) return rejected(scope, refusal("forbidden"));
  if (held.state !== "open") return rejected(scope, refusal("conflict_resolved", "/id"));
  if (op.base_version !== quarantine.version) return rejected(scope, refusal("conflict_moved", "/base_version"));
  if (op.set?.["take"] === "discard") return decision("applied", scope);
  const found = await decide(current, foreign, held.op, { ...policy, author_id: held.by });
  const taken = found.error === undefined && found.outcome !== "quarantined";
  return taken ? found : rejected(scope, found.error ?? refusal("forbidden"));
}

function notSeen(scope: string, policy: Policy): Decision | null {
  const access = accessTo(policy, scope);
  if (access === "lost") return quarantined(scope, refusal("forbidden"));
  return access === null ? rejected(`user:${authorOf(policy)}`, refusal("unknown_record", "/id")) : null;
}

/** What is wrong with the decision itself, before it is held against the record. */
function unfit(conflict: Conflict, op: Operation, values: ResolveValues, policy: Policy): Refusal | null {
  if (values.return) {
    if (!mayDecide(conflict, "return", policy)) return refusal("forbidden");
  } else {
    const composing = Object.values(values.choices).some((choice) => choice.take === "text");
    if (!mayDecide(conflict, composing ? "compose" : "choose", policy)) return refusal("forbidden", "/set/choices");
    if (composing && !values.note?.trim()) return refusal("note_required", "/set/note");
  }
  if (conflict.body.status !== "open") return refusal("conflict_resolved", "/id");
  if (op.base_version !== conflict.version) return refusal("conflict_moved", "/base_version");
  return values.return ? null : badChoice(conflict, values.choices);
}

function badChoice(conflict: Conflict, choices: Choices): Refusal | null {
  const fields = conflict.body.fields.map((line) => line.field);
  const chosen = Object.keys(choices);
  const odd = [...fields.filter((one) => !chosen.includes(one)), ...chosen.filter((one) => !fields.includes(one))].sort()[0];
  if (odd !== undefined) return refusal("bad_choice", at(odd));
  const empty = Object.entries(choices).find(([field, one]) => one.take === "text" && (field === WHOLE || !("value" in one)));
  return empty === undefined ? null : refusal("bad_choice", at(empty[0]));
}

function givenBack(conflict: Conflict, op: Operation, policy: Policy): Decision {
  const events = [...conflict.body.events, event("returned", op, policy)];
  const body = { ...conflict.body, returned: true, owner: conflict.body.mine.by, events };
  return decision("applied", conflict.scope, { conflict: { id: conflict.id, version: conflict.version + 1, scope: conflict.scope, body } });
}

/** The server's version stands: always allowed. What was not taken stays in the closed conflict and in the history. */
function theirsStand(conflict: Conflict, current: Current, op: Operation, policy: Policy): Decision {
  const record = current.record ?? null;
  const { mine, record_id, reason } = conflict.body;
  const existing = reason === "possible_duplicate" && record === null ? (current.duplicate?.id ?? null) : null;
  const waiting = mine.dependants ?? [];
  const living = record !== null && !record.deleted;
  return decision("applied", record?.scope ?? conflict.scope, {
    ...(living ? { body: { ...record.body } } : {}),
    conflict: closed(conflict, op, policy, living ? record.version + 1 : null),
    parents: mine.op_ids,
    dependants: existing === null ? waiting : waiting.map((one) => ofPatient(one, record_id, existing)),
  });
}

/** A waiting operation, once its patient proved to be another record: it names that one; who was seen stays as it was. */
function ofPatient(op: Values, patientId: string, existingId: string): Values {
  const values = op["set"] as Values | undefined;
  const seen = op["seen"] as Values | undefined;
  return {
    ...op,
    ...(values?.["patient_id"] === patientId ? { set: { ...values, patient_id: existingId } } : {}),
    ...(seen?.["patient_id"] === patientId ? { seen: { ...seen, patient_id: existingId } } : {}),
  };
}

async function composedBody(conflict: Conflict, current: Current, foreign: Foreign, op: Operation, policy: Policy): Promise<Decision | Refusal> {
  const { kind, mine } = conflict.body;
  const record = current.record ?? null;
  const { against_version, choices } = op.set as ResolveValues;
  if (against_version > (record?.version ?? 0)) return refusal("conflict_moved", "/set/against_version");
  if (choices[WHOLE]?.take === "mine") return whole(conflict, current, foreign, op, policy);
  const taken = Object.entries(choices).filter(([field, choice]) => choice.take !== "theirs" && field !== WHOLE);
  let values: Values = Object.fromEntries(taken.map(([field, one]) => [field, one.take === "mine" ? mine.set[field] : one.value]));
  if (record === null) return refusal("conflict_moved");
  const changed = foreignFields(foreign);
  const moved = Object.keys(values).find((field) => changed.has(field));
  if (moved !== undefined) return refusal("conflict_moved", at(moved));
  const whatItIs = Object.keys(values).some((field) => field === "state" || classOf(kind, field) === "identity");
  if (foreign.versions.length > 0 && whatItIs) return refusal("conflict_moved", "/set/against_version");
  if (kind === "letter") {
    values = asAmendment(record, values, op);
    const stopped = await checkText(record, conflict, current, values, op);
    if (stopped !== null) return stopped;
  }
  const no = notCovered(record, current, values, choices, policy);
  if (no !== null) return no;
  const body = applied(kind, record.body, values);
  if (kind === "letter" && signs(values, record.body)) Object.assign(body, { signed_by: policy.user_id, signed_at: policy.now });
  if (isTooLarge(body)) return refusal("record_too_large");
  const fields = Object.keys(values).sort();
  return decision(foreign.versions.length > 0 ? "merged" : "applied", record.scope, {
    body,
    fields,
    merged_with: [...changed].filter((field) => !fields.includes(field)).sort(),
    conflict: closed(conflict, op, policy, record.version + 1),
    parents: mine.op_ids,
    dependants: mine.dependants ?? [],
  });
}

/** On a signed letter text changes only by an amendment, where a reason is given. */
function asAmendment(record: RecordNow, values: Values, op: Operation): Values {
  if (!isSigned(record.body) || retracts(values) || Object.keys(values).every((field) => field === "state")) return values;
  const reason = op.set?.["amendment_reason"] ?? values["amendment_reason"];
  return { ...values, state: "amended", ...(reason ? { amendment_reason: reason } : {}) };
}

async function checkText(record: RecordNow, conflict: Conflict, current: Current, values: Values, op: Operation): Promise<Refusal | null> {
  const signing = signs(values, record.body);
  const textHash = signing ? await hashAfter(record.body, values) : "";
  const stopped = checkLetter(record.body, NO_FOREIGN, { ...op, set: values }, false, textHash);
  if (stopped === "signed_stale_text") return refusal(stopped, "/seen_sha256");
  if (typeof stopped === "string") return refusal("letter_state", at("state"));
  const others = (current.conflicts ?? []).some((other) => other.id !== conflict.id);
  return stopped ?? (others && signing ? refusal("letter_state", at("state")) : null);
}

/** What choosing and composing don't cover: to sign, amend or retract a letter, to give a patient to a team. */
function notCovered(record: RecordNow, current: Current, values: Values, choices: Choices, policy: Policy): Refusal | null {
  const op = { action: "patch" as const, set: values };
  const subject: Subject = { kind: record.kind, scope: record.scope, op, body: record.body, patientTeams: teamsOfPatient(current) };
  const state = values["state"] as string | undefined;
  const needed = state !== undefined && (state !== record.body["state"] || state === "amended") ? SIGNATURES[state] : undefined;
  if (needed !== undefined && !may(subject, needed, policy.roles, policy.team_ids, policy)) {
    return refusal("forbidden", "state" in choices ? at("state") : "/set/amendment_reason");
  }
  const team = Object.keys(values).find((field) => classOf(record.kind, field) === "team_ids");
  const allowed = team === undefined || may(subject, "edit_team_ids", policy.roles, policy.team_ids, policy);
  return allowed ? null : refusal("forbidden", at(team));
}

/** `mine` taken as a whole: a record is made, made again, or deleted. */
function whole(conflict: Conflict, current: Current, foreign: Foreign, op: Operation, policy: Policy): Decision | Refusal {
  const { kind, mine, record_id } = conflict.body;
  const record = current.record ?? null;
  if (foreign.versions.length > 0) return refusal("conflict_moved", "/set/against_version");
  const rest = { parents: mine.op_ids, dependants: mine.dependants ?? [] };
  if (mine.action === "delete") {
    if (record === null || record.deleted) return refusal("conflict_moved");
    if (isSigned(record.body)) return refusal("not_deletable");
    const write = closed(conflict, op, policy, record.version + 1);
    return decision("applied", record.scope, { body: record.body, deleted: true, conflict: write, ...rest });
  }
  const body = newBody(kind, mine.set, mine.on_behalf_of, mine.by);
  const scope = record?.scope ?? scopeOf(kind, record_id, body, mine.by, current.referred ?? {});
  if (scope === null) return refusal("unknown_scope");
  if (isTooLarge(body)) return refusal("record_too_large");
  const write = closed(conflict, op, policy, (record?.version ?? 0) + 1);
  return decision("applied", scope, { body, fields: Object.keys(mine.set).sort(), conflict: write, ...rest });
}

function closed(conflict: Conflict, op: Operation, policy: Policy, version: number | null): ConflictWrite {
  const { against_version, choices, amendment_reason, note } = op.set as ResolveValues;
  const resolution = {
    against_version,
    choices,
    ...(amendment_reason === undefined ? {} : { amendment_reason }),
    by: policy.user_id,
    at: policy.now,
    note: note ?? "",
    ...(version === null ? {} : { version }),
  };
  const body = { ...conflict.body, status: "resolved", resolution, events: [...conflict.body.events, event("resolved", op, policy)] };
  return { id: conflict.id, version: conflict.version + 1, scope: conflict.scope, body };
}

function event(name: string, op: Operation, policy: Policy): Values {
  const note = op.set?.["note"];
  return { event: name, at: policy.now, by: policy.user_id, op_id: op.op_id, ...(note ? { note } : {}) };
}

function at(field: string | undefined): string {
  return pointer(field ?? "").replace("/set/", "/set/choices/");
}
