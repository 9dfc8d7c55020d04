/** The golden vectors of the contract; `tests/contract/` runs the same files in Python. */
import { readFileSync } from "node:fs";
import { ERRORS, SCHEMA_HASH } from "@quill/schemas";
import { describe, expect, it, test } from "vitest";
import { NotCanonical, canonical, canonicalBytes } from "./canonical.ts";
import { bodyHash, bucketHash, bucketOf, recordHash, scopeHash, sectionsHash, sha256 } from "./digest.ts";
import { formatNhsNumber, isNhsNumber, parseNhsNumber } from "./nhs-number.ts";

function read(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../shared-schemas/${path}`, import.meta.url), "utf8"));
}

describe("canonical JSON", () => {
  const vectors = read("vectors/canonical-json.json") as {
    written: { name: string; value: unknown; canonical: string; sha256: string }[];
    refused: { name: string; value: unknown; path: string }[];
  };

  test.each(vectors.written)("writes: $name", async ({ value, canonical: expected, sha256: hash }) => {
    expect(canonical(value)).toBe(expected);
    expect(await sha256(canonicalBytes(value))).toBe(hash);
  });

  test.each(vectors.refused)("refuses, with the path: $name", ({ value, path }) => {
    try {
      canonical(value);
    } catch (refused) {
      expect(refused).toBeInstanceOf(NotCanonical);
      expect((refused as NotCanonical).path).toBe(path);
      return;
    }
    expect.unreachable("it was written");
  });

  it("leaves out what is undefined, as JSON does, and refuses what JSON has no word for", () => {
    expect(canonical({ a: undefined, b: 1 })).toBe('{"b":1}');
    for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, 1n, undefined, () => 1]) expect(() => canonical([odd])).toThrow(NotCanonical);
  });

  it("writes minus nought as nought", () => {
    expect(canonical([-0])).toBe("[0]");
  });

  it("refuses what is nested too deep instead of giving up", () => {
    let deep: unknown = 0;
    for (let level = 0; level < 5000; level++) deep = [deep];
    expect(() => canonical(deep)).toThrow("nested too deep");
  });
});

describe("digest", () => {
  const vectors = read("vectors/digests.json") as {
    records: { kind: string; id: string; version: number; scope: string; body: unknown; body_sha256: string; record_sha256: string }[];
    scopes: Record<string, { count: number; sha256: string; bucket: string }>;
    buckets: { bucket: string; scopes?: string[]; scope_hashes: string[]; sha256: string }[];
    sections: { sections: unknown; seen_sha256: string }[];
  };

  test.each(vectors.records)("record: $kind $id", async (record) => {
    const body = await bodyHash(record.body);
    expect(body).toBe(record.body_sha256);
    expect(await recordHash(record.kind, record.id, record.version, body)).toBe(record.record_sha256);
  });

  test.each(Object.entries(vectors.scopes))("scope: %s", async (scope, expected) => {
    const hashes = vectors.records.filter((record) => record.scope === scope).map((record) => record.record_sha256);
    expect(hashes).toHaveLength(expected.count);
    expect(await scopeHash(hashes)).toBe(expected.sha256);
    expect(await scopeHash(hashes.toReversed())).toBe(expected.sha256);
    expect(await bucketOf(scope)).toBe(expected.bucket);
  });

  test.each(vectors.buckets)("bucket: $bucket", async ({ bucket, scopes, scope_hashes, sha256: expected }) => {
    expect(await bucketHash(scope_hashes)).toBe(expected);
    expect(await bucketHash(scope_hashes.toReversed())).toBe(expected);
    for (const scope of scopes ?? []) expect(await bucketOf(scope)).toBe(bucket);
  });

  test.each(vectors.sections)("what a signature binds: $seen_sha256", async ({ sections, seen_sha256 }) => {
    expect(await sectionsHash(sections)).toBe(seen_sha256);
  });
});

describe("NHS number", () => {
  const vectors = read("vectors/nhs-numbers.json") as { valid: string[]; invalid: { name: string; number: string }[] };

  test.each(vectors.valid)("valid: %s", (number) => {
    expect(isNhsNumber(number)).toBe(true);
    expect(parseNhsNumber(formatNhsNumber(number))).toBe(number);
  });

  test.each(vectors.invalid)("invalid: $name", ({ number }) => {
    expect(isNhsNumber(number)).toBe(false);
  });

  it("is read as people write it", () => {
    expect(formatNhsNumber("9434765919")).toBe("943 476 5919");
    expect(parseNhsNumber(" 943-476 5919 ")).toBe("9434765919");
    expect(formatNhsNumber("12")).toBe("12");
  });
});

describe("seal format, with WebCrypto", () => {
  type Place = { organisation: string; user: string; device: string; store: string; epoch: number; subject: string; local_version: number };
  const vectors = read("vectors/seal-format.json") as {
    store_keys: (Omit<Place, "subject" | "local_version"> & { name: string; vault_key: string; info: string; key: string })[];
    seals: {
      name: string;
      key: string;
      key_id: number;
      nonce: string;
      place: Place;
      content: string;
      repeat: number;
      padded_length: number;
      associated_data: string;
      sealed_sha256: string;
    }[];
  };

  test.each(vectors.store_keys)("key of the store: $name", async (vector) => {
    const material = await crypto.subtle.importKey("raw", bytes(vector.vault_key), "HKDF", false, ["deriveBits"]);
    const derivation = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: bytes(vector.info) };
    expect(hex(new Uint8Array(await crypto.subtle.deriveBits(derivation, material, 256)))).toBe(vector.key);
  });

  test.each(vectors.seals)("seals: $name", async (vector) => {
    const content = new TextEncoder().encode(vector.content.repeat(vector.repeat));
    const padded = new Uint8Array(vector.padded_length);
    new DataView(padded.buffer).setUint32(0, content.length);
    padded.set(content, 4);
    const key = await crypto.subtle.importKey("raw", bytes(vector.key), "AES-GCM", false, ["encrypt"]);
    const parameters = { name: "AES-GCM", iv: bytes(vector.nonce), additionalData: bytes(vector.associated_data) };
    const body = new Uint8Array(await crypto.subtle.encrypt(parameters, key, padded));
    const header = `0101${vector.key_id.toString(16).padStart(8, "0")}${vector.nonce}`;
    expect(vector.associated_data.slice(0, 12)).toBe(header.slice(0, 12));
    expect(await sha256(bytes(header + hex(body)))).toBe(vector.sealed_sha256);
  });

  function bytes(text: string): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }

  function hex(value: Uint8Array): string {
    return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
});

describe("cursor refusal", () => {
  const vectors = read("vectors/cursor-refusal.json") as {
    client: { name: string; answer: { status?: number; error_code?: string }; then: { cursor: string; records: string; outbox: string; next: string } }[];
  };

  test.each(vectors.client)("$name: a code of the contract, and nothing is lost by it", ({ answer, then }) => {
    if (answer.error_code !== undefined) {
      const info = ERRORS[answer.error_code as keyof typeof ERRORS];
      expect(info.status).toBe(answer.status);
    }
    expect([then.records, then.outbox]).toEqual(["keep", "keep"]);
    expect(["keep", "drop", "replace"]).toContain(then.cursor);
  });
});

it("was generated from the schemas as they are", () => {
  expect(SCHEMA_HASH).toBe((read("version.json") as { hash: string }).hash);
});
