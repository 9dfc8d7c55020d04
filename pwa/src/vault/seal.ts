/** Sealing: AES-256-GCM over padded content, bound to its place. The bytes are those of docs/vault-format.md. */
import { concat, items, random, u32, type Bytes } from "./bytes.ts";
import { NotWhatWasSealed } from "./refusals.ts";

declare const __QUILL_SEALING__: boolean | undefined;

/**
 * False only in the build that proves the search of the disk finds planted text (`vite build --mode unsealed`): everything
 * lies there as plaintext. Decided when the app is built, so that nothing can switch it off later.
 * Format version 0, so that neither build opens what the other wrote.
 */
const SEALING: boolean = typeof __QUILL_SEALING__ === "undefined" ? true : __QUILL_SEALING__;

const VERSION = SEALING ? 1 : 0;
const AES_256_GCM = 1;
const HEADER = 6;
const NONCE = 12;
const TAG = 16;
const LENGTH = 4;
const SMALLEST = 256;
const LARGE = 65_536;

/** Where sealed bytes belong; all of it is authenticated. */
export interface Place {
  organisation: string;
  user: string;
  /** The first `device_id` of the vault. */
  device: string;
  store: string;
  epoch: number;
  subject: string;
  local_version: number;
}

/** The padded size of a content of `length` bytes, its four bytes of length included. */
export function sizeClass(length: number): number {
  const needed = length + LENGTH;
  if (needed > LARGE) return Math.ceil(needed / LARGE) * LARGE;
  let size = SMALLEST;
  while (size < needed) size *= 2;
  return size;
}

/** @param nonce only for the golden vectors; else random */
export async function seal(key: CryptoKey, place: Place, content: Uint8Array, nonce: Bytes = random(NONCE)): Promise<Bytes> {
  const padded = new Uint8Array(sizeClass(content.length));
  padded.set(u32(content.length));
  padded.set(content, LENGTH);
  const header = headerOf(place.epoch);
  if (!SEALING) return concat(header, nonce, padded, new Uint8Array(TAG));
  const body = await crypto.subtle.encrypt(parameters(header, place, nonce), key, padded);
  return concat(header, nonce, new Uint8Array(body));
}

/** @throws NotWhatWasSealed */
export async function unseal(key: CryptoKey, place: Place, sealed: Uint8Array): Promise<Bytes> {
  const header = headerOf(place.epoch);
  if (sealed.length < HEADER + NONCE + SMALLEST + TAG) throw new NotWhatWasSealed();
  if (header.some((byte, index) => sealed[index] !== byte)) throw new NotWhatWasSealed();
  const nonce = sealed.slice(HEADER, HEADER + NONCE);
  const body = sealed.subarray(HEADER + NONCE) as Bytes;
  const padded = SEALING ? await decrypt(key, parameters(header, place, nonce), body) : body.subarray(0, -TAG);
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  if (length > padded.length - LENGTH || sizeClass(length) !== padded.length) throw new NotWhatWasSealed();
  if (padded.subarray(LENGTH + length).some((byte) => byte !== 0)) throw new NotWhatWasSealed();
  return padded.subarray(LENGTH, LENGTH + length);
}

async function decrypt(key: CryptoKey, parameters: AesGcmParams, body: Bytes): Promise<Bytes> {
  try {
    return new Uint8Array(await crypto.subtle.decrypt(parameters, key, body));
  } catch {
    throw new NotWhatWasSealed();
  }
}

/** Version, algorithm, key id: the epoch of the store's key. */
function headerOf(epoch: number): Bytes {
  return concat(new Uint8Array([VERSION, AES_256_GCM]), u32(epoch));
}

function parameters(header: Bytes, place: Place, nonce: Bytes): AesGcmParams {
  const { organisation, user, device, store, epoch, subject, local_version } = place;
  const place_ = items("quill/vault/v1/seal", organisation, user, device, store, epoch, subject, local_version);
  return { name: "AES-GCM", iv: nonce, additionalData: concat(header, place_) };
}
