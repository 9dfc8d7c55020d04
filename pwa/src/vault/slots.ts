/**
 * Slots: ways to the vault key. Today a password; a passkey's slot is another `type` in the same list.
 * A slot wraps the vault key and whose vault it is, so that neither stands in clear.
 */
import { argon2id } from "hash-wasm";
import { concat, decode, encode, fromHex, items, random, toHex, type Bytes } from "./bytes.ts";
import type { Owner } from "./keys.ts";
import { VaultDamaged } from "./refusals.ts";

export type Derivation =
  | { name: "argon2id"; memory_kib: number; passes: number }
  | { name: "pbkdf2-sha256"; iterations: number };

export interface PasswordSlot {
  type: "password";
  derivation: Derivation;
  salt: Bytes;
  nonce: Bytes;
  wrapped: Bytes;
}

export type Slot = PasswordSlot;

/** From best to least: a device that can't give 64 MiB tries less; one without WebAssembly gets PBKDF2. */
const LADDER: readonly Derivation[] = [
  { name: "argon2id", memory_kib: 65_536, passes: 3 },
  { name: "argon2id", memory_kib: 47_104, passes: 3 },
  { name: "argon2id", memory_kib: 19_456, passes: 3 },
  { name: "pbkdf2-sha256", iterations: 600_000 },
];

/** Nothing weaker is made or opened, whatever the disk says; nothing so strong that opening it would never end. */
const FLOOR = { memory_kib: 19_456, passes: 2, iterations: 600_000 };
const CEILING = { memory_kib: 1_048_576, passes: 16, iterations: 10_000_000 };

/**
 * Wraps a vault key under a password.
 * @param ladder derivations to try in turn; one that the device refuses falls to the next
 */
export async function wrap(
  password: string, vault: string, vaultKey: Bytes, owner: Owner, ladder: readonly Derivation[] = LADDER,
): Promise<PasswordSlot> {
  const salt = random(16);
  const nonce = random(12);
  let refused: unknown;
  for (const derivation of ladder) {
    check(derivation);
    let key: CryptoKey;
    try {
      key = await derive(password, derivation, salt);
    } catch (error) {
      refused = error;
      continue;
    }
    const content = encode(JSON.stringify({ vault_key: toHex(vaultKey), ...owner }));
    const wrapped = await crypto.subtle.encrypt(parameters(vault, derivation, salt, nonce), key, content);
    return { type: "password", derivation, salt, nonce, wrapped: new Uint8Array(wrapped) };
  }
  throw refused;
}

/**
 * @returns null when the password is not the one (or the slot was changed: the two can't be told apart)
 * @throws VaultDamaged when the slot asks for less than the floor, or is no slot at all
 */
export async function unwrap(password: string, vault: string, slot: PasswordSlot): Promise<{ vaultKey: Bytes; owner: Owner } | null> {
  const { derivation, salt, nonce, wrapped } = slot;
  check(derivation);
  if (salt.length < 16 || nonce.length !== 12) throw new VaultDamaged("a slot without its salt");
  const key = await derive(password, derivation, salt);
  let content: ArrayBuffer;
  try {
    content = await crypto.subtle.decrypt(parameters(vault, derivation, salt, nonce), key, wrapped);
  } catch {
    return null;
  }
  const { vault_key, organisation, user, device } = JSON.parse(decode(new Uint8Array(content))) as Owner & { vault_key: string };
  return { vaultKey: fromHex(vault_key), owner: { organisation, user, device } };
}

function check(derivation: Derivation): void {
  const within = (name: keyof typeof FLOOR, value: number) => Number.isInteger(value) && value >= FLOOR[name] && value <= CEILING[name];
  const fine =
    derivation.name === "argon2id"
      ? within("memory_kib", derivation.memory_kib) && within("passes", derivation.passes)
      : (derivation.name as string) === "pbkdf2-sha256" && within("iterations", derivation.iterations);
  if (!fine) throw new VaultDamaged("a slot weaker than allowed");
}

async function derive(password: string, derivation: Derivation, salt: Bytes): Promise<CryptoKey> {
  // One keyboard composes an accent that another writes in two characters.
  const text = encode(password.normalize("NFC"));
  const raw = derivation.name === "argon2id" ? await argon2(text, derivation, salt) : await pbkdf2(text, derivation, salt);
  const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
  raw.fill(0);
  return key;
}

async function argon2(password: Bytes, derivation: Derivation & { name: "argon2id" }, salt: Bytes): Promise<Bytes> {
  const hash = await argon2id({
    // An empty password is refused by the library; it is a wrong one like any other.
    password: password.length > 0 ? password : new Uint8Array(1),
    salt, parallelism: 1, iterations: derivation.passes, memorySize: derivation.memory_kib, hashLength: 32, outputType: "binary",
  });
  return new Uint8Array(hash);
}

async function pbkdf2(password: Bytes, derivation: Derivation & { name: "pbkdf2-sha256" }, salt: Bytes): Promise<Bytes> {
  const material = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const parameters = { name: "PBKDF2", hash: "SHA-256", salt, iterations: derivation.iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, material, 256));
}

function parameters(vault: string, derivation: Derivation, salt: Bytes, nonce: Bytes): AesGcmParams {
  const asked = derivation.name === "argon2id" ? [derivation.memory_kib, derivation.passes] : [derivation.iterations];
  return { name: "AES-GCM", iv: nonce, additionalData: concat(items("quill/vault/v1/slot", vault, derivation.name, ...asked), salt) };
}
