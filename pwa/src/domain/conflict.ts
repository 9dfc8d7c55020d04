/** Keeping what can't be decided by rule: a conflict of its own, or joined to the one this device has. The same as `quill.domain.conflicts`. */
import type { Kind, Operation } from "@quill/schemas";
import { accessTo, authorOf, decision } from "./facts.ts";
import type { ConflictWrite, Current, Decision, Foreign, OpenConflict, Policy, RecordNow, Values } from "./facts.ts";
import { composed, normal, split, valueOf } from "./fields.ts";
import { proposal } from "./merge.ts";
import { may } from "./permissions.ts";

type Severity = "low" | "medium" | "high";

const HOURS: Record<Severity, number> = { high: 4, medium: 24, low: 72 };
const RANK: Severity[] = ["low", "medium", "high"];
const HIGH = new Set(["identity", "signed_meanwhile", "signed_stale_text", "patient_changed", "possible_duplicate"]);

/** The field of a decision about a record as a whole. */
export const WHOLE = "";

export function ownConflict(current: Current): OpenConflict | null {
  return current.conflicts?.find((conflict) => conflict.own) ?? null;
}

/** Whether the person may `choose`, `compose` in or `return` this conflict. A possible duplicate is an Administrator's. */
export function mayDecide(
  conflict: Pick<OpenConflict, "scope"> & { body: { reason: string; mine: { by: string } } },
  action: "choose" | "compose" | "return",
  policy: Policy,
): boolean {
  if (conflict.body.reason === "possible_duplicate" && !policy.roles.includes("Administrator")) return false;
  const scope = conflict.body.mine.by === policy.user_id ? `user:${policy.user_id}` : conflict.scope;
  const subject = { kind: "conflict" as const, scope, op: { action: "resolve" as const }, body: {}, patientTeams: [] };
  return may(subject, action, policy.roles, policy.team_ids, policy);
}

/** Decides `conflict`: the operation, whole, joins `into`, else this device's conflict on the record, else makes one. */
export function keep(
  current: Current, foreign: Foreign, op: Operation, policy: Policy, reason: string, scope: string, into?: OpenConflict,
): Decision {
  const held = into ?? ownConflict(current);
  const write = held === null ? opened(current, foreign, op, policy, reason, scope) : joined(held, current, op, policy, reason);
  return decision("conflict", write.scope, { conflict: write });
}

/** Decides `conflict` for an operation on another record, which waits in the conflict for its turn. */
export function keepDependant(into: OpenConflict, op: Operation, policy: Policy): Decision {
  const mine = { ...into.body.mine, dependants: [...(into.body.mine.dependants ?? []), { ...op }] };
  const body = { ...into.body, mine, events: [...into.body.events, event("joined", op, policy)] };
  return decision("conflict", into.scope, { conflict: { id: into.id, version: into.version + 1, scope: into.scope, body } });
}

function opened(current: Current, foreign: Foreign, op: Operation, policy: Policy, reason: string, scope: string): ConflictWrite {
  const record = current.record ?? null;
  const mine = {
    action: op.action,
    set: op.action === "create" ? split(op.kind, op.set ?? {}) : { ...op.set },
    was: { ...op.was },
    op_ids: [op.op_id],
    ...origin(op, policy),
  };
  const duplicate = reason === "possible_duplicate";
  const theirs = duplicate && record === null ? otherPatient(current, policy) : record;
  const base = baseSide(record, foreign, op);
  const owner = duplicate ? null : ownerOf(record, op, policy);
  const body: Values = {
    kind: op.kind,
    record_id: op.id,
    reason,
    mine,
    status: "open",
    events: [event("opened", op, policy)],
    ...(base === null ? {} : { base }),
    ...(theirs === null || theirs.deleted ? {} : { theirs: side(theirs) }),
    ...(owner === null ? {} : { owner }),
  };
  const home = duplicate ? `user:${authorOf(policy)}` : scope;
  return { id: null, version: 1, scope: home, body: weighed(body, severityOf(op.kind, reason), policy) };
}

