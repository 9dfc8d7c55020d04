/** Someone changes the database while the vault is closed: faults 30 and 52. Each change is found, none is shown. */
import "fake-indexeddb/auto";
import { deleteDB, openDB, type IDBPDatabase } from "idb";
import { describe, expect, it, test } from "vitest";
import type { Bytes } from "./bytes.ts";
import { createVault, listVaults, lost, removeVault, storageCanary, unlockVault } from "./index.ts";
import { VaultDamaged, VaultLocked } from "./refusals.ts";
import type { PasswordSlot } from "./slots.ts";
import { makeVault, openTab, operation, page, patient, put, type TestVault } from "./vault-for-tests.ts";
import type { Vault } from "./vault.ts";

const CHEAP = [{ name: "argon2id", memory_kib: 19_456, passes: 2 }] as const;
const STORES = ["head", "snapshots", "log", "segments", "files", "outbox", "decided", "drafts", "notes"];

async function filled(): Promise<TestVault> {
  const made = await makeVault();
  const vault = await openTab(made);
  await vault.storePage(null, page([patient("p", "Okafor"), put("letter", "l", "patient:p", 1, { title: "one" })], "1"));
  await vault.compact();
  await vault.storePage("1", page([put("letter", "m", "patient:p", 1, { title: "two" })], "2"));
  const [queued] = await vault.queue([operation("l", "patient:p"), operation("m", "patient:p")]);
  await vault.storeVerdicts([{ op_id: queued?.operation.op_id ?? "", outcome: "applied" }], "2026-01-01T10:00:00Z");
  await vault.saveDraft({ kind: "letter", id: "l", scope: "patient:p", create: false, base_version: 1, set: {}, was: {}, depends_on: [], saved_at: "1" });
  await vault.putFile("f", "patient:p", new Uint8Array(2_000_000));
  await vault.putNote("n", "noted");
  await vault.close();
  return made;
}

/** Everything there is to read. */
async function readAll(made: TestVault): Promise<void> {
  const vault = await openTab(made);
  try {
    await Promise.all([vault.records("letter"), vault.records("patient"), vault.outbox(), vault.decided(), vault.drafts(), vault.file("f"), vault.note("n")]);
  } finally {
    await vault.close();
  }
}

async function tamper(made: TestVault, change: (database: IDBPDatabase) => Promise<unknown>): Promise<void> {
  const database = await openDB(`quill-vault-${made.name}`);
  await change(database);
  database.close();
}

/** A row of a store, whatever its key: the sealed bytes, and how to put others in their place. */
async function rowOf(database: IDBPDatabase, store: string): Promise<{ key: IDBValidKey; sealed: Bytes; replace: (sealed: Bytes) => Promise<unknown> }> {
  const key = (await database.getAllKeys(store)).at(-1) ?? "";
  const value = (await database.get(store, key)) as Bytes | { sealed: Bytes };
  const sealed = value instanceof Uint8Array ? value : value.sealed;
  return { key, sealed, replace: (other) => database.put(store, value instanceof Uint8Array ? other : { ...value, sealed: other }, key) };
}

it("reads what nobody changed", async () => {
  await readAll(await filled());
});

describe.each(STORES)("a row of %s", (store) => {
  test.each<[string, (sealed: Bytes) => Bytes]>([
    ["with a flipped bit", (sealed) => sealed.map((byte, place) => (place === 100 ? byte ^ 4 : byte))],
    ["with another version", (sealed) => sealed.map((byte, place) => (place === 0 ? byte + 1 : byte))],
    ["of another key epoch", (sealed) => sealed.map((byte, place) => (place === 5 ? byte + 1 : byte))],
    ["cut", (sealed) => sealed.slice(0, -256)],
    ["made longer", (sealed) => new Uint8Array([...sealed, 0])],
  ])("%s", async (_, change) => {
    const made = await filled();
    await tamper(made, async (database) => {
      const row = await rowOf(database, store);
      await row.replace(change(row.sealed));
    });
    await expect(readAll(made)).rejects.toThrow(VaultDamaged);
  });

  it("removed", async () => {
    const made = await filled();
    await tamper(made, async (database) => database.delete(store, (await rowOf(database, store)).key));
    await expect(readAll(made)).rejects.toThrow(VaultDamaged);
  });

  it("put in the place of another vault's", async () => {
    const [made, other] = [await filled(), await filled()];
    let taken: Bytes = new Uint8Array();
    await tamper(other, async (database) => (taken = (await rowOf(database, store)).sealed));
    await tamper(made, async (database) => (await rowOf(database, store)).replace(taken));
    await expect(readAll(made)).rejects.toThrow(VaultDamaged);
  });

  // An operation once decided stays as it is: there is no older row to put back.
  it.skipIf(store === "decided")("rolled back to what stood there before", async () => {
    const made = await filled();
    let old: Bytes = new Uint8Array();
    await tamper(made, async (database) => (old = (await rowOf(database, store)).sealed));
    const vault = await openTab(made);
    await rewriteAll(vault);
    await vault.close();
    await tamper(made, async (database) => (await rowOf(database, store)).replace(old));
    await expect(readAll(made)).rejects.toThrow(VaultDamaged);
  });
});

