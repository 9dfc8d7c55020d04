import "fake-indexeddb/auto";
import type { Entry } from "@quill/schemas";
import { openDB } from "idb";
import { expect, it, vi } from "vitest";
import { makeVault, openTab, operation, page, patient, put } from "./vault-for-tests.ts";
import type { Vault } from "./vault.ts";

const letter = (id: string, scope: string, version = 1, title = id) => put("letter", id, scope, version, { title });

async function after(...pages: Entry[][]): Promise<Vault> {
  const vault = await openTab(await makeVault());
  for (const changes of pages) {
    const cursor = await vault.cursor();
    expect(await vault.storePage(cursor, page(changes, `${Number(cursor ?? 0) + 1}`))).toBe("stored");
  }
  return vault;
}

const ids = async (vault: Vault) => (await vault.records("letter")).map(({ id }) => id).sort();

it("drops at `complete` what the scope held from before `begin`, to the record", async () => {
  const vault = await after(
    [letter("old", "team:w"), letter("kept", "team:w"), letter("other", "org")],
    [letter("last before", "team:w"), { type: "begin", seq: 1, scope: "team:w" }, letter("kept", "team:w", 2), letter("new", "team:w")],
    [{ type: "complete", seq: 2, scope: "team:w", count: 2, sha256: "" }],
  );
  expect(await ids(vault)).toEqual(["kept", "new", "other"]);
  expect(await vault.scopes()).toContainEqual({ scope: "team:w", complete: true });
  await vault.close();
});

it("shows a scope as incomplete until its `complete`, in a bootstrap too", async () => {
  const vault = await after([{ type: "begin", seq: 1 }, letter("a", "team:w"), letter("b", "team:x")]);
  expect(await vault.scopes()).toEqual([{ scope: "team:w", complete: false }, { scope: "team:x", complete: false }]);
  await vault.storePage("1", page([{ type: "complete", seq: 2, scopes: { "team:w": { count: 1, sha256: "" } } }], "2"));
  expect(await vault.scopes()).toEqual([{ scope: "team:w", complete: true }]);
  expect(await ids(vault)).toEqual(["a"]);
  await vault.storePage("2", page([letter("born", "patient:p")], "3"));
  expect(await vault.scopes()).toContainEqual({ scope: "patient:p", complete: true });
  await vault.close();
});

it("keeps the newest of a record that comes twice in a page, also after a purge rewrote the segment", async () => {
  const vault = await after(
    [letter("twice", "org", 1), letter("gone", "team:w"), letter("twice", "org", 2)],
    [{ type: "revoke", seq: 1, scope: "team:w" }],
  );
  expect((await vault.record("twice"))?.version).toBe(2);
  expect(await ids(vault)).toEqual(["twice"]);
  await vault.close();
});

it("takes a revoke's scope out of the page that brings it", async () => {
  const vault = await after([letter("in the same page", "team:w"), patient("p", "Okafor"), { type: "revoke", seq: 1, scope: "team:w" }]);
  expect(await ids(vault)).toEqual([]);
  expect((await vault.searchPatients("oka", 0, 1)).total).toBe(1);
  await vault.close();
});

it("stores nothing of a page that ends a scope with unsent work, and all of it once that was decided", async () => {
  const vault = await after([letter("mine", "team:w")]);
  const [queued] = await vault.queue([operation("mine", "team:w")]);
  const revoke = page([{ type: "revoke", seq: 1, scope: "team:w" }], "2");
  expect(await vault.storePage("1", revoke)).toBe("unsent");
  expect([await vault.cursor(), await ids(vault)]).toEqual(["1", ["mine"]]);
  await vault.storeVerdicts([{ op_id: queued?.operation.op_id ?? "", outcome: "quarantined" }], "2026-01-01T10:00:00Z");
  expect(await vault.storePage("1", revoke)).toBe("stored");
  expect([await ids(vault), await vault.decided(), await vault.outbox()]).toEqual([[], [], []]);
  await vault.close();
});

it("gathers small segments by scope and forgets replaced text", async () => {
  const pages = Array.from({ length: 20 }, (_, n) => [letter(`l${n % 10}`, `patient:${n % 3}`, n + 1, `title ${n}`)]);
  const made = await makeVault();
  const vault = await openTab(made);
  for (const [n, changes] of pages.entries()) await vault.storePage(n === 0 ? null : `${n}`, page(changes, `${n + 1}`));
  const before = await vault.records("letter");
  await vault.compact();
  const again = await openTab(made);
  for (const tab of [vault, again]) expect((await tab.records("letter")).sort(byId)).toEqual(before.sort(byId));
  expect(await segmentsOf(made.name)).toBe(1);
  await Promise.all([vault.close(), again.close()]);
});

it("tells both tabs what changed", async () => {
  const made = await makeVault();
  const [one, two] = [await openTab(made), await openTab(made)];
  const told: string[][] = [];
  const heard = new Promise<void>((done) => {
    two.onChange((change) => {
      told.push(change.ids);
      done();
    });
  });
  await one.storePage(null, page([patient("p", "Smith")], "1"));
  await heard;
  expect(told).toEqual([["p"]]);
  expect((await two.searchPatients("smith", 0, 1)).total).toBe(1);
  await Promise.all([one.close(), two.close()]);
});

it("lets one of two tabs store a page asked for with the same cursor", async () => {
  const made = await makeVault();
  const tabs = [await openTab(made), await openTab(made)] as const;
  const outcomes = await Promise.all(tabs.map((tab, n) => tab.storePage(null, page([letter(`from ${n}`, "org")], `cursor ${n}`))));
  expect(outcomes.sort()).toEqual(["stale", "stored"]);
  await Promise.all(tabs.map((tab) => tab.close()));
});

it("numbers what two tabs queue at once without gap or repeat", async () => {
  const made = await makeVault();
  const tabs = [await openTab(made), await openTab(made)] as const;
  await Promise.all(Array.from({ length: 20 }, (_, n) => tabs[n % 2 === 0 ? 0 : 1].queue([operation(`${n}`, "org"), operation(`${n}`, "org")])));
  const numbers = (await tabs[0].outbox()).map(({ operation: { device_seq } }) => device_seq);
  expect(numbers).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  await tabs[1].renumber("another-device");
  expect(await tabs[0].identity()).toMatchObject({ device_id: "another-device", replaces: [made.owner.device], next_device_seq: 41 });
  await Promise.all(tabs.map((tab) => tab.close()));
});

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

async function segmentsOf(name: string): Promise<number> {
  const database = await openDB(`quill-vault-${name}`);
  const count = await database.count("segments");
  database.close();
  return count;
}

it("folds a first sync into a snapshot once all of it has come, so that the next unlock reads that instead", async () => {
  const made = await makeVault();
  const vault = await openTab(made, {});
  const many = (from: number) => Array.from({ length: 600 }, (_, n) => patient(`${from + n}`, "Smith"));
  await vault.storePage(null, page(many(0), "1", 1, true));
  await vault.storePage("1", page(many(600), "2"));
  const database = await openDB(`quill-vault-${made.name}`);
  await vi.waitFor(async () => expect(await database.count("log")).toBe(0));
  expect(await database.count("snapshots")).toBe(3);
  database.close();
  await vault.close();
});
