/**
 * View = pulled records + own operations not yet in them + drafts (`sync-protocol`, Clients). Pure.
 *
 * V1  An operation is in the view from the moment it is queued.
 * V2  It stays while its verdict is stored and the pulled record is older than the verdict's version.
 * V3  A conflicting one stays until its conflict is pulled; then the server's version shows.
 * V4  A rejected, quarantined or void one is not in the view.
 * V5  Nothing is in the view twice, and nothing of a scope that is gone (the store drops it).
 */
import type { Kind, Operation, Patient, Verdict } from "@quill/schemas";
import { applied, composed, split } from "../domain/fields.ts";
import type { PatientName } from "./device.ts";
import type { Draft, StoredRecord } from "./ports.ts";

type Values = Record<string, unknown>;

export interface OwnOperation {
  operation: Operation;
  scope: string;
  /** Absent: unsent, or its verdict has not arrived. */
  verdict?: Verdict;
  decided_at?: string;
}

/** Own work as read from the store, in this order, before any record: see `readOwnWork`. */
export interface OwnWork {
  drafts: Draft[];
  /** In the order of their numbers. */
  operations: OwnOperation[];
  /** Everything up to here is pulled. */
  head: number;
  /** Whose device this is. */
  user_id: string;
}

export interface View {
  kind: Kind;
  id: string;
  scope: string;
  /** Last version pulled; 0 for one only this device knows. */
  version: number;
  /** As pulled. */
  record: StoredRecord | null;
  /** What the screen shows. */
  body: Values;
  /** Own operations that are in `body` but not in `record`. */
  pending: OwnOperation[];
  draft: Draft | null;
  /** A signature that the server hasn't accepted yet: its text shows, its state doesn't. */
  signatureWaiting: boolean;
}

/** What is pulled of a conflict; null: nothing. */
export type Pulled = (id: string) => Pick<StoredRecord, "version" | "seq"> | null;

/** Whether an own operation is not yet in what was pulled (V1–V4). */
export function isPending({ operation, verdict }: OwnOperation, record: Pick<StoredRecord, "version"> | null, head: number, conflicts: Pulled): boolean {
  if (operation.action === "void") return false;
  if (!verdict) return true;
  if (verdict.outcome === "rejected" || verdict.outcome === "quarantined") return false;
  if (verdict.seq !== undefined && verdict.seq <= head) return false;
  if (verdict.outcome === "conflict") {
    const conflict = verdict.conflict_id === undefined ? null : conflicts(verdict.conflict_id);
    return conflict === null || (verdict.seq !== undefined && conflict.seq < verdict.seq);
  }
  return (record?.version ?? 0) < (verdict.record?.version ?? 0);
}

/** One record as this device's person sees it; null where there is nothing (left) to see. */
export function viewOf(id: string, record: StoredRecord | null, work: OwnWork, conflicts: Pulled): View | null {
  const pending = work.operations.filter((own) => own.operation.id === id && isPending(own, record, work.head, conflicts));
  const draft = work.drafts.find((one) => one.id === id) ?? null;
  let body = record ? (record.body as Values) : null;
  let signatureWaiting = false;
  for (const own of pending) {
    const laid = laidOver(body, own, work.user_id);
    body = laid.body;
    signatureWaiting ||= laid.signatureWaiting;
  }
  if (draft) body = body ? applied(draft.kind, body, draft.set) : draft.create ? born(draft.kind, draft.set, draft.on_behalf_of ?? work.user_id) : null;
  const first = record ?? pending[0]?.operation ?? draft;
  if (!body || !first) return null;
  const scope = record?.scope ?? pending[0]?.scope ?? draft?.scope ?? "";
  return { kind: first.kind, id, scope, version: record?.version ?? 0, record, body, pending, draft, signatureWaiting };
}

function laidOver(body: Values | null, { operation, verdict }: OwnOperation, me: string): { body: Values | null; signatureWaiting: boolean } {
  const { kind, action, set = {} } = operation;
  const as = (next: Values | null, signatureWaiting = false) => ({ body: next, signatureWaiting });
  if (action === "create") return as(body ?? born(kind, split(kind, set), operation.on_behalf_of ?? me));
  if (action === "delete") return as(null);
  if (action !== "patch" || !body) return as(body);
  const signs = kind === "letter" && (set["state"] === "signed" || set["state"] === "amended");
  if (!signs || verdict) return as(applied(kind, body, set));
  const text = Object.fromEntries(Object.entries(set).filter(([field]) => field !== "state"));
  return as(applied(kind, body, text), true);
}

/** A new record as the server will make it of these fields, with what only the server sets. */
function born(kind: Kind, values: Values, author: string): Values {
  const body = composed(kind, values);
  if (kind === "letter") return { ...body, author_id: author };
  if (kind === "attachment") return { ...body, state: "uploading" };
  return body;
}

/** Whom a view of a patient is of; null for any other. */
export function nameOf(view: View | null): PatientName | null {
  if (view?.kind !== "patient") return null;
  const { name } = view.body as unknown as Patient;
  return { family: name.family, given: name.given.join(" ") };
}
