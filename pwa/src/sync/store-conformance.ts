/** What every DeviceStore must do. Run on the memory store and on the vault; a store that passes can carry the engine. */
import { describe, expect, it } from "vitest";
import type { Entry, PutEntry, Verdict } from "@quill/schemas";
import { ScopeEnded } from "../vault/refusals.ts";
import { operationOf } from "./drafts.ts";
import type { DeviceStore, Draft, OpenStore, OperationDraft, Page, StoreChange } from "./ports.ts";

const AT = "2026-01-05T09:00:00.000Z";
const encoder = new TextEncoder();

function uuid(n: number): string {
  return `00000000-0000-7000-8000-${String(n).padStart(12, "0")}`;
}

function put(n: number, scope: string, version = 1, title = "Clinic letter"): PutEntry {
  return { type: "put", seq: n * 10 + version, kind: "letter", id: uuid(n), scope, version, schema: 1, by: "server", at: AT, body: { title } };
}

function page(changes: Entry[], cursor: string, more = false, head = 1): Page {
  return { bytes: encoder.encode(JSON.stringify({ changes, cursor, more, head })), changes, cursor, more, head };
}

function patch(n: number, scope: string, title = "new"): OperationDraft {
  return { kind: "letter", id: uuid(n), action: "patch", base_version: 1, set: { title }, was: { title: "old" }, made_at: AT, scope };
}

function draft(n: number, scope: string, title = "typed", saved_at = AT): Draft {
  return { kind: "letter", id: uuid(n), scope, create: false, base_version: 1, set: { title }, was: { title: "old" }, depends_on: [], saved_at };
}

function verdict(op_id: string, outcome: Verdict["outcome"] = "applied"): Verdict {
  return { op_id, outcome, record: { id: uuid(1), version: 2 }, seq: 7 };
}

const A = `patient:${uuid(100)}`;
const B = `patient:${uuid(200)}`;

