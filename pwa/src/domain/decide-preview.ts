/**
 * What the server will probably say of an operation: `decide`, as `quill.domain.decide` has it, on what this device knows.
 * Only the server's verdict counts. Both languages are held to `shared-schemas/vectors/decide.json`.
 *
 * Not checked here: whether values fit their schema (the screens see to it), which only the server's validator knows.
 */
import { LIMITS } from "@quill/schemas";
import type { Kind, Operation } from "@quill/schemas";
import { canonicalBytes } from "./canonical.ts";
import { keep, keepDependant, ownConflict } from "./conflict.ts";
import { accessTo, authorOf, decision, foreignFields } from "./facts.ts";
import type { Current, Decision, Foreign, OpenConflict, Policy, RecordNow, Refusal, Values } from "./facts.ts";
import { applied, classOf, composed, normal, own, pointer, ruleOf, same, split, valueOf } from "./fields.ts";
import { checkLetter, hashAfter, isSigned, signs } from "./letter.ts";
import { denied } from "./permissions.ts";
import { homeOf, quarantined, refusal, rejected } from "./refusals.ts";
import { scopeOf } from "./scopes.ts";
import { checkPatient } from "./wrong-patient.ts";

/** Decides a `create`, `patch` or `delete`. */
export async function decide(current: Current, foreign: Foreign, op: Operation, policy: Policy): Promise<Decision> {
  const fault = faultOf(op);
  if (fault !== null) return rejected(homeOf(current, op, policy), fault);
  const settled = op.depends_on?.length ? afterDependencies(current, foreign, op, policy) : null;
  if (settled !== null) return settled;
  if (op.action === "create") return decideCreate(current, foreign, op, policy);
  const record = current.record ?? null;
  const access = record === null ? null : accessTo(policy, record.scope);
  if (record === null || access === null || record.kind !== op.kind) {
    return rejected(`user:${authorOf(policy)}`, refusal("unknown_record", "/id"));
  }
  if (access === "lost") return quarantined(record.scope, refusal("forbidden"));
  const signing = record.kind === "letter" && signs(op.set ?? {}, record.body);
  const textHash = signing ? await hashAfter(record.body, op.set ?? {}) : "";
  return decideChange(record, current, foreign, op, policy, textHash);
}

/** What can be said of an operation without knowing the records. */
function faultOf(op: Operation): Refusal | null {
  if (op.action === "resolve" || op.action === "void") return refusal("invalid_operation", "/action");
  const values = op.set ?? {};
  if (op.action === "delete") return op.kind === "snippet" || op.kind === "letter" ? null : refusal("not_deletable");
  if (op.action === "patch") {
    const odd = [...new Set([...Object.keys(values), ...Object.keys(op.was ?? {})])]
      .sort()
      .find((field) => !Object.hasOwn(values, field) || !Object.hasOwn(op.was ?? {}, field));
    if (odd !== undefined) return refusal("invalid_operation", pointer(odd).replace("/set/", "/was/"));
  }
  for (const field of Object.keys(values)) {
    const rule = op.action === "create" ? (ruleOf(op.kind, field) ?? ruleOf(op.kind, `${field}/x`)) : ruleOf(op.kind, field);
    if (rule === null) return refusal("bad_field", pointer(field));
    if (rule.class === "server") return refusal("server_field", pointer(field));
    if (op.action === "patch" && !rule.actions.includes("patch")) {
      return refusal(op.kind === "letter" && field === "patient_id" ? "wrong_patient" : "bad_field", pointer(field));
    }
  }
  return null;
}

function afterDependencies(current: Current, foreign: Foreign, op: Operation, policy: Policy): Decision | null {
  let withheld = false;
  let waiting: OpenConflict | null = null;
  for (const [index, opId] of (op.depends_on ?? []).entries()) {
    const dependency = current.dependencies?.find((one) => one.op_id === opId);
    if (dependency === undefined || dependency.outcome === null) {
      return rejected(homeOf(current, op, policy), refusal("bad_dependency", `/depends_on/${index}`));
    }
    if (dependency.outcome === "rejected" || dependency.voided) {
      return rejected(homeOf(current, op, policy), refusal("dependency_rejected", `/depends_on/${index}`));
    }
    withheld ||= dependency.outcome === "quarantined";
    waiting ??= dependency.conflict ?? null;
  }
  if (withheld) return decision("quarantined", homeOf(current, op, policy));
  if (waiting === null) return null;
  if (waiting.body.record_id !== op.id) return keepDependant(waiting, op, policy);
  return keep(current, foreign, op, policy, "open_conflict", waiting.scope, waiting);
}