/** Writes something new into every store. */
async function rewriteAll(vault: Vault): Promise<void> {
  await vault.compact();
  await vault.storePage("2", page([{ type: "revoke", seq: 1, scope: "org" }, put("letter", "m", "patient:p", 2, { title: "three" })], "3"));
  await vault.renumber("another");
  await vault.queue([operation("l", "patient:p")]);
  const waiting = await vault.outbox();
  await vault.storeVerdicts(waiting.slice(0, 1).map(({ operation: { op_id } }) => ({ op_id, outcome: "applied" })), "2026-01-01T11:00:00Z");
  await vault.saveDraft({ kind: "letter", id: "l", scope: "patient:p", create: false, base_version: 1, set: { title: "x" }, was: {}, depends_on: [], saved_at: "2" });
  await vault.putFile("f", "patient:p", new Uint8Array(2_000_001));
  await vault.putNote("n", "noted again");
}

test.each([["outbox", "decided"], ["log", "segments"], ["drafts", "notes"]])("rows of %s and %s exchanged", async (one, two) => {
  const made = await filled();
  await tamper(made, async (database) => {
    const [a, b] = [await rowOf(database, one), await rowOf(database, two)];
    await Promise.all([a.replace(b.sealed), b.replace(a.sealed)]);
  });
  await expect(readAll(made)).rejects.toThrow(VaultDamaged);
});

it("finds a whole log rolled back under a tab that is open", async () => {
  const made = await filled();
  const vault = await openTab(made);
  let old: unknown;
  await tamper(made, async (database) => (old = (await database.get("head", "head")) as unknown));
  await vault.putNote("n", "later");
  await tamper(made, (database) => database.put("head", old, "head"));
  await expect(vault.note("n")).rejects.toThrow(VaultDamaged);
  await vault.close();
});

it("opens nothing past its deadline, and nothing once closed", async () => {
  const made = await filled();
  let passed = false;
  const vault = await openTab(made, { deadline: () => passed });
  expect(await vault.records("patient")).toHaveLength(1);
  passed = true;
  const questions = [() => vault.records("patient"), () => vault.file("f"), () => vault.searchPatients("", 0, 1), () => vault.drafts()];
  for (const ask of questions) await expect(ask()).rejects.toThrow(VaultLocked);
  // What is being typed at that moment is not lost.
  await vault.saveDraft({ kind: "letter", id: "x", scope: "org", create: true, base_version: 0, set: {}, was: {}, depends_on: [], saved_at: "3" });
  passed = false;
  expect(await vault.drafts()).toHaveLength(2);
  await vault.close();
  await expect(vault.records("patient")).rejects.toThrow();
});

describe("unlocking", () => {
  const chosen = { organisation_id: "o", user_id: "u", initials: "AD", colour: "teal", password: "ward-lantern" };

  test.each<[string, (database: IDBPDatabase) => Promise<unknown>]>([
    ["a slot below the floor", async (database) => {
      const slot = (await database.get("slots", "password")) as PasswordSlot;
      await database.put("slots", { ...slot, derivation: { name: "argon2id", memory_kib: 1024, passes: 1 } }, "password");
    }],
    ["no slot", (database) => database.clear("slots")],
    ["a header of a later format", (database) => database.put("header", { format: 99 }, "header")],
    ["no manifest", (database) => database.clear("head")],
    ["another number in clear beside the manifest", async (database) => {
      await database.put("head", { ...((await database.get("head", "head")) as object), generation: 7 }, "head");
    }],
  ])("says damaged: %s", async (_, change) => {
    const vault = await createVault(chosen, {}, CHEAP);
    await vault.close();
    await tamper({ name: vault.id } as TestVault, change);
    expect(await unlockVault(vault.id, chosen.password)).toBe("damaged");
  });

  it("notices a vault the browser threw away, and one that was removed on purpose not", async () => {
    const kept = new Map<string, string>();
    const canary = storageCanary({ getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) });
    const [gone, removed] = [await createVault(chosen, { canary }, CHEAP), await createVault(chosen, { canary }, CHEAP)];
    await gone.queue([operation("l", "org"), operation("l", "org")]);
    await Promise.all([gone.close(), removed.close()]);
    await deleteDB(`quill-vault-${gone.id}`);
    await removeVault(removed.id, { canary });
    const present = (await listVaults()).map(({ vault }) => vault);
    expect(lost(await canary.read(), present)).toEqual([{ vault: gone.id, unsent: 2 }]);
    expect(present).not.toContain(removed.id);
  });
});
