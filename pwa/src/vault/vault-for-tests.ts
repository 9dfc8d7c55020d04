/** What the vault's tests share: vaults opened without the price of a password, pages, and a disk that fails. */
import type { Entry, Kind, PutEntry } from "@quill/schemas";
import type { OperationDraft, Page } from "../sync/ports.ts";
import { encode, random } from "./bytes.ts";
import { Database } from "./database.ts";
import { Keys, type Owner } from "./keys.ts";
import { sealManifest } from "./manifest.ts";
import { uuid } from "./uuid.ts";
import { Vault, type Surroundings } from "./vault.ts";

export interface TestVault {
  name: string;
  key: Uint8Array<ArrayBuffer>;
  owner: Owner;
}

export async function makeVault(): Promise<TestVault> {
  const made = { name: uuid(), key: random(32), owner: { organisation: uuid(), user: uuid(), device: uuid() } };
  const head = await sealManifest(await Keys.of(made.key, made.owner), { generation: 0, snapshot: 0 });
  const slot = { type: "password", derivation: { name: "pbkdf2-sha256", iterations: 600_000 }, salt: random(16), nonce: random(12), wrapped: random(64) } as const;
  (await Database.create(made.name, { initials: "T", colour: "teal", owner: "" }, slot, head)).close();
  return made;
}

/** Each call is another tab. */
export async function openTab({ name, key, owner }: TestVault, surroundings: Surroundings = { compacts: false }): Promise<Vault> {
  const database = await Database.open(name);
  if (!database) throw new Error("no such vault");
  return Vault.open(database, await Keys.of(key, owner), surroundings);
}

export function put(kind: Kind, id: string, scope: string, version: number, body: Record<string, unknown>): PutEntry {
  return { type: "put", seq: version, kind, id, scope, version, schema: 1, by: "server", at: "2026-01-01T09:00:00Z", body };
}

export function patient(id: string, family: string, given = "Ann", version = 1, more: Record<string, unknown> = {}): PutEntry {
  return put("patient", id, `patient:${id}`, version, { name: { family, given: [given] }, birth_date: "1962-02-04", sex: "female", ...more });
}

export function page(changes: Entry[], cursor: string, head = 1, more = false): Page {
  return { bytes: encode(JSON.stringify({ changes, cursor, more, head })), changes, cursor, more, head };
}

export function operation(id: string, scope: string, text = "text"): OperationDraft {
  return { kind: "letter", id, action: "patch", base_version: 1, set: { title: text }, was: { title: "" }, made_at: "2026-01-01T09:00:00Z", scope };
}

/**
 * Runs `task` on a disk that fails at the `nth` write (1: the first) the way a full one does.
 * @returns whether it came so far
 */
export async function failingAt(nth: number, task: () => Promise<unknown>): Promise<boolean> {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with their `this` below
  const { put: reallyPut, delete: reallyDelete } = IDBObjectStore.prototype;
  let writes = 0;
  const failOnce = () => {
    if (++writes === nth) throw new DOMException("the disk is full", "QuotaExceededError");
  };
  IDBObjectStore.prototype.put = function (...parameters) {
    failOnce();
    return reallyPut.apply(this, parameters);
  };
  IDBObjectStore.prototype.delete = function (...parameters) {
    failOnce();
    return reallyDelete.apply(this, parameters);
  };
  try {
    await task();
  } catch (error) {
    if ((error as DOMException).name !== "QuotaExceededError") throw error;
  } finally {
    Object.assign(IDBObjectStore.prototype, { put: reallyPut, delete: reallyDelete });
  }
  return writes >= nth;
}
