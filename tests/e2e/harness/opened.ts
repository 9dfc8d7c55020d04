/**
 * What lies on a device for somebody who has the password too: every sealed value of its vaults, opened without our app.
 * Associated data is not asked for (GCM without its tag is CTR), so a value that was moved or left behind opens all the same.
 */
import { storeKeyInfo } from "../../../pwa/src/vault/keys.ts";
import { unwrap, type PasswordSlot } from "../../../pwa/src/vault/slots.ts";
import { PASSWORD, type Tablet } from "./tablet.ts";

const EPOCH_AT = 2;
const NONCE_AT = 6;
const BODY_AT = 18;
const TAG = 16;
const SMALLEST = BODY_AT + 256 + TAG;

interface Lying {
  vault: string;
  store: string;
  value: string;
}

/** The plaintext of everything in the vaults of the tablet's browser, padding and all. */
export async function openedVaults(tablet: Tablet): Promise<{ store: string; bytes: Buffer }[]> {
  const { slots, sealed } = await lying(tablet);
  const found: { store: string; bytes: Buffer }[] = [];
  for (const [vault, slot] of Object.entries(slots)) {
    const opened = await unwrap(PASSWORD, vault, revived(slot));
    if (!opened) throw new Error("the password does not open the vault");
    const material = await crypto.subtle.importKey("raw", opened.vaultKey, "HKDF", false, ["deriveBits"]);
    for (const { store, value } of sealed.filter((one) => one.vault === vault)) {
      const bytes = Buffer.from(value, "base64");
      if (bytes.length < SMALLEST || bytes[0] !== 1 || bytes[1] !== 1) throw new Error(`a value of ${store} is not sealed`);
      const info = storeKeyInfo(opened.owner, store, bytes.readUInt32BE(EPOCH_AT));
      const raw = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info }, material, 256);
      const key = await crypto.subtle.importKey("raw", raw, "AES-CTR", false, ["decrypt"]);
      const counter = Buffer.concat([bytes.subarray(NONCE_AT, BODY_AT), Buffer.from([0, 0, 0, 2])]);
      const plain = await crypto.subtle.decrypt({ name: "AES-CTR", counter, length: 32 }, key, bytes.subarray(BODY_AT, -TAG));
      found.push({ store, bytes: Buffer.from(plain) });
    }
  }
  return found;
}

/** For each text that stands in one of them (also as UTF-16, also in small letters as lists keep them): where. */
export function standing(values: { store: string; bytes: Buffer }[], texts: string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const text of texts) {
    const forms = [...new Set([text, text.toLocaleLowerCase("en-GB")])].flatMap((form) => [Buffer.from(form, "utf8"), Buffer.from(form, "utf16le")]);
    const where = values.filter(({ bytes }) => forms.some((form) => bytes.includes(form))).map(({ store }) => store);
    if (where.length > 0) found.set(text, where);
  }
  return found;
}

async function lying(tablet: Tablet): Promise<{ slots: Record<string, Record<string, unknown>>; sealed: Lying[] }> {
  return tablet.page.evaluate(async () => {
    const asked = <T>(request: IDBRequest<T>) => new Promise<T>((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
    const base64 = async (bytes: Uint8Array | Blob) => {
      const reader = new FileReader();
      const read = new Promise((done) => (reader.onload = done));
      reader.readAsDataURL(new Blob([bytes as BlobPart]));
      await read;
      return (reader.result as string).split(",")[1] ?? "";
    };
    /** Bytes anywhere in a value, by the way to them. */
    const bytesIn = (value: unknown): (Uint8Array | Blob)[] =>
      value instanceof Uint8Array || value instanceof Blob ? [value] : typeof value === "object" && value !== null ? Object.values(value).flatMap(bytesIn) : [];
    const slots: Record<string, Record<string, unknown>> = {};
    const sealed: Lying[] = [];
    for (const { name = "" } of await indexedDB.databases()) {
      if (!name.startsWith("quill-vault-")) continue;
      const vault = name.slice("quill-vault-".length);
      const opened = await asked(indexedDB.open(name));
      for (const store of opened.objectStoreNames) {
        const values = await asked(opened.transaction(store).objectStore(store).getAll());
        if (store === "header") continue;
        if (store === "slots") {
          const slot = values[0] as Record<string, unknown>;
          slots[vault] = Object.fromEntries(await Promise.all(Object.entries(slot).map(async ([member, it]) => [member, it instanceof Uint8Array ? { base64: await base64(it) } : it])));
          continue;
        }
        for (const value of values.flatMap(bytesIn)) sealed.push({ vault, store, value: await base64(value) });
      }
      opened.close();
    }
    return { slots, sealed };
  });
}

function revived(slot: Record<string, unknown>): PasswordSlot {
  const bytes = (value: unknown) => (typeof value === "object" && value !== null && "base64" in value ? new Uint8Array(Buffer.from(value.base64 as string, "base64")) : value);
  return Object.fromEntries(Object.entries(slot).map(([member, value]) => [member, bytes(value)])) as unknown as PasswordSlot;
}
