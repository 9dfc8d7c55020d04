/** `POST /api/sync/hello`: says who this device is, learns where the log is. Also the check whose session the cookies are. */
import type { HelloRequest, HelloResponse, StorageReport, SyncLimits } from "@quill/schemas";
import { DONE, errorOf, json, stepAfter, type Step } from "./answers.ts";
import type { SyncParts } from "./parts.ts";

export type Greeting = Step & { limits?: SyncLimits };

/**
 * @param cursor a cursor just received, to have checked that it is this person's; default: the stored one
 */
export async function hello(parts: SyncParts, cursor?: string): Promise<Greeting> {
  const { store, session } = parts;
  for (let turn = 0; ; turn++) {
    const asked = await greeting(parts, cursor, turn > 0);
    const answer = await session.call({ method: "POST", path: "/api/sync/hello", json: asked });
    if (answer.kind === "ok") return welcomed(parts, json<HelloResponse>(answer));
    const code = errorOf(answer)?.error_code;
    if (turn === 0 && code === "bad_cursor" && asked.cursor !== undefined && cursor === undefined) await store.dropCursor(asked.cursor);
    else if (turn > 0 || code !== "bad_audit_head") return stepAfter(answer);
  }
}

async function greeting(parts: SyncParts, cursor: string | undefined, bare: boolean): Promise<HelloRequest> {
  const { store, clock } = parts;
  const identity = await store.identity();
  const outbox = await store.outbox();
  const oldest = outbox[0]?.operation.made_at;
  const stored = cursor ?? (await store.cursor());
  return {
    device_id: identity.device_id,
    ...(identity.replaces.length > 0 && { replaces: identity.replaces }),
    app_version: parts.appVersion,
    ...(stored !== null && { cursor: stored }),
    ...(identity.audit_head !== null && !bare && { audit_head: identity.audit_head }),
    outbox: { count: outbox.length, oldest_age_s: oldest === undefined ? null : Math.max(0, Math.round((clock.now() - Date.parse(oldest)) / 1000)) },
    storage: await storageOf(parts),
  };
}

async function storageOf(parts: SyncParts): Promise<StorageReport> {
  const { persisted, quota, usage } = await parts.storage();
  return { persisted, quota: Math.round(quota), usage: Math.round(usage) };
}

async function welcomed({ store, newId }: SyncParts, said: HelloResponse): Promise<Greeting> {
  const identity = await store.identity();
  if (said.user_id !== identity.user_id || said.organisation_id !== identity.organisation_id) return { kind: "sign-in" };
  if (said.mode === "update_needed") return { kind: "update" };
  // This vault is an older copy of itself: numbers it would give next are taken.
  if (said.next_device_seq > identity.next_device_seq) await store.renumber(newId());
  await store.rememberHello({ epoch: said.epoch, audit_head: said.audit_head, journal_days: said.journal_days });
  return { ...DONE, limits: said.limits };
}
