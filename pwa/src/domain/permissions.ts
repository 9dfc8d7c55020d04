/** Who may push what: the table role × kind × action, its conditions held against one operation. The same as `quill.domain.permissions`. */
import { PERMISSIONS } from "@quill/schemas";
import type { Condition, Kind, Operation, Role } from "@quill/schemas";
import { accessTo } from "./facts.ts";
import type { Policy, Refusal, Values } from "./facts.ts";
import { classOf, pointer } from "./fields.ts";
import { refusal } from "./refusals.ts";

/** What the conditions are held against. */
export interface Subject {
  kind: Kind;
  scope: string;
  op: Pick<Operation, "action" | "set" | "on_behalf_of">;
  /** The record's body as it is; of a create, as it will be. */
  body: Values;
  /** Teams of the patient the record is about. */
  patientTeams: string[];
}

const STATE_ACTIONS: Record<string, string> = { draft: "ready", ready: "ready", signed: "sign", amended: "amend", retracted: "retract" };

/** Null: allowed. Else how it ends: refused, or quarantined where the person's former roles or teams would allow it. */
export function denied(subject: Subject, policy: Policy): { outcome: "rejected" | "quarantined"; error: Refusal } | null {
  for (const [action, path] of asked(subject)) {
    if (may(subject, action, policy.roles, policy.team_ids, policy)) continue;
    const formerly = [...(policy.former_roles ?? []), ...(policy.former_team_ids ?? [])].length > 0;
    const roles = [...policy.roles, ...(policy.former_roles ?? [])];
    const teams = [...policy.team_ids, ...(policy.former_team_ids ?? [])];
    const once = formerly && may(subject, action, roles, teams, policy);
    return { outcome: once ? "quarantined" : "rejected", error: refusal("forbidden", path ?? reason(subject, action, policy)) };
  }
  if (subject.kind === "letter" && subject.op.on_behalf_of !== undefined && !clinicianNamed(subject, policy)) {
    return { outcome: "rejected", error: refusal("forbidden", "/on_behalf_of") };
  }
  return null;
}

/** Whether one of the roles allows the action. */
export function may(subject: Subject, action: string, roles: Role[], teams: string[], policy: Policy): boolean {
  return roles.some((role) => {
    const condition = PERMISSIONS[role][subject.kind]?.[action];
    return condition !== undefined && (condition === "always" || holds(condition, subject, action, teams, policy));
  });
}

/** Every action the operation needs, with the field that needs it. */
function asked({ kind, op }: Subject): [action: string, path?: string][] {
  if (op.action !== "patch") return [[op.action]];
  const values = op.set ?? {};
  const fields = Object.keys(values);
  if (kind === "patient") return fields.map((field) => [`edit_${classOf("patient", field) ?? "free"}`, pointer(field)]);
  const state = kind === "letter" ? values["state"] : undefined;
  const needed: [string, string?][] = [];
  if (typeof state === "string") {
    needed.push([STATE_ACTIONS[state] ?? "edit", "/set/state"]);
    if (state === "amended" || state === "retracted") return needed; // an amendment's text goes with it
  }
  const edited = fields.find((field) => state === undefined || field !== "state");
  if (edited !== undefined) needed.push(["edit", pointer(edited)]);
  return needed;
}

function holds(condition: Condition, subject: Subject, action: string, teams: string[], policy: Policy): boolean {
  const touched = teamsTouched(subject, action);
  const [kind, owner] = subject.scope.split(":");
  switch (condition) {
    case "own_teams":
      return touched.length > 0 && touched.every((team) => teams.includes(team));
    case "any_team":
      return touched.length > 0;
    case "on_behalf_of_clinician":
      return clinicianNamed(subject, policy);
    case "author_or_same_team":
      return subject.body["author_id"] === policy.user_id || subject.patientTeams.some((team) => teams.includes(team));
    case "own":
      return subject.scope === `user:${policy.user_id}`;
    case "own_or_team":
      return kind === "user" ? owner === policy.user_id : kind === "team" && owner !== undefined && teams.includes(owner);
    case "organisation":
      return subject.scope === "org";
    default:
      return accessTo(policy, subject.scope) === "held";
  }
}

/** Teams a patient is given or taken; a new patient's are all given. */
function teamsTouched(subject: Subject, action: string): string[] {
  if (action === "create") return (subject.body["team_ids"] as string[] | undefined) ?? [];
  return Object.keys(subject.op.set ?? {}).filter((field) => field.startsWith("team_ids/")).map((field) => field.slice(9));
}

function clinicianNamed(subject: Subject, policy: Policy): boolean {
  const named = policy.people?.[subject.op.on_behalf_of ?? ""];
  return named !== undefined && named.roles.includes("Clinician") && named.scopes.includes(subject.scope);
}

/** Which part of a create was at fault, where a condition and not the role itself is. */
function reason(subject: Subject, action: string, policy: Policy): string | undefined {
  const conditions = policy.roles.map((role) => PERMISSIONS[role][subject.kind]?.[action]);
  if (conditions.includes("own_teams") || conditions.includes("any_team")) return "/set/team_ids";
  return conditions.includes("on_behalf_of_clinician") ? "/on_behalf_of" : undefined;
}
