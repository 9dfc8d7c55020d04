/**
 * Files on their way to the server: opened once their operation was accepted (or is kept for review), sent part by part,
 * resumed with what has arrived, kept here until the scan's `clean` is pulled.
 */
import { LIMITS, type Attachment, type AttachmentCompleteResponse, type AttachmentOpenResponse, type AttachmentPartsResponse } from "@quill/schemas";
import { sha256 } from "../domain/digest.ts";
import { DONE, LOST, errorOf, json, stepAfter, type Step } from "./answers.ts";
import type { SyncParts } from "./parts.ts";
import type { Answer, DeviceStore, Locks } from "./ports.ts";

/** A file this device holds; note `files`, by attachment id. */
export interface HeldFile {
  parts: number;
  /** Parts known to have arrived. */
  sent: number;
  /** `waiting` to be sent; `sent` whole, waiting for the scan; `held` by the server beside quarantined work. */
  state: "waiting" | "sent" | "held";
}

export type HeldFiles = Record<string, HeldFile>;

/** The server doesn't take this file now: those behind it go on, and it is tried again in a later round. */
const REFUSED = "refused";

const NOTE = "files";
const PART_TIMEOUT_MS = 300_000;

export function partsOf(size: number): number {
  return Math.max(1, Math.ceil(size / LIMITS.part_bytes));
}

export async function heldFiles(store: DeviceStore): Promise<HeldFiles> {
  return ((await store.note(NOTE)) ?? {}) as HeldFiles;
}

/** Changes the list of files; every tab may. */
export function updateFiles(store: DeviceStore, locks: Locks, change: (files: HeldFiles) => HeldFiles): Promise<void> {
  return locks.exclusive("quill:files", async () => {
    await store.putNote(NOTE, change(await heldFiles(store)));
  });
}

/**
 * Sends one part of one file, or finishes one, so that newer work never waits for a large file.
 * @returns `more`: there is another part to send
 */
export async function uploadNext(parts: SyncParts & { locks: Locks }): Promise<{ step: Step; more: boolean }> {
  const { store, locks } = parts;
  const files = await heldFiles(store);
  for (const [id, file] of Object.entries(files)) {
    const standing = await standingOf(store, id);
    if (standing === "gone") {
      await store.dropFile(id);
      await updateFiles(store, locks, (now) => without(now, id));
    } else if (standing === "open" && file.state === "waiting") {
      const step = await advance(parts, id, file);
      if (step !== REFUSED) return { step, more: step.kind === "done" };
    }
  }
  return { step: DONE, more: false };
}

/** Where the attachment's record stands: `open` for its bytes, `later`, or `gone`: the copy here is needed no more. */
async function standingOf(store: DeviceStore, id: string): Promise<"open" | "later" | "gone"> {
  const record = await store.record(id);
  if (record) {
    const { state } = record.body as Attachment;
    if (state === "clean") return "gone";
    return state === "uploading" ? "open" : "later";
  }
  const own = (await store.decided()).find(({ operation }) => operation.id === id && operation.action === "create");
  const outcome = own?.verdict.outcome;
  if (outcome === "applied" || outcome === "merged" || outcome === "quarantined") return "open";
  if ((await store.file(id)) === null) return "gone"; // purged with its scope
  return "later";
}

async function advance(parts: SyncParts & { locks: Locks }, id: string, file: HeldFile): Promise<Step | typeof REFUSED> {
  const { store, session, leadership, locks } = parts;
  const bytes = await store.file(id);
  if (bytes === null) {
    await updateFiles(store, locks, (now) => without(now, id));
    return DONE;
  }
  const settle = (fields: Partial<HeldFile>) => updateFiles(store, locks, (now) => ({ ...now, [id]: { ...(now[id] ?? file), ...fields } }));
  if (!leadership.beat()) return LOST;
  const opened = await session.call({ method: "POST", path: "/api/attachments", json: { id } });
  if (opened.kind !== "ok") {
    // Complete already: its reply was lost, the record will say so.
    if (errorOf(opened)?.error_code !== "attachment_state") return after(opened);
    await settle({ state: "sent", sent: file.parts });
    return DONE;
  }
  const there = await session.call({ method: "GET", path: `/api/attachments/${id}/parts` });
  if (there.kind !== "ok") return after(there);
  const arrived = new Map(json<AttachmentPartsResponse>(there).parts.map((part) => [part.part, part]));
  for (let part = 1; part <= file.parts; part++) {
    const content = partBytes(bytes, part);
    const has = arrived.get(part);
    if (has && has.size === content.length && (has.sha256 === undefined || has.sha256 === (await sha256(content)))) continue;
    const target = json<AttachmentOpenResponse>(opened).parts.find((one) => one.part === part);
    if (!target) return REFUSED;
    if (!leadership.beat()) return LOST;
    const put = await session.call({ method: "PUT", path: target.url, headers: target.headers, body: content, expect: "bytes", timeoutMs: PART_TIMEOUT_MS });
    if (put.kind !== "ok") return after(put);
    await settle({ sent: [...arrived.keys()].filter((one) => one !== part && one <= file.parts).length + 1 });
    return DONE;
  }
  const completed = await session.call({ method: "POST", path: `/api/attachments/${id}/complete`, json: {} });
  if (completed.kind !== "ok") return after(completed);
  const { state } = json<AttachmentCompleteResponse>(completed);
  await settle({ state: state === "held" ? "held" : "sent", sent: file.parts });
  // Held for review beside its operation, whole and verified: this copy is free.
  if (state === "held") await store.dropFile(id);
  return DONE;
}

function after(answer: Exclude<Answer, { kind: "ok" }>): Step | typeof REFUSED {
  const step = stepAfter(answer);
  const aboutThisFile = step.kind === "wait" && answer.kind === "error" && answer.status < 500 && answer.status !== 429;
  return aboutThisFile ? REFUSED : step;
}

function partBytes(bytes: Uint8Array, part: number): Uint8Array<ArrayBuffer> {
  return bytes.slice((part - 1) * LIMITS.part_bytes, part * LIMITS.part_bytes);
}

function without(files: HeldFiles, id: string): HeldFiles {
  return Object.fromEntries(Object.entries(files).filter(([one]) => one !== id));
}
