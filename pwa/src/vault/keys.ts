/**
 * The keys of an open vault: one random vault key, from it a key per store and epoch (HKDF), none of them extractable.
 * How a password opens the vault key: `slots.ts`.
 */
import { encode, items, toHex, type Bytes } from "./bytes.ts";
import { seal, unseal } from "./seal.ts";
import { VaultLocked } from "./refusals.ts";
import type { SealedStore } from "./database.ts";

/** Whose vault it is; in clear nowhere, part of every seal. */
export interface Owner {
  organisation: string;
  user: string;
  /** The first `device_id` of the vault; stays when the vault renumbers. */
  device: string;
}

/** The epoch of every store's key. A key seals at most 2³² times; a store that came near would raise its own. */
const EPOCH = 1;

export class Keys {
  readonly owner: Owner;
  readonly #derive: (store: string) => Promise<CryptoKey>;
  readonly #ids: CryptoKey;
  readonly #stores = new Map<string, Promise<CryptoKey>>();
  #closed = false;

  private constructor(owner: Owner, derive: (store: string) => Promise<CryptoKey>, ids: CryptoKey) {
    this.owner = owner;
    this.#derive = derive;
    this.#ids = ids;
  }

  /** @param vaultKey 32 bytes; the caller wipes them afterwards */
  static async of(vaultKey: Bytes, owner: Owner): Promise<Keys> {
    const material = await crypto.subtle.importKey("raw", vaultKey, "HKDF", false, ["deriveKey"]);
    const derivation = (store: string) => ({
      name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: storeKeyInfo(owner, store, EPOCH),
    });
    const derive = (store: string) =>
      crypto.subtle.deriveKey(derivation(store), material, { name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
    const ids = await crypto.subtle.deriveKey(derivation("ids"), material, hmac, false, ["sign"]);
    return new Keys(owner, derive, ids);
  }

  /** @param version local version: the generation of the vault that writes it */
  async seal(store: SealedStore, subject: string | number, version: number, content: Uint8Array): Promise<Bytes> {
    if (this.#closed) throw new VaultLocked();
    return seal(await this.#key(store), this.#place(store, subject, version), content);
  }

  sealJson(store: SealedStore, subject: string | number, version: number, value: unknown): Promise<Bytes> {
    return this.seal(store, subject, version, encode(JSON.stringify(value)));
  }

  /** @throws NotWhatWasSealed, VaultLocked */
  async open(store: SealedStore, subject: string | number, version: number, sealed: Uint8Array): Promise<Bytes> {
    if (this.#closed) throw new VaultLocked();
    return unseal(await this.#key(store), this.#place(store, subject, version), sealed);
  }

  /** The key under which something of a store lies: 32 hex digits that say nothing without the vault key. */
  async hash(store: SealedStore, id: string): Promise<string> {
    const whole = await crypto.subtle.sign("HMAC", this.#ids, items(store, id));
    return toHex(new Uint8Array(whole, 0, 16));
  }

  close(): void {
    this.#closed = true;
    this.#stores.clear();
  }

  #key(store: SealedStore): Promise<CryptoKey> {
    let key = this.#stores.get(store);
    if (!key) this.#stores.set(store, (key = this.#derive(store)));
    return key;
  }

  #place(store: SealedStore, subject: string | number, version: number) {
    return { ...this.owner, store, epoch: EPOCH, subject: String(subject), local_version: version };
  }
}

export function storeKeyInfo(owner: Owner, store: string, epoch: number): Bytes {
  return items("quill/vault/v1/store-key", owner.organisation, owner.user, owner.device, store, epoch);
}
