/** What `decide` is told and what it answers; the same names as `quill.domain.facts` and `quill.domain.decision`. */
import type { ConflictMine, ErrorCode, Kind, Operation, Outcome, Role } from "@quill/schemas";

export type Values = Record<string, unknown>;
export type Access = "held" | "lost";

export interface OpenConflict {
  id: string;
  version: number;
  body: ConflictBody;
  /** Its `mine` came from this device (its whole chain of ids). */
  own: boolean;
  scope: string;
}

/** What the rules read of a conflict's body; the rest is carried along. */
export interface ConflictBody extends Values {
  kind: Kind;
  record_id: string;
  reason: string;
  severity: "low" | "medium" | "high";
  due?: string;
  theirs?: { version: number };
  mine: ConflictMine;
  events: Values[];
}

export interface RecordNow {
  kind: Kind;
  id: string;
  scope: string;
  version: number;
  body: Values;
  deleted?: boolean;
  by?: string;
  at?: string;
}

export interface PatientFacts {
  body: Values;
  /** What the patient was since `seen.version`, and what this device set; `whole: true` where an absence says there was none. */
  history?: Values[];
}

export interface Dependency {
  op_id: string;
  outcome: Outcome | null;
  conflict?: OpenConflict | null;
  voided?: boolean;
}

export interface Current {
  record?: RecordNow | null;
  conflicts?: OpenConflict[];
  patient?: PatientFacts | null;
  duplicate?: RecordNow | null;
  dependencies?: Dependency[];
  referred?: Record<string, string>;
}

export interface Version {
  version: number;
  by: string;
  fields: string[];
  state?: string | null;
  device_root?: string | null;
}

export interface Foreign {
  versions: Version[];
  base_body?: Values | null;
}

export interface Colleague {
  roles: Role[];
  scopes: string[];
}

export interface Policy {
  user_id: string;
  roles: Role[];
  team_ids: string[];
  scopes: Record<string, Access>;
  now: string;
  device_id: string;
  epoch: number;
  former_roles?: Role[];
  former_team_ids?: string[];
  people?: Record<string, Colleague>;
  clock_offset_s?: number;
  author_id?: string;
}

export interface Refusal {
  error_code: ErrorCode;
  message: string;
  path?: string;
}

export interface ConflictWrite {
  id: string | null;
  version: number;
  scope: string;
  body: Values;
}

export interface Decision {
  outcome: Outcome;
  scope: string;
  body?: Values;
  deleted: boolean;
  fields: string[];
  merged_with: string[];
  error?: Refusal;
  conflict?: ConflictWrite;
  parents: string[];
  dependants: Values[];
}

export const NO_FOREIGN: Foreign = { versions: [] };

export function accessTo(policy: Policy, scope: string): Access | null {
  const found = Object.hasOwn(policy.scopes, scope) ? policy.scopes[scope] : undefined;
  if (found !== undefined) return found;
  return scope === "org" || scope === `user:${policy.user_id}` ? "held" : null;
}

export function authorOf(policy: Policy): string {
  return policy.author_id ?? policy.user_id;
}

/** Rule 1: foreign is a version above `base_version` not written by this device; with another `base_epoch`, every version. */
export function foreignSince(op: Operation, history: Version[], deviceRoot: string, epoch: number, baseBody?: Values | null): Foreign {
  const base_body = baseBody ?? null;
  if (op.base_epoch !== undefined && op.base_epoch !== epoch) return { versions: history, base_body };
  const versions = history.filter((version) => version.version > op.base_version && version.device_root !== deviceRoot);
  return { versions, base_body };
}

export function foreignFields(foreign: Foreign): Set<string> {
  return new Set(foreign.versions.flatMap((version) => version.fields));
}

export function decision(outcome: Outcome, scope: string, rest: Partial<Decision> = {}): Decision {
  return { outcome, scope, deleted: false, fields: [], merged_with: [], parents: [], dependants: [], ...rest };
}
