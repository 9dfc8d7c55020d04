import { describe, expect, it, test, vi } from "vitest";
import { random, toHex } from "./bytes.ts";
import { VaultDamaged } from "./refusals.ts";
import { unwrap, wrap, type Derivation } from "./slots.ts";

const owner = { organisation: "o", user: "u", device: "d" };
const CHEAP: Derivation = { name: "argon2id", memory_kib: 19_456, passes: 2 };
const PBKDF2: Derivation = { name: "pbkdf2-sha256", iterations: 600_000 };

describe.each([CHEAP, PBKDF2])("a slot of $name", (derivation) => {
  it("opens with its password only", async () => {
    const key = random(32);
    const slot = await wrap("ward-lantern", "v", key, owner, [derivation]);
    const opened = await unwrap("ward-lantern", "v", slot);
    expect(toHex(opened?.vaultKey ?? random(1))).toBe(toHex(key));
    expect(opened?.owner).toEqual(owner);
    expect(await unwrap("ward-lanterm", "v", slot)).toBeNull();
    expect(await unwrap("", "v", slot)).toBeNull();
  });
});

it("takes an accent however the keyboard composes it", async () => {
  const slot = await wrap("caf\u00e9-lantern", "v", random(32), owner, [CHEAP]);
  expect(await unwrap("cafe\u0301-lantern", "v", slot)).not.toBeNull();
});

it("does not open in another vault, or with other parameters than it was made with", async () => {
  const slot = await wrap("ward-lantern", "v", random(32), owner, [CHEAP]);
  expect(await unwrap("ward-lantern", "another", slot)).toBeNull();
  expect(await unwrap("ward-lantern", "v", { ...slot, derivation: { ...CHEAP, passes: 3 } })).toBeNull();
});

test.each<Derivation>([
  { name: "argon2id", memory_kib: 19_455, passes: 3 },
  { name: "argon2id", memory_kib: 65_536, passes: 1 },
  { name: "argon2id", memory_kib: Number.NaN, passes: 3 },
  { name: "argon2id", memory_kib: 1 << 30, passes: 3 },
  { name: "pbkdf2-sha256", iterations: 599_999 },
  { name: "scrypt", iterations: 600_000 } as unknown as Derivation,
])("refuses to open or make what is below the floor, or could never end: %o", async (derivation) => {
  const slot = await wrap("ward-lantern", "v", random(32), owner, [CHEAP]);
  await expect(unwrap("ward-lantern", "v", { ...slot, derivation })).rejects.toThrow(VaultDamaged);
  await expect(wrap("ward-lantern", "v", random(32), owner, [derivation])).rejects.toThrow(VaultDamaged);
});

it("falls to the next derivation where the device refuses the first", async () => {
  const impossible: Derivation = { name: "argon2id", memory_kib: 65_536, passes: 3 };
  const blocked = vi.spyOn(WebAssembly, "instantiate").mockRejectedValue(new WebAssembly.CompileError("blocked by policy"));
  expect((await wrap("ward-lantern", "v", random(32), owner, [impossible, PBKDF2])).derivation).toEqual(PBKDF2);
  blocked.mockRestore();
});
