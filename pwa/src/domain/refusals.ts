/** Saying no in words. */
import { ERRORS } from "@quill/schemas";
import type { ErrorCode, Operation } from "@quill/schemas";
import { accessTo, authorOf, decision } from "./facts.ts";
import type { Current, Decision, Policy, Refusal } from "./facts.ts";
import { scopeOf } from "./scopes.ts";

export function refusal(code: ErrorCode, path?: string): Refusal {
  return { error_code: code, message: ERRORS[code].message, ...(path === undefined ? {} : { path }) };
}

/** Where a refused operation is kept: the scope it is about, if its author ever had that; else their own. */
export function homeOf(current: Current, op: Operation, policy: Policy): string {
  // A change of a record that never came to be says things about the patient on the screen all the same.
  const body = op.action === "create" ? (op.set ?? {}) : op.seen ? { patient_id: op.seen.patient_id } : null;
  const scope = current.record?.scope ?? (body && scopeOf(op.kind, op.id, body, authorOf(policy), current.referred ?? {}));
  return scope !== null && accessTo(policy, scope) !== null ? scope : `user:${authorOf(policy)}`;
}

export function rejected(scope: string, error: Refusal): Decision {
  return decision("rejected", scope, { error });
}

export function quarantined(scope: string, error: Refusal): Decision {
  return decision("quarantined", scope, { error });
}
