/** The hashes of `POST /api/sync/digest` and of `complete`, and what a signature binds. Hashes are lower-case hex. */
import { canonicalBytes } from "./canonical.ts";

export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

/** SHA-256 of the canonical body. */
export function bodyHash(body: unknown): Promise<string> {
  return sha256(canonicalBytes(body));
}

/** SHA-256 of the canonical `[kind, id, version, hex of the body's hash]`. */
export function recordHash(kind: string, id: string, version: number, bodySha256: string): Promise<string> {
  return sha256(canonicalBytes([kind, id, version, bodySha256]));
}

/** SHA-256 of the record hashes, sorted and joined as bytes. */
export function scopeHash(recordHashes: readonly string[]): Promise<string> {
  return hashOfHashes(recordHashes);
}

/** The bucket of a scope: the first byte of the SHA-256 of its name, two hex digits. */
export async function bucketOf(scope: string): Promise<string> {
  return (await sha256(new TextEncoder().encode(scope))).slice(0, 2);
}

/** SHA-256 of the scope hashes of the bucket, sorted and joined as bytes. */
export function bucketHash(scopeHashes: readonly string[]): Promise<string> {
  return hashOfHashes(scopeHashes);
}

/** What a signature binds (`seen_sha256`): SHA-256 of a letter's canonical sections. */
export function sectionsHash(sections: unknown): Promise<string> {
  return sha256(canonicalBytes(sections));
}

function hashOfHashes(hashes: readonly string[]): Promise<string> {
  // Hex of one length sorts as its bytes do.
  return sha256(fromHex([...hashes].sort().join("")));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(hex.length / 2);
  for (let index = 0; index < bytes.length; index++) bytes[index] = Number.parseInt(hex.slice(index * 2, index * 2 + 2), 16);
  return bytes;
}
