/**
 * `POST /api/sync/push`: sends the outbox in order until it is empty. What was sent and not answered is sent again as it
 * was: the server knows an operation by its id and repeats its verdict.
 */
import { SCHEMA_VERSION, type Operation, type PushResponse, type SyncLimits } from "@quill/schemas";
import { DONE, LOST, errorOf, json, stepAfter, type Step } from "./answers.ts";
import { operationOf } from "./drafts.ts";
import { hello } from "./hello.ts";
import type { SyncParts } from "./parts.ts";

/** Milliseconds without an edit after which a draft may become an operation. */
export const QUIET_MS = 1_000;
/** Bytes left for what stands around the operations. */
const ENVELOPE = 2_048;

export interface Pushed {
  step: Step;
  /** The server's head after the last answer; the pull must reach it. */
  head: number | null;
}

export async function push(parts: SyncParts, limits: Pick<SyncLimits, "max_ops" | "max_bytes">): Promise<Pushed> {
  const { store, session, leadership, clock } = parts;
  let most = limits.max_ops;
  let head: number | null = null;
  let helloed = false;
  let barren = 0;
  const ended = (step: Step): Pushed => ({ step, head });
  for (;;) {
    const batch = await nextBatch(parts, most, limits.max_bytes - ENVELOPE);
    if (batch.length === 0) return ended(DONE);
    if (!leadership.beat()) return ended(LOST);
    const { device_id, audit_head } = await store.identity();
    const answer = await session.call({
      method: "POST", path: "/api/sync/push",
      json: { device_id, ...(audit_head !== null && { audit_head }), ops: batch },
    });
    if (answer.kind === "ok") {
      const said = json<PushResponse>(answer);
      head = Math.max(head ?? 0, said.head);
      const known = new Set(batch.map(({ op_id }) => op_id));
      const verdicts = said.verdicts.filter(({ op_id }) => known.has(op_id));
      await store.storeVerdicts(verdicts, new Date(clock.now()).toISOString());
      if (said.audit_head !== undefined) await store.rememberHello({ audit_head: said.audit_head });
      if (verdicts.length === 0 && ++barren > 1) return ended({ kind: "wait" }); // an answer to something else: don't spin
      continue;
    }
    const error = errorOf(answer);
    switch (error?.error_code) {
      case "request_too_large":
        if (batch.length === 1) return ended(stepAfter(answer));
        most = Math.max(1, Math.floor(batch.length / 2));
        break;
      case "device_seq_gap":
        if (barren++ > 2 || error.expected === undefined) return ended({ kind: "wait" });
        await store.putNote(RESEND_FROM, error.expected);
        break;
      case "device_seq_reused":
        if (barren++ > 2) return ended({ kind: "wait" });
        await store.renumber(parts.newId());
        await store.putNote(RESEND_FROM, null);
        helloed = false;
        break;
      case "unknown_device": {
        if (helloed) return ended({ kind: "wait" });
        const greeted = await hello(parts);
        if (greeted.kind !== "done") return ended(greeted);
        helloed = true;
        break;
      }
      case "bad_audit_head": {
        const greeted = await hello(parts);
        if (greeted.kind !== "done" || barren++ > 2) return ended(greeted.kind === "done" ? { kind: "wait" } : greeted);
        break;
      }
      default:
        return ended(stepAfter(answer));
    }
  }
}

/** Makes drafts operations. `quiet`: only those nobody types in; `all`: every one (before a revoke is stored). */
export async function commitDrafts({ store, clock }: Pick<SyncParts, "store" | "clock">, which: "quiet" | "all"): Promise<void> {
  const drafts = await store.drafts();
  const ready = drafts.filter(({ saved_at }) => which === "all" || Math.abs(clock.now() - Date.parse(saved_at)) >= QUIET_MS);
  if (ready.length > 0) await store.commitDrafts(ready.map(({ id }) => id), operationOf);
}

/** Note: the number the server expects, after it said that earlier ones are missing there. */
const RESEND_FROM = "resend-from";

/**
 * The operations to send next. After a gap: everything from the number the server expects on, with what was decided
 * before (the server lost it), and a `void` for a number nobody has any more.
 */
async function nextBatch({ store, newId, clock }: SyncParts, count: number, bytes: number): Promise<Operation[]> {
  const unsent = (await store.outbox({ count, bytes })).map(({ operation }) => operation);
  const from = await store.note(RESEND_FROM);
  const first = unsent[0]?.device_seq;
  if (typeof from !== "number" || first === undefined) return unsent;
  if (from >= first) {
    await store.putNote(RESEND_FROM, null);
    return unsent;
  }
  const decided = new Map((await store.decided()).map(({ operation }) => [operation.device_seq, operation]));
  const { epoch } = await store.identity();
  const missing: Operation[] = [];
  for (let seq = from; seq < first && missing.length < count; seq++) {
    const known = decided.get(seq) ?? ((await store.note(`void-${seq}`)) as Operation | null);
    const sent = known ?? voided(newId(), seq, unsent[0] as Operation, new Date(clock.now()).toISOString(), epoch);
    if (!known) await store.putNote(`void-${seq}`, sent); // the same id when it is sent again
    missing.push(sent);
  }
  // Once these are on the server the outbox follows; a new gap would say so.
  await store.putNote(RESEND_FROM, from + missing.length);
  return missing;
}

function voided(op_id: string, device_seq: number, { kind, id }: Operation, made_at: string, epoch: number | null): Operation {
  return {
    op_id, device_seq, kind, id, action: "void", schema: SCHEMA_VERSION, base_version: 0, made_at, reason: "lost on the device",
    ...(epoch !== null && { base_epoch: epoch }),
  };
}
