/**
 * Drafts: what is being typed into one record, field by field, until it becomes a numbered operation.
 *
 * What the screen showed is fixed when a field enters the draft (`was`) and when the draft begins (`base_version`, `seen`);
 * no pull, verdict or later edit changes it.
 */
import { composed, normal, own, same } from "../domain/fields.ts";
import type { Draft, OperationDraft } from "./ports.ts";

type Values = Record<string, unknown>;

/** The draft with an edit folded in: the last value of a field counts, the first `was` of it stays. */
export function folded(draft: Draft, set: Values, was: Values, dependsOn: readonly string[], savedAt: string): Draft {
  return {
    ...draft,
    set: { ...draft.set, ...set },
    was: { ...was, ...draft.was },
    depends_on: [...new Set([...draft.depends_on, ...dependsOn])],
    saved_at: savedAt,
  };
}

/** The operation a draft becomes; null where the person took everything back. Pure: it may be asked more than once. */
export function operationOf(draft: Draft): OperationDraft | null {
  const { kind, id, scope, base_version, depends_on } = draft;
  const said = {
    kind, id, scope, base_version, made_at: draft.saved_at,
    ...(depends_on.length > 0 && { depends_on }),
    ...(draft.seen && { seen: draft.seen }),
    ...(draft.on_behalf_of !== undefined && { on_behalf_of: draft.on_behalf_of }),
  };
  if (draft.create) return { ...said, action: "create", set: composed(kind, draft.set) };
  const changed = Object.keys(draft.set).filter((field) => !same(normal(kind, field, draft.set[field]), normal(kind, field, draft.was[field])));
  if (changed.length === 0) return null;
  const of = (values: Values) => Object.fromEntries(changed.map((field) => [field, own(values, field)]));
  return { ...said, action: "patch", set: of(draft.set), was: of(draft.was) };
}
