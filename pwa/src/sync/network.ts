/**
 * The network through `fetch`: never throws, and tells our server's answers from those of anything that stands in between.
 * Nothing is cached, no cookie is read here: `csrf` asks the page, which alone can.
 */
import type { ErrorBody } from "@quill/schemas";
import type { Answer, Network, NetworkRequest } from "./ports.ts";

const TIMEOUT_MS = 60_000;
/** A response that brings no byte for so long is cut. */
const STALL_MS = 30_000;

export interface NetworkOptions {
  /** Where `/api` is. */
  origin: string;
  /** The value of the `XSRF-TOKEN` cookie now. */
  csrf: () => Promise<string | null>;
  fetch?: typeof fetch;
}

export function network({ origin, csrf, fetch: send = fetch }: NetworkOptions): Network {
  const request = async (asked: NetworkRequest): Promise<Answer> => {
    const url = new URL(asked.path, origin);
    const ours = url.origin === origin;
    const headers = new Headers(asked.headers);
    if (asked.json !== undefined) headers.set("Content-Type", "application/json");
    if (ours && asked.method !== "GET") {
      const token = await csrf();
      if (token !== null) headers.set("X-CSRF-Token", token);
    }
    const body = asked.json === undefined ? (asked.body as BodyInit | undefined) : JSON.stringify(asked.json);
    const stop = new AbortController();
    let timer = setTimeout(() => stop.abort(), asked.timeoutMs ?? TIMEOUT_MS);
    try {
      const response = await send(url, {
        method: asked.method, headers, signal: stop.signal, cache: "no-store", credentials: "same-origin",
        // An answer from elsewhere is the portal of a network, except where the contract has redirects: files.
        redirect: asked.expect === "bytes" ? "follow" : "error",
        ...(body !== undefined && { body }),
      });
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(() => stop.abort(), STALL_MS);
      };
      return answerOf(response, await bytesOf(response, alive), asked.expect ?? "json");
    } catch (error) {
      return { kind: "unreachable", reason: error instanceof Error ? error.name : "failed" };
    } finally {
      clearTimeout(timer);
    }
  };
  return { request, live: (ticket, onHead, onClose) => liveSocket(origin, ticket, onHead, onClose) };
}

export function answerOf(response: Pick<Response, "status" | "ok" | "headers">, bytes: Uint8Array, expect: "json" | "bytes"): Answer {
  const isJson = /^application\/json\b/.test(response.headers.get("content-type") ?? "");
  const retryAfterMs = retryAfter(response.headers.get("retry-after"));
  const later = retryAfterMs === undefined ? {} : { retryAfterMs };
  const { status } = response;
  if (response.ok) {
    const empty = status === 204;
    if (!empty && expect === "json" && !isJson) return { kind: "unreachable", reason: "not our server's answer", ...later };
    return { kind: "ok", status, bytes, headers: Object.fromEntries(response.headers) };
  }
  const error = isJson ? errorIn(bytes) : undefined;
  if (error) return { kind: "error", status, error, ...later };
  if (status === 413) return { kind: "error", status, error: { error_code: "request_too_large", message: "Too large for something on the way." }, ...later };
  return { kind: "unreachable", reason: `status ${status}`, ...later };
}

function errorIn(bytes: Uint8Array): ErrorBody["detail"] | undefined {
  try {
    const { detail } = JSON.parse(new TextDecoder().decode(bytes)) as Partial<ErrorBody>;
    return typeof detail?.error_code === "string" ? detail : undefined;
  } catch {
    return undefined;
  }
}

function retryAfter(text: string | null): number | undefined {
  if (text === null) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, Math.min(ms, 3_600_000)) : undefined;
}

async function bytesOf(response: Response, alive: () => void): Promise<Uint8Array> {
  if (!response.body) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (const reader = response.body.getReader(); ; ) {
    alive();
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    size += value.length;
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

function liveSocket(origin: string, ask: Parameters<Network["live"]>[0], onHead: (head: number) => void, onClose: (reason: string) => void) {
  let socket: WebSocket | null = null;
  let closed = false;
  const close = (reason: string) => {
    if (closed) return;
    closed = true;
    socket?.close();
    onClose(reason);
  };
  const open = async () => {
    const ticket = await ask().catch(() => null);
    if (closed) return;
    if (ticket === null) return close("no ticket");
    socket = new WebSocket(new URL("/api/sync/live", origin.replace(/^http/, "ws")));
    socket.onopen = () => socket?.send(JSON.stringify({ ticket }));
    socket.onclose = () => close("closed");
    socket.onmessage = ({ data }: MessageEvent) => {
      try {
        const said = JSON.parse(String(data)) as { head?: unknown; bye?: unknown };
        if (typeof said.head === "number") onHead(said.head);
        else if (said.bye !== undefined) close("bye");
      } catch {
        close("unreadable");
      }
    };
  };
  void open();
  return { close: () => close("closed here") };
}
