/** A file's bytes: this device's own copy, or the server's once it is clean; never anything that is not that file. */
import { ERRORS, type Attachment } from "@quill/schemas";
import { sha256 } from "../domain/digest.ts";
import type { Device } from "./device.ts";
import type { Engine } from "./engine.ts";
import type { Views } from "./own-work.ts";
import type { OpenStore } from "./ports.ts";

const TIMEOUT_MS = 300_000;

export async function attachmentContent(
  { store, views, engine }: { store: OpenStore; views: Views; engine: Engine }, id: string,
): ReturnType<Device["attachmentContent"]> {
  const attachment = (await views.view(id))?.body as unknown as Attachment | undefined;
  if (!attachment) return { error: { error_code: "not_found", message: ERRORS.not_found.message } };
  const { name, media_type } = attachment;
  const own = await store.file(id);
  if (own) return { bytes: own, media_type, name };
  const answer = await engine.session.call({ method: "GET", path: `/api/attachments/${id}/content`, expect: "bytes", timeoutMs: TIMEOUT_MS });
  if (answer.kind === "error") return { error: answer.error };
  const whole = answer.kind === "ok" && (await sha256(answer.bytes as Uint8Array<ArrayBuffer>)) === attachment.sha256;
  if (!whole) return { error: { error_code: "unreachable", message: "This file isn't on this device and the server can't be reached." } };
  return { bytes: answer.bytes, media_type, name };
}