/** A patch or delete of a record its author may see. */
function decideChange(record: RecordNow, current: Current, foreign: Foreign, op: Operation, policy: Policy, textHash: string): Decision {
  const { scope, body } = record;
  if (op.base_version > record.version && (op.base_epoch ?? policy.epoch) === policy.epoch) {
    return rejected(scope, refusal("base_version_unknown", "/base_version"));
  }
  const no = denied({ kind: record.kind, scope, op, body, patientTeams: teamsOfPatient(current) }, policy);
  if (no !== null) return decision(no.outcome, scope, { error: no.error });
  const values = op.set ?? {};
  let stopped: Refusal | string | null = null;
  if ("patient_id" in body) stopped = checkPatient(op, body["patient_id"] as string, current.patient ?? null);
  if (stopped === null && op.action === "delete") return decideDelete(record, current, foreign, op, policy);
  if (stopped === null && record.deleted) stopped = "deleted";
  if (stopped === null && record.kind === "letter") {
    stopped = checkLetter(body, foreign, op, ownConflict(current) !== null, textHash);
  }
  if (stopped === null && current.duplicate && values["nhs_number"]) stopped = "possible_duplicate";
  if (stopped === null) return decideFields(record, current, foreign, op, values, policy);
  return typeof stopped === "string" ? keep(current, foreign, op, policy, stopped, scope) : rejected(scope, stopped);
}

/** Rules 6 and 4: snippets, and letters never signed; anything meanwhile goes to review. */
function decideDelete(record: RecordNow, current: Current, foreign: Foreign, op: Operation, policy: Policy): Decision {
  if (isSigned(record.body)) return rejected(record.scope, refusal("not_deletable"));
  if (foreign.versions.length > 0) {
    return keep(current, foreign, op, policy, record.deleted ? "deleted" : "changed_meanwhile", record.scope);
  }
  if (ownConflict(current) !== null) return keep(current, foreign, op, policy, "open_conflict", record.scope);
  return decision("applied", record.scope, { body: record.body, deleted: true });
}

/** Rules 1 to 4, for the fields of a patch, or of a create whose id exists (`was` of every field is then null). */
function decideFields(record: RecordNow, current: Current, foreign: Foreign, op: Operation, values: Values, policy: Policy): Decision {
  const { kind, body, scope } = record;
  const was = op.was ?? {};
  const parallel = foreign.versions.length > 0;
  const held = ownConflict(current);
  if (held !== null && belongsTo(held, record, op, values)) return keep(current, foreign, op, policy, "open_conflict", scope);
  if (op.action === "patch" && "state" in values) {
    if (parallel) return keep(current, foreign, op, policy, "changed_meanwhile", scope);
    const others = (current.conflicts ?? []).length > 0 && signs(values, body);
    if (held !== null || others) return keep(current, foreign, op, policy, "open_conflict", scope);
  }
  const changing = Object.keys(values).filter((field) => !same(valueOf(kind, body, field), normal(kind, field, values[field])));
  const clash = changing.some((field) => !same(valueOf(kind, body, field), normal(kind, field, own(was, field))));
  if (clash) return keep(current, foreign, op, policy, "clash", scope);
  const fields = Object.keys(values).sort();
  if (parallel && changing.length > 0 && fields.some((field) => classOf(kind, field) === "identity")) {
    return keep(current, foreign, op, policy, "identity", scope);
  }
  const next = changing.length === 0 ? { ...body } : applied(kind, body, values);
  if (changing.length > 0 && kind === "letter" && signs(values, body)) {
    next["signed_by"] = policy.user_id;
    next["signed_at"] = policy.now;
  }
  if (isTooLarge(next)) return rejected(scope, refusal("record_too_large"));
  if (!parallel) return decision("applied", scope, { body: next, fields });
  const merged_with = [...foreignFields(foreign)].filter((field) => !(field in values)).sort();
  return decision("merged", scope, { body: next, fields, merged_with });
}

/** Whether a field is already under review from this device, and was set without the server's version in view. */
function belongsTo(held: OpenConflict, record: RecordNow, op: Operation, values: Values): boolean {
  const inView = op.base_version >= (held.body.theirs?.version ?? record.version);
  return Object.keys(values).some((field) => {
    if (!Object.hasOwn(held.body.mine.set, field)) return false;
    const shown = normal(record.kind, field, own(op.was ?? {}, field));
    return !(inView && same(shown, valueOf(record.kind, record.body, field)));
  });
}