/** @param open a new, empty store */
export function storeConformance(name: string, open: () => Promise<OpenStore>): void {
  describe(`${name}: pages`, () => {
    it("stores a page and its cursor together", async () => {
      const store = await open();
      expect(await store.cursor()).toBeNull();
      expect(await store.storePage(null, page([put(1, A), put(2, A)], "c1", false, 12))).toBe("stored");
      expect([await store.cursor(), await store.head()]).toEqual(["c1", 12]);
      expect(await store.record(uuid(1))).toMatchObject({ kind: "letter", id: uuid(1), scope: A, version: 1, seq: 11, by: "server", at: AT, body: { title: "Clinic letter" } });
      expect(await store.records("letter", A)).toHaveLength(2);
      expect(await store.records("patient")).toEqual([]);
    });

    it("throws away a page asked with another cursor than the stored one", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A, 2, "newer")], "c2"));
      expect(await store.storePage(null, page([put(1, A, 1, "older")], "c1"))).toBe("stale");
      expect(await store.cursor()).toBe("c2");
      expect((await store.record(uuid(1)))?.body).toEqual({ title: "newer" });
    });

    it("keeps the head of the last page with more: false only", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A)], "c1", true, 90));
      expect(await store.head()).toBe(0);
      await store.storePage("c1", page([put(2, A)], "c2", false, 95));
      expect(await store.head()).toBe(95);
    });

    it("replaces what it has with every put, and removes with a delete", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A), put(2, A)], "c1"));
      await store.storePage("c1", page([put(1, A, 2, "second"), { type: "delete", seq: 30, kind: "letter", id: uuid(2), scope: A, version: 2 }], "c2"));
      expect((await store.record(uuid(1)))?.version).toBe(2);
      expect(await store.record(uuid(2))).toBeNull();
      expect(await store.records("letter", A)).toHaveLength(1);
    });

    it("drops at complete what the scope held before begin and wasn't sent in between, over pages", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A), put(2, A), put(3, B)], "c1"));
      await store.storePage("c1", page([{ type: "begin", seq: 40, scope: A }, put(2, A, 2)], "c2", true));
      expect((await store.scopes()).find(({ scope }) => scope === A)?.complete).toBe(false);
      expect(await store.record(uuid(1))).not.toBeNull();
      await store.storePage("c2", page([put(4, A), { type: "complete", seq: 41, scope: A, count: 2, sha256: "0".repeat(64) }], "c3"));
      expect(await store.record(uuid(1))).toBeNull();
      expect((await store.records("letter", A)).map(({ id }) => id).sort()).toEqual([uuid(2), uuid(4)]);
      expect(await store.record(uuid(3))).not.toBeNull();
      expect((await store.scopes()).find(({ scope }) => scope === A)?.complete).toBe(true);
    });

    it("drops at a bootstrap's complete every scope it doesn't name", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A), put(3, B)], "c1"));
      await store.dropCursor("c1");
      expect(await store.cursor()).toBeNull();
      expect(await store.record(uuid(1))).not.toBeNull();
      const digest = { count: 1, sha256: "0".repeat(64) };
      await store.storePage(null, page([{ type: "begin", seq: 50 }, put(1, A), { type: "complete", seq: 51, scopes: { [A]: digest } }], "c2"));
      expect(await store.record(uuid(1))).not.toBeNull();
      expect(await store.record(uuid(3))).toBeNull();
      expect((await store.scopes()).map(({ scope }) => scope)).toEqual([A]);
    });

    it("forgets the cursor only if it is the one named", async () => {
      const store = await open();
      await store.storePage(null, page([], "c1"));
      await store.dropCursor("c0");
      expect(await store.cursor()).toBe("c1");
    });

    it("holds a scope born from its first put as complete", async () => {
      const store = await open();
      await store.storePage(null, page([], "c1"));
      await store.storePage("c1", page([put(1, A)], "c2"));
      expect(await store.scopes()).toEqual([{ scope: A, complete: true }]);
    });
  });

  describe(`${name}: revokes`, () => {
    it("drops records, files and decided work of the scope, nothing else", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A), put(2, B)], "c1"));
      await store.putFile(uuid(8), A, encoder.encode("photograph"));
      const [queued] = await store.queue([patch(1, A)]);
      await store.storeVerdicts([verdict(queued?.operation.op_id ?? "")], AT);
      expect(await store.storePage("c1", page([{ type: "revoke", seq: 60, scope: A }], "c2"))).toBe("stored");
      expect(await store.record(uuid(1))).toBeNull();
      expect(await store.records("letter")).toHaveLength(1);
      expect(await store.file(uuid(8))).toBeNull();
      expect(await store.decided()).toEqual([]);
      expect((await store.scopes()).map(({ scope }) => scope)).toEqual([B]);
    });

    for (const [what, leave] of [
      ["an operation", (store: DeviceStore) => store.queue([patch(1, A)])],
      ["a draft", (store: DeviceStore) => store.saveDraft(draft(1, A))],
    ] as const) {
      it(`stores nothing of the page while ${what} of the scope is unsent`, async () => {
        const store = await open();
        await store.storePage(null, page([put(1, A), put(2, B)], "c1"));
        await leave(store);
        expect(await store.storePage("c1", page([put(2, B, 2), { type: "revoke", seq: 60, scope: A }], "c2"))).toBe("unsent");
        expect(await store.cursor()).toBe("c1");
        expect((await store.record(uuid(2)))?.version).toBe(1);
        expect(await store.record(uuid(1))).not.toBeNull();
      });
    }

    it("drops the notes that name the scope, and leaves the others", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A)], "c1"));
      await store.putNote(`seen ${A}`, 1);
      await store.putNote(`seen ${B}`, 2);
      await store.storePage("c1", page([{ type: "revoke", seq: 60, scope: A }], "c2"));
      expect([await store.note(`seen ${A}`), await store.note(`seen ${B}`)]).toEqual([null, 2]);
    });

    it("treats a scope that a bootstrap's complete doesn't name as one revoked", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A), put(2, B)], "c1"));
      const [queued] = await store.queue([patch(1, A)]);
      const whole = page([{ type: "begin", seq: 50 }, put(2, B), { type: "complete", seq: 51, scopes: { [B]: { count: 1, sha256: "0".repeat(64) } } }], "c2");
      await store.dropCursor("c1");
      expect(await store.storePage(null, whole)).toBe("unsent");
      expect([await store.cursor(), await store.record(uuid(1))]).toEqual([null, expect.anything()]);
      await store.storeVerdicts([verdict(queued?.operation.op_id ?? "")], AT);
      expect(await store.storePage(null, whole)).toBe("stored");
      expect([await store.record(uuid(1)), await store.decided()]).toEqual([null, []]);
    });

    for (const [what, leave] of [
      ["an operation", (store: DeviceStore) => store.queue([patch(2, B), patch(1, A)])],
      ["a draft", (store: DeviceStore) => store.saveDraft(draft(1, A))],
      ["a file", (store: DeviceStore) => store.putFile(uuid(8), A, encoder.encode("photograph"))],
      ["a note", (store: DeviceStore) => store.putNote(`unfinished message ${A}`, "Please")],
    ] as const) {
      it(`refuses ${what} of a scope that ended, until it is held again`, async () => {
        const store = await open();
        await store.storePage(null, page([put(1, A), put(2, B)], "c1"));
        await store.storePage("c1", page([{ type: "revoke", seq: 60, scope: A }], "c2"));
        await expect(leave(store)).rejects.toThrow(ScopeEnded);
        expect([await store.outbox(), await store.drafts(), await store.file(uuid(8))]).toEqual([[], [], null]);
        expect(await store.note(`unfinished message ${A}`)).toBeNull();
        expect((await store.identity()).next_device_seq).toBe(1);
        await store.storePage("c2", page([{ type: "begin", seq: 61, scope: A }, put(1, A)], "c3", true));
        await leave(store);
      });
    }

    it("takes work of a scope never heard of: a patient made here, a team's first message", async () => {
      const store = await open();
      await store.saveDraft(draft(1, A));
      await store.queue([patch(2, B)]);
      expect([(await store.drafts()).length, (await store.outbox()).length]).toEqual([1, 1]);
    });

    it("doesn't mind unsent work of another scope", async () => {
      const store = await open();
      await store.storePage(null, page([put(1, A), put(2, B)], "c1"));
      await store.queue([patch(2, B)]);
      expect(await store.storePage("c1", page([{ type: "revoke", seq: 60, scope: A }], "c2"))).toBe("stored");
      expect(await store.outbox()).toHaveLength(1);
    });
  });

  describe(`${name}: own work`, () => {
    it("numbers operations from 1 without gaps, in the order given, also when queued at once", async () => {
      const store = await open();
      await Promise.all([store.queue([patch(1, A, "a"), patch(1, A, "b")]), store.queue([patch(2, A, "c")]), store.queue([patch(3, A, "d")])]);
      const outbox = await store.outbox();
      expect(outbox.map(({ operation }) => operation.device_seq)).toEqual([1, 2, 3, 4]);
      expect(new Set(outbox.map(({ operation }) => operation.op_id)).size).toBe(4);
      const titles = outbox.map(({ operation }) => operation.set?.["title"]);
      expect(titles.indexOf("a")).toBeLessThan(titles.indexOf("b"));
      expect((await store.identity()).next_device_seq).toBe(5);
    });

    it("gives operations the epoch, and keeps the scope beside them", async () => {
      const store = await open();
      await store.rememberHello({ epoch: 3, audit_head: "a1", journal_days: 14 });
      const [queued] = await store.queue([patch(1, A)]);
      expect(queued).toMatchObject({ scope: A, operation: { base_epoch: 3, kind: "letter", action: "patch", set: { title: "new" }, was: { title: "old" } } });
      expect(queued?.operation).not.toHaveProperty("scope");
      expect(await store.identity()).toMatchObject({ epoch: 3, audit_head: "a1" });
    });

    it("cuts the outbox by count and by bytes, always giving one", async () => {
      const store = await open();
      await store.queue([patch(1, A, "x".repeat(1000)), patch(1, A, "y".repeat(1000)), patch(1, A)]);
      expect(await store.outbox({ count: 2, bytes: 1_000_000 })).toHaveLength(2);
      expect(await store.outbox({ count: 9, bytes: 1_500 })).toHaveLength(1);
      expect(await store.outbox({ count: 9, bytes: 10 })).toHaveLength(1);
    });

    it("moves an operation from outbox to decided with its verdict, and ignores verdicts of others", async () => {
      const store = await open();
      const [first, second] = await store.queue([patch(1, A), patch(2, A)]);
      await store.storeVerdicts([verdict(first?.operation.op_id ?? ""), verdict(uuid(999))], AT);
      expect((await store.outbox()).map(({ operation }) => operation.op_id)).toEqual([second?.operation.op_id]);
      expect(await store.decided()).toMatchObject([{ scope: A, decided_at: AT, verdict: { outcome: "applied" }, operation: { device_seq: 1 } }]);
      await store.storeVerdicts([verdict(first?.operation.op_id ?? "", "rejected")], AT);
      expect((await store.decided()).map(({ verdict: { outcome } }) => outcome)).toEqual(["applied"]);
      await store.forgetDecided([first?.operation.op_id ?? ""]);
      expect(await store.decided()).toEqual([]);
    });

    it("never gives a number twice after operations were decided", async () => {
      const store = await open();
      const [first] = await store.queue([patch(1, A)]);
      await store.storeVerdicts([verdict(first?.operation.op_id ?? "")], AT);
      const [second] = await store.queue([patch(1, A)]);
      expect(second?.operation.device_seq).toBe(2);
    });

    it("renumbers the outbox from 1 under a new device id and keeps op ids", async () => {
      const store = await open();
      const before = await store.identity();
      const queued = await store.queue([patch(1, A), patch(2, A), patch(3, A)]);
      await store.storeVerdicts([verdict(queued[0]?.operation.op_id ?? "")], AT);
      await store.renumber(uuid(77));
      expect(await store.identity()).toMatchObject({ device_id: uuid(77), replaces: [before.device_id], next_device_seq: 3 });
      expect((await store.outbox()).map(({ operation }) => [operation.op_id, operation.device_seq])).toEqual([
        [queued[1]?.operation.op_id, 1], [queued[2]?.operation.op_id, 2],
      ]);
    });

    it("keeps what was decided under an earlier device id before all that follows, and its number nobody's", async () => {
      const store = await open();
      const queued = await store.queue([patch(1, A, "first"), patch(1, A, "second"), patch(1, A, "third")]);
      await store.storeVerdicts(queued.slice(0, 2).map(({ operation }) => verdict(operation.op_id)), AT);
      await store.renumber(uuid(77));
      const titles = async () => [...(await store.decided()), ...(await store.outbox())].map(({ operation: { set, device_seq } }) => [set?.["title"], device_seq]);
      expect(await titles()).toEqual([["first", -1], ["second", 0], ["third", 1]]);
      await store.storeVerdicts([verdict(queued[2]?.operation.op_id ?? "")], AT);
      await store.renumber(uuid(78));
      expect(await titles()).toEqual([["first", -2], ["second", -1], ["third", 0]]);
    });

    it("keeps one draft a record, and makes it an operation in one step", async () => {
      const store = await open();
      await store.saveDraft(draft(1, A, "first"));
      await store.saveDraft(draft(1, A, "second"));
      await store.saveDraft(draft(2, A, "other"));
      expect((await store.drafts()).map(({ set }) => set["title"]).sort()).toEqual(["other", "second"]);
      const queued = await store.commitDrafts([uuid(1)], operationOf);
      expect(queued.map(({ operation }) => operation.set)).toEqual([{ title: "second" }]);
      expect((await store.drafts()).map(({ id }) => id)).toEqual([uuid(2)]);
      expect(await store.outbox()).toHaveLength(1);
      expect(await store.commitDrafts([uuid(1)], operationOf)).toEqual([]);
      await store.commitDrafts(null, operationOf);
      expect([await store.drafts(), (await store.outbox()).length]).toEqual([[], 2]);
    });

    it("saves a draft only over the one it was folded from", async () => {
      const store = await open();
      expect(await store.saveDraft(draft(1, A, "first"), null)).toBe("saved");
      const [first = null] = await store.drafts();
      expect(await store.saveDraft(draft(1, A, "by another tab"), null)).toBe("stale");
      expect(await store.saveDraft(draft(1, A, "second"), first)).toBe("saved");
      expect(await store.saveDraft(draft(1, A, "late"), first)).toBe("stale");
      expect((await store.drafts()).map(({ set }) => set["title"])).toEqual(["second"]);
      const [second = null] = await store.drafts();
      await store.commitDrafts(null, operationOf);
      expect(await store.saveDraft(draft(1, A, "later"), second)).toBe("stale");
      expect(await store.drafts()).toEqual([]);
    });

    it("just drops a draft that becomes no operation", async () => {
      const store = await open();
      await store.saveDraft(draft(1, A, "old"));
      expect(await store.commitDrafts(null, operationOf)).toEqual([]);
      expect([await store.drafts(), await store.outbox()]).toEqual([[], []]);
      expect((await store.identity()).next_device_seq).toBe(1);
    });

    it("drops a draft on demand", async () => {
      const store = await open();
      await store.saveDraft(draft(1, A));
      await store.dropDraft(uuid(1));
      await store.dropDraft(uuid(2));
      expect(await store.drafts()).toEqual([]);
    });

    it("keeps own work through pages", async () => {
      const store = await open();
      await store.queue([patch(1, A)]);
      await store.saveDraft(draft(2, A));
      await store.storePage(null, page([{ type: "begin", seq: 1 }, { type: "complete", seq: 2, scopes: {} }], "c1"));
      expect([(await store.outbox()).length, (await store.drafts()).length]).toEqual([1, 1]);
    });
  });

  describe(`${name}: files, notes, changes`, () => {
    it("keeps files byte for byte until they are dropped", async () => {
      const store = await open();
      const bytes = crypto.getRandomValues(new Uint8Array(60_000));
      await store.putFile(uuid(1), A, bytes);
      expect(await store.file(uuid(1))).toEqual(bytes);
      await store.dropFile(uuid(1));
      expect(await store.file(uuid(1))).toBeNull();
    });

    it("keeps notes", async () => {
      const store = await open();
      expect(await store.note("who")).toBeNull();
      await store.putNote("who", { name: "Amara" });
      expect(await store.note("who")).toEqual({ name: "Amara" });
    });

    it("tells of changes, and of own work as such", async () => {
      const store = await open();
      const heard: StoreChange[] = [];
      const stop = store.onChange((change) => heard.push(change));
      await store.storePage(null, page([put(1, A)], "c1"));
      await store.queue([patch(1, A)]);
      await store.saveDraft(draft(2, A));
      expect(heard.map(({ outbox }) => outbox)).toEqual([false, true, true]);
      expect(heard.every(({ kinds, ids }) => kinds.includes("letter") && (ids.length === 0 || ids.includes(uuid(1)) || ids.includes(uuid(2))))).toBe(true);
      stop();
      await store.queue([patch(1, A)]);
      expect(heard).toHaveLength(3);
    });

    it("keeps what it was given, whatever becomes of it there", async () => {
      const store = await open();
      const given = draft(1, A, "typed");
      await store.saveDraft(given);
      given.set["title"] = "changed by the caller";
      expect((await store.drafts())[0]?.set).toEqual({ title: "typed" });
    });

    it("finds patients, with own work shown instead of what was pulled", async () => {
      const store = await open();
      const pulled = (n: number, family: string): PutEntry => {
        const body = { name: { family, given: ["Ann"] }, birth_date: "1962-02-04", sex: "female", identifiers: [] };
        return { ...put(n, `patient:${uuid(n)}`), kind: "patient", body };
      };
      const own = (n: number, family: string) => ({ id: uuid(n), family, given: "Ann", birth_date: "1962-02-04", sex: "female", deceased: false });
      await store.storePage(null, page([pulled(1, "Smith"), pulled(2, "Okafor"), pulled(3, "Adams")], "c1"));
      const found = async (text: string, laid?: Parameters<typeof store.searchPatients>[3]) => {
        const { total, rows } = await store.searchPatients(text, 0, 10, laid);
        expect(rows).toHaveLength(total);
        return rows.map(({ family }) => family);
      };
      expect(await found("")).toEqual(["Adams", "Okafor", "Smith"]);
      expect(await found("smi ann")).toEqual(["Smith"]);
      const laid = new Map([[uuid(1), own(1, "Miller")], [uuid(3), null], [uuid(4), own(4, "Smithers")]]);
      expect(await found("", laid)).toEqual(["Miller", "Okafor", "Smithers"]);
      expect(await found("smi", laid)).toEqual(["Smithers"]);
    });
  });
}
