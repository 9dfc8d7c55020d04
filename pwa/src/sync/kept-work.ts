/** Quarantine as people see it: one's own withheld work, and that of others which one may take in. */
import type { Operation, Person, Quarantine } from "@quill/schemas";
import type { Policy } from "../domain/facts.ts";
import { may } from "../domain/permissions.ts";
import type { KeptRow, Who } from "./device.ts";
import type { Views } from "./own-work.ts";
import { nameOf, type View } from "./view.ts";
import { textOf, whatOf } from "./words.ts";

/** What waits for this person's decision. */
export function toDecide({ state, own, mayRelease, decided }: KeptRow): boolean {
  return state === "open" && !own && mayRelease && !decided;
}

/** Newest last. Refused work isn't here: its author has it as refused, with the reason. */
export async function keptWork({ views, who }: { views: Views; who: Who }): Promise<KeptRow[]> {
  const kept = (await views.views("quarantine")).filter((view) => isKept(view, who));
  if (kept.length === 0) return [];
  const people = new Map((await views.views("person")).map(({ id, body }) => [id, (body as unknown as Person).name]));
  const rows = await Promise.all(kept.map((view) => rowOf(view, views, who, people)));
  return rows.sort((a, b) => a.at.localeCompare(b.at));
}

function isKept({ scope, body }: View, who: Who): boolean {
  const { op, outcome, by } = body as unknown as Quarantine;
  return op === undefined ? scope === `user:${who.user_id}` : outcome === "quarantined" && by !== who.user_id;
}

async function rowOf(view: View, views: Views, who: Who, people: Map<string, string>): Promise<KeptRow> {
  const { op, state, by, at } = view.body as unknown as Quarantine;
  const patient_id = view.scope.startsWith("patient:") ? view.scope.slice(8) : undefined;
  const patient = patient_id === undefined ? null : await views.view(patient_id);
  const operation = op as unknown as Operation | undefined;
  return {
    id: view.id, state, own: op === undefined, by: people.get(by ?? "") ?? "", at: at ?? view.record?.at ?? "",
    what: operation ? whatOf(operation) : "", text: operation ? textOf(operation) : "", patient: nameOf(patient), ...(patient_id !== undefined && { patient_id }),
    mayRelease: operation !== undefined && mayRelease(view, who), decided: view.pending.some(({ operation: { action } }) => action === "resolve"),
  };
}

function mayRelease({ scope, body }: View, { user_id, roles, team_ids }: Who): boolean {
  const known = roles as Person["roles"];
  const policy: Policy = { user_id, roles: known, team_ids, scopes: { [scope]: "held" }, now: "", device_id: "", epoch: 0 };
  return may({ kind: "quarantine", scope, op: { action: "resolve" }, body, patientTeams: [] }, "release", known, team_ids, policy);
}
