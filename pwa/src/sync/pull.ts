/** `GET /api/sync/changes`: asks page after page until `more` is false. */
import type { ChangesResponse, SyncLimits } from "@quill/schemas";
import { DONE, LOST, errorOf, json, stepAfter, type Step } from "./answers.ts";
import { hello } from "./hello.ts";
import type { SyncParts } from "./parts.ts";
import type { Page } from "./ports.ts";
import { commitDrafts, push } from "./push.ts";

/** Pages in a row that could not be stored before the round ends and is tried later. */
const PATIENCE = 20;

/** @param stored told the number of records after each stored page */
export async function pull(parts: SyncParts, limits: SyncLimits, stored: (records: number) => void): Promise<Step> {
  const { store, session, leadership } = parts;
  for (let refused = 0; refused < PATIENCE; ) {
    if (!leadership.beat()) return LOST;
    const cursor = await store.cursor();
    const query = new URLSearchParams({ limit: String(limits.page), ...(cursor !== null && { cursor }) });
    const answer = await session.call({ method: "GET", path: `/api/sync/changes?${query.toString()}` });
    if (answer.kind !== "ok") {
      if (errorOf(answer)?.error_code !== "bad_cursor" || cursor === null) return stepAfter(answer);
      await store.dropCursor(cursor);
      refused += 1;
      continue;
    }
    const page: Page & { audit_head?: string } = { ...json<ChangesResponse>(answer), bytes: answer.bytes };
    if (cursor === null) {
      // The cookies may have become another person's since hello: their records must not enter this vault.
      const checked = await hello(parts, page.cursor);
      if (checked.kind !== "done") return checked;
    }
    if (page.changes.some(({ type }) => type === "reset")) {
      const step = await startAnew(parts, cursor);
      if (step.kind !== "done") return step;
      refused += 1;
      continue;
    }
    const outcome = await store.storePage(cursor, page);
    if (outcome === "stored") {
      stored(page.changes.filter(({ type }) => type === "put").length);
      if (page.audit_head !== undefined && !page.more) await store.rememberHello({ audit_head: page.audit_head });
      if (!page.more) return DONE;
      refused = 0;
      continue;
    }
    refused += 1;
    if (outcome === "unsent") {
      await commitDrafts(parts, "all");
      const { step } = await push(parts, limits);
      if (step.kind !== "done") return step;
    }
  }
  return { kind: "wait" };
}

/** The log was restored: keep what is here, read everything again; what the log doesn't name is dropped at the end. */
async function startAnew(parts: SyncParts, cursor: string | null): Promise<Step> {
  if (cursor !== null) await parts.store.dropCursor(cursor);
  return hello(parts);
}
