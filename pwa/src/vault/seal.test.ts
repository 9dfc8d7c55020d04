import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { sha256 } from "../domain/digest.ts";
import { encode, fromHex, random, toHex } from "./bytes.ts";
import { storeKeyInfo } from "./keys.ts";
import { NotWhatWasSealed } from "./refusals.ts";
import { seal, sizeClass, unseal, type Place } from "./seal.ts";

interface Vectors {
  store_keys: { name: string; vault_key: string; organisation: string; user: string; device: string; store: string; epoch: number; info: string; key: string }[];
  size_classes: [number, number][];
  seals: { name: string; key: string; nonce: string; place: Place; content: string; repeat: number; sealed_length: number; sealed_sha256: string }[];
  refused: { key: string; place: Place; cases: { name: string; sealed: string; place: Partial<Place> }[] };
}

const path = new URL("../../../shared-schemas/vectors/seal-format.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as Vectors;
const keyOf = (hex: string) => crypto.subtle.importKey("raw", fromHex(hex), "AES-GCM", false, ["encrypt", "decrypt"]);

test.each(vectors.store_keys)("what a store's key is derived from: $name", (vector) => {
  expect(toHex(storeKeyInfo(vector, vector.store, vector.epoch))).toBe(vector.info);
});

test.each(vectors.size_classes)("a content of %i bytes is padded to %i", (length, size) => {
  expect(sizeClass(length)).toBe(size);
});

describe("seals, and opens again", () => {
  test.each(vectors.seals)("$name", async ({ key, nonce, place, content, repeat, sealed_length, sealed_sha256 }) => {
    const plain = encode(content.repeat(repeat));
    const sealed = await seal(await keyOf(key), place, plain, fromHex(nonce));
    expect(sealed).toHaveLength(sealed_length);
    expect(await sha256(sealed)).toBe(sealed_sha256);
    expect(toHex(await unseal(await keyOf(key), place, sealed))).toBe(toHex(plain));
  });

  it("never with the same nonce", async () => {
    const [vector] = vectors.seals;
    if (!vector) throw new Error("no vectors");
    const key = await keyOf(vector.key);
    expect(toHex(await seal(key, vector.place, encode("x")))).not.toBe(toHex(await seal(key, vector.place, encode("x"))));
  });
});

describe("refuses", () => {
  test.each(vectors.refused.cases)("$name", async ({ sealed, place }) => {
    const key = await keyOf(vectors.refused.key);
    await expect(unseal(key, { ...vectors.refused.place, ...place }, fromHex(sealed))).rejects.toThrow(NotWhatWasSealed);
  });

  it("any single flipped bit", async () => {
    const { key: hex, place } = vectors.refused;
    const key = await keyOf(hex);
    const sealed = await seal(key, place, encode("a discharge letter"));
    for (let byte = 0; byte < sealed.length; byte++) {
      const flipped = sealed.slice();
      flipped[byte] = (flipped[byte] ?? 0) ^ (1 << (byte % 8));
      await expect(unseal(key, place, flipped), `byte ${byte}`).rejects.toThrow(NotWhatWasSealed);
    }
  });

  it("any cut, and another key", async () => {
    const { key: hex, place } = vectors.refused;
    const key = await keyOf(hex);
    const sealed = await seal(key, place, encode("a discharge letter"));
    for (let length = 0; length < sealed.length; length += 7) {
      await expect(unseal(key, place, sealed.subarray(0, length))).rejects.toThrow(NotWhatWasSealed);
    }
    await expect(unseal(await keyOf(toHex(random(32))), place, sealed)).rejects.toThrow(NotWhatWasSealed);
  });
});