/** Rule 7: a `create`, of an id that is new, and of one that isn't. */
function decideCreate(current: Current, foreign: Foreign, op: Operation, policy: Policy): Decision {
  const { kind } = op;
  const values = split(kind, op.set ?? {});
  const body = newBody(kind, values, op.on_behalf_of, authorOf(policy));
  const scope = scopeOf(kind, op.id, body, authorOf(policy), current.referred ?? {});
  const access = kind === "patient" ? "held" : scope === null ? null : accessTo(policy, scope);
  const home = homeOf(current, op, policy);
  if (scope === null || access === null) return rejected(home, unknownPlace(op, body));
  if (access === "lost") return quarantined(scope, refusal("forbidden"));
  const no = denied({ kind, scope, op, body, patientTeams: teamsOfPatient(current) }, policy);
  if (no !== null) return decision(no.outcome, home, { error: no.error });
  if ("patient_id" in body) {
    if (!current.patient) return rejected(home, refusal("unknown_scope", "/set/patient_id"));
    const stopped = checkPatient(op, body["patient_id"] as string, current.patient) ?? ofAnotherPatient(current, body);
    if (typeof stopped === "string") return keep(current, foreign, op, policy, stopped, scope);
    if (stopped !== null) return rejected(home, stopped);
  }
  if (kind === "letter" && body["state"] !== "draft") return rejected(home, refusal("letter_state", "/set/state"));
  if (isTooLarge(body)) return rejected(home, refusal("record_too_large"));
  if (current.record) return decideExisting(current.record, current, foreign, op, values, policy);
  if (kind === "patient" && current.duplicate) return keep(current, foreign, op, policy, "possible_duplicate", scope);
  return decision("applied", scope, { body, fields: Object.keys(values).sort() });
}

function decideExisting(record: RecordNow, current: Current, foreign: Foreign, op: Operation, values: Values, policy: Policy): Decision {
  const { kind, scope } = record;
  if (kind !== op.kind || accessTo(policy, scope) !== "held") {
    return rejected(homeOf({ ...current, record: null }, op, policy), refusal("id_taken", "/id"));
  }
  if (record.deleted) return keep(current, foreign, op, policy, "deleted", scope);
  const other = Object.keys(values).filter((field) => !same(values[field], valueOf(kind, record.body, field)));
  const fixed = other.find((field) => classOf(kind, field) === "fixed");
  if (fixed !== undefined) return rejected(scope, refusal(kind === "letter" ? "wrong_patient" : "id_taken", pointer(fixed)));
  if (other.length > 0) {
    // It would change what is there: then the right to make one is not enough.
    const edit = { ...op, action: "patch" as const, set: values };
    const no = denied({ kind, scope, op: edit, body: record.body, patientTeams: teamsOfPatient(current) }, policy);
    if (no !== null) return decision(no.outcome, scope, { error: no.error });
    if (isSigned(record.body)) return keep(current, foreign, op, policy, "signed_meanwhile", scope);
  }
  return decideFields(record, current, foreign, { ...op, was: {} }, values, policy);
}

/** The body a create makes, with the server's own fields. */
export function newBody(kind: Kind, values: Values, onBehalfOf: string | undefined, author: string): Values {
  const body = composed(kind, values);
  if (kind === "letter") body["author_id"] = onBehalfOf ?? author;
  if (kind === "attachment") body["state"] = "uploading";
  return body;
}

function unknownPlace(op: Operation, body: Values): Refusal {
  if (op.kind === "receipt") return refusal("unknown_record", "/set/record_id");
  return refusal("unknown_scope", "patient_id" in body ? "/set/patient_id" : "/set/team_id");
}

/** A file, a letter or a message of one patient is never hung on another. */
function ofAnotherPatient(current: Current, body: Values): Refusal | null {
  for (const name of ["letter_id", "in_reply_to", "attachment_ids"]) {
    for (const id of [(body[name] ?? []) as string | string[]].flat()) {
      const scope = current.referred?.[id] ?? "";
      if (scope.startsWith("patient:") && scope !== `patient:${String(body["patient_id"])}`) return refusal("wrong_patient", `/set/${name}`);
    }
  }
  return null;
}

export function teamsOfPatient(current: Current): string[] {
  return (current.patient?.body["team_ids"] as string[] | undefined) ?? [];
}

export function isTooLarge(body: Values): boolean {
  return canonicalBytes(body).length > LIMITS.max_body_bytes;
}