function joined(into: OpenConflict, current: Current, op: Operation, policy: Policy, reason: string): ConflictWrite {
  const old = into.body.mine;
  const values = op.action === "create" ? split(op.kind, op.set ?? {}) : (op.set ?? {});
  const mine = {
    ...old,
    ...origin(op, policy),
    set: { ...old.set, ...values },
    was: { ...op.was, ...old.was },
    op_ids: [...old.op_ids, op.op_id],
    ...(op.action === "delete" ? { action: "delete" } : {}),
  };
  const body: Values = { ...into.body, mine, events: [...into.body.events, event("joined", op, policy)] };
  const record = current.record ?? null;
  if (record !== null) {
    delete body["theirs"];
    if (!record.deleted) body["theirs"] = side(record);
  }
  const severities = [into.body.severity, severityOf(op.kind, reason)];
  const severity = RANK.findLast((one) => severities.includes(one)) ?? "low";
  return { id: into.id, version: into.version + 1, scope: into.scope, body: weighed(body, severity, policy) };
}

/** The body with its fields side by side, how grave it is and by when it should be decided. */
function weighed(body: Values, severity: Severity, policy: Policy): Values {
  const due = new Date(Date.parse(policy.now) + HOURS[severity] * 3_600_000).toISOString().replace(/\.\d+Z$/, "Z");
  const before = body["due"] as string | undefined;
  return { ...body, severity, due: before !== undefined && before < due ? before : due, fields: sideBySide(body) };
}

/** One line a field of `mine`: base, theirs, mine, and a proposal where both changed a text. */
export function sideBySide(body: Values): Values[] {
  const kind = body["kind"] as Kind;
  const mine = body["mine"] as { action: string; set: Values; was: Values };
  const theirs = body["theirs"] as { body: Values } | undefined;
  const whole = { field: WHOLE, ...(theirs === undefined ? {} : { theirs: theirs.body }) };
  if (mine.action === "create" && (theirs === undefined || body["reason"] === "possible_duplicate")) {
    return [{ ...whole, mine: composed(kind, mine.set) }];
  }
  const lines = Object.keys(mine.set).map((field) => line(kind, field, mine, theirs?.body ?? null));
  return mine.action === "delete" ? [...lines, whole] : lines;
}

function line(kind: Kind, field: string, mine: { set: Values; was: Values }, theirs: Values | null): Values {
  const sides: Values = {
    field,
    base: normal(kind, field, mine.was[field]),
    theirs: theirs === null ? null : valueOf(kind, theirs, field),
    mine: normal(kind, field, mine.set[field]),
  };
  if (field.startsWith("sections/") || (kind === "snippet" && field === "text")) {
    sides["proposal"] = proposal(sides["base"], sides["theirs"], sides["mine"]);
  }
  return Object.fromEntries(Object.entries(sides).filter(([, value]) => value !== null));
}

function origin(op: Operation, policy: Policy): Values {
  const seconds = (Date.parse(policy.now) - Date.parse(op.made_at)) / 1000 + (policy.clock_offset_s ?? 0);
  return {
    by: authorOf(policy),
    device: policy.device_id,
    made_at: op.made_at,
    offline_for_s: Math.max(0, Math.trunc(seconds)), // to show, never to decide by (rule 9)
    ...(op.on_behalf_of === undefined ? {} : { on_behalf_of: op.on_behalf_of }),
    ...(op.reason === undefined ? {} : { reason: op.reason }),
    ...(op.seen_sha256 === undefined ? {} : { seen_sha256: op.seen_sha256 }),
  };
}

function event(name: string, op: Operation, policy: Policy): Values {
  return { event: name, at: policy.now, by: authorOf(policy), op_id: op.op_id };
}

function baseSide(record: RecordNow | null, foreign: Foreign, op: Operation): Values | null {
  if (foreign.base_body) return { body: foreign.base_body, version: op.base_version };
  return record !== null && record.version === op.base_version && foreign.versions.length === 0 ? side(record) : null;
}

function side(record: RecordNow): Values {
  return {
    body: record.body,
    version: record.version,
    ...(record.by ? { by: record.by } : {}),
    ...(record.at ? { at: record.at } : {}),
  };
}

function otherPatient(current: Current, policy: Policy): RecordNow | null {
  const other = current.duplicate ?? null;
  return other !== null && accessTo(policy, other.scope) === "held" ? other : null;
}

function ownerOf(record: RecordNow | null, op: Operation, policy: Policy): string | null {
  if (record === null) return op.on_behalf_of ?? authorOf(policy);
  const author = (record.body["author_id"] as string | undefined) ?? record.by ?? "";
  return author === "" || author === "server" || author.includes(":") ? null : author;
}

function severityOf(kind: Kind, reason: string): Severity {
  if (HIGH.has(reason)) return "high";
  return kind === "letter" ? "medium" : "low";
}
