/**
 * The vault beside a plain model of what `sync/ports.ts` promises: two tabs, locks and unlocks, compaction at any moment, and a
 * disk that fails at any write. After each step both tabs hold what the model holds.
 */
import "fake-indexeddb/auto";
import { KINDS, type Entry, type PutEntry } from "@quill/schemas";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Draft, PageOutcome } from "../sync/ports.ts";
import { ScopeEnded } from "./refusals.ts";
import { failingAt, makeVault, openTab, operation, page, patient, put, type TestVault } from "./vault-for-tests.ts";
import type { Vault } from "./vault.ts";

const SCOPES = ["patient:a", "patient:b", "patient:c", "org"];

interface Held {
  entry: PutEntry;
  arrival: number;
}

/** What the ports promise, as simply as it can be said. */
class Model {
  cursor: string | null = null;
  head = 0;
  records = new Map<string, Held>();
  scopes = new Map<string, { complete: boolean; began: number }>();
  ended = new Set<string>();
  bootstrap: number | null = null;
  outbox: string[] = [];
  decided: string[] = [];
  drafts = new Map<string, Draft>();
  files = new Map<string, { scope: string; bytes: Uint8Array }>();
  scopeOf = new Map<string, string>();
  next = 1;
  #arrivals = 0;

  storePage(askedWith: string | null, changes: Entry[], cursor: string, head: number): PageOutcome {
    if (askedWith !== this.cursor) return "stale";
    const ended = this.#ended(changes);
    const unsent = [...this.outbox.map((id) => this.scopeOf.get(id)), ...[...this.drafts.values()].map(({ scope }) => scope)];
    if (unsent.some((scope) => scope !== undefined && ended.has(scope))) return "unsent";
    for (const entry of changes) this.#apply(entry);
    this.decided = this.decided.filter((id) => !ended.has(this.scopeOf.get(id) ?? ""));
    for (const [id, { scope }] of this.files) if (ended.has(scope)) this.files.delete(id);
    for (const scope of ended) this.ended.add(scope);
    for (const scope of this.scopes.keys()) this.ended.delete(scope);
    this.cursor = cursor;
    this.head = head;
    return "stored";
  }

  #ended(changes: Entry[]): Set<string> {
    const trial = new Model();
    for (const scope of this.scopes.keys()) trial.scopes.set(scope, { complete: true, began: 0 });
    const ended = new Set<string>();
    for (const entry of changes) {
      const before = new Set(trial.scopes.keys());
      trial.#apply(entry);
      for (const scope of before) if (!trial.scopes.has(scope)) ended.add(scope);
      if (entry.type === "revoke") ended.add(entry.scope);
    }
    return ended;
  }

  #apply(entry: Entry): void {
    switch (entry.type) {
      case "put":
        this.records.set(entry.id, { entry, arrival: ++this.#arrivals });
        if (!this.scopes.has(entry.scope)) this.scopes.set(entry.scope, { complete: this.bootstrap === null, began: 0 });
        break;
      case "delete":
        this.records.delete(entry.id);
        break;
      case "begin":
        if (entry.scope !== undefined) this.scopes.set(entry.scope, { complete: false, began: this.#arrivals });
        else {
          this.bootstrap = this.#arrivals;
          for (const scope of this.scopes.keys()) this.scopes.set(scope, { complete: false, began: 0 });
        }
        break;
      case "complete":
        if (entry.scope !== undefined) this.#completed(entry.scope, this.scopes.get(entry.scope)?.began ?? 0);
        else {
          const named = Object.keys(entry.scopes ?? {});
          for (const scope of [...this.scopes.keys()]) if (!named.includes(scope)) this.#drop(scope);
          for (const scope of named) this.#completed(scope, this.bootstrap ?? 0);
          this.bootstrap = null;
        }
        break;
      case "revoke":
        this.#drop(entry.scope);
        break;
      case "reset":
    }
  }

  #completed(scope: string, began: number): void {
    for (const [id, { entry, arrival }] of this.records) if (entry.scope === scope && arrival <= began) this.records.delete(id);
    this.scopes.set(scope, { complete: true, began: 0 });
  }

  #drop(scope: string): void {
    for (const [id, { entry }] of this.records) if (entry.scope === scope) this.records.delete(id);
    this.scopes.delete(scope);
  }
}

async function expectSame(vault: Vault, model: Model): Promise<void> {
  expect(await vault.cursor()).toBe(model.cursor);
  expect(await vault.head()).toBe(model.head);
  expect((await vault.identity()).next_device_seq).toBe(model.next);
  expect((await vault.outbox()).map(({ operation }) => operation.set?.["title"])).toEqual(model.outbox);
  expect((await vault.decided()).map(({ operation }) => operation.set?.["title"])).toEqual(model.decided);
  expect(new Map((await vault.drafts()).map((draft) => [draft.id, draft]))).toEqual(model.drafts);
  expect(new Map((await vault.scopes()).map(({ scope, complete }) => [scope, complete]))).toEqual(
    new Map([...model.scopes].map(([scope, { complete }]) => [scope, complete])),
  );
  const held = (await Promise.all(KINDS.map((kind) => vault.records(kind)))).flat();
  expect(new Map(held.map(({ id, version, body }) => [id, [version, body]]))).toEqual(
    new Map([...model.records].map(([id, { entry }]) => [id, [entry.version, entry.body]])),
  );
  for (const scope of SCOPES) {
    const ids = (await vault.records("letter", scope)).map(({ id }) => id).sort();
    expect(ids).toEqual([...model.records.values()].flatMap(({ entry }) => (entry.scope === scope && entry.kind === "letter" ? entry.id : [])).sort());
  }
  const patients = [...model.records.values()].filter(({ entry }) => entry.kind === "patient").map(({ entry }) => entry.id);
  expect((await vault.searchPatients("", 0, 100)).rows.map(({ id }) => id).sort()).toEqual(patients.sort());
  for (const id of ["f1", "f2"]) expect(await vault.file(id)).toEqual(model.files.get(id)?.bytes ?? null);
}

/** What the next unlock finds. */
async function expectReopened(made: TestVault, model: Model): Promise<void> {
  const again = await openTab(made);
  await expectSame(again, model);
  await again.close();
}

const scope = fc.constantFrom(...SCOPES);
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ n: fc.nat(5), scope, version: fc.integer({ min: 1, max: 9 }) }).map(({ n, scope: of, version }) =>
      put("letter", `${of}/letter${n}`, of, version, { title: `letter ${n}`, text: "x".repeat(n * 40) })) },
  { weight: 2, arbitrary: fc.record({ who: fc.constantFrom("a", "b", "c"), family: fc.constantFrom("Smith", "Okafor"), version: fc.integer({ min: 1, max: 9 }) })
      .map(({ who, family, version }) => patient(who, family, "Ann", version)) },
  { weight: 2, arbitrary: fc.record({ n: fc.nat(5), scope }).map(({ n, scope: of }) =>
      ({ type: "delete", seq: 1, kind: "letter", id: `${of}/letter${n}`, scope: of, version: 10 }) as const) },
  scope.map((of) => ({ type: "begin", seq: 1, scope: of }) as const),
  scope.map((of) => ({ type: "complete", seq: 1, scope: of }) as const),
  fc.constant({ type: "begin", seq: 1 } as const),
  fc.subarray(SCOPES).map((all) => ({ type: "complete", seq: 1, scopes: Object.fromEntries(all.map((of) => [of, { count: 0, sha256: "" }])) }) as const),
  scope.map((of) => ({ type: "revoke", seq: 1, scope: of }) as const),
);

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant("page" as const), changes: fc.array(entry, { maxLength: 8 }), stale: fc.constantFrom(false, false, false, true) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("queue" as const), scopes: fc.array(scope, { minLength: 1, maxLength: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("verdicts" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget" as const), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("draft" as const), scope }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("commit" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("file" as const), id: fc.constantFrom("f1", "f2"), scope, size: fc.constantFrom(0, 10, 1_048_572, 1_048_573) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("dropFile" as const), id: fc.constantFrom("f1", "f2") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("compact" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reopen" as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let counter = 0;

/** Nothing of a scope that ended is stored any more. */
async function refused(task: () => Promise<unknown>): Promise<void> {
  await expect(task()).rejects.toThrow(ScopeEnded);
}

/** Does a step in the vault; answers what to do in the model once it is known to have happened. */
async function run(vault: Vault, model: Model, made: TestVault, each: Step): Promise<() => void> {
  const name = `${++counter}`;
  switch (each.do) {
    case "page": {
      const askedWith = each.stale ? "some other cursor" : model.cursor;
      const outcome = await vault.storePage(askedWith, page(each.changes, name, counter));
      return () => expect(model.storePage(askedWith, each.changes, name, counter)).toBe(outcome);
    }
    case "queue": {
      if (each.scopes.some((of) => model.ended.has(of))) {
        await refused(() => vault.queue(each.scopes.map((of) => operation(`${of}/letter0`, of))));
        return () => undefined;
      }
      const titles = each.scopes.map((_, place) => `${name}.${place}`);
      const queued = await vault.queue(each.scopes.map((of, place) => operation(`${of}/letter0`, of, titles[place])));
      return () => {
        expect(queued.map(({ operation: { device_seq } }) => device_seq)).toEqual(titles.map((_, place) => model.next + place));
        each.scopes.forEach((of, place) => model.scopeOf.set(titles[place] ?? "", of));
        model.outbox.push(...titles);
        model.next += titles.length;
      };
    }
    case "verdicts": {
      const sent = await vault.outbox({ count: each.count, bytes: 1e6 });
      await vault.storeVerdicts([...sent, ...sent].map(({ operation: { op_id } }) => ({ op_id, outcome: "applied" })), "2026-01-01T10:00:00Z");
      return () => void model.decided.push(...model.outbox.splice(0, each.count));
    }
    case "forget": {
      const known = (await vault.decided()).slice(0, each.count);
      await vault.forgetDecided([...known.map(({ operation: { op_id } }) => op_id), "unknown"]);
      return () => void model.decided.splice(0, each.count);
    }
    case "draft": {
      const draft: Draft = {
        kind: "letter", id: `${each.scope}/letter0`, scope: each.scope, create: false, base_version: 1,
        set: { title: name }, was: { title: "" }, depends_on: [], saved_at: name.padStart(6, "0"),
      };
      if (model.ended.has(each.scope)) {
        await refused(() => vault.saveDraft(draft));
        return () => undefined;
      }
      await vault.saveDraft(draft);
      return () => void model.drafts.set(draft.id, draft);
    }
    case "commit": {
      await vault.commitDrafts(null, (draft) => operation(draft.id, draft.scope, draft.set["title"] as string));
      return () => {
        for (const draft of [...model.drafts.values()].sort((a, b) => (a.saved_at < b.saved_at ? -1 : 1))) {
          model.outbox.push(draft.set["title"] as string);
          model.scopeOf.set(draft.set["title"] as string, draft.scope);
          model.next++;
        }
        model.drafts.clear();
      };
    }
    case "file": {
      const bytes = new Uint8Array(each.size).fill(counter);
      if (model.ended.has(each.scope)) {
        await refused(() => vault.putFile(each.id, each.scope, bytes));
        return () => undefined;
      }
      await vault.putFile(each.id, each.scope, bytes);
      return () => void model.files.set(each.id, { scope: each.scope, bytes });
    }
    case "dropFile":
      await vault.dropFile(each.id);
      return () => void model.files.delete(each.id);
    case "compact":
      await vault.compact();
      return () => undefined;
    case "reopen":
      await expectReopened(made, model);
      return () => undefined;
  }
}

it("holds what it promises, with two tabs and a disk that fails", { timeout: 120_000 }, async () => {
  const turn = fc.record({ each: step, tab: fc.nat(1), failsAt: fc.option(fc.integer({ min: 1, max: 6 }), { freq: 3 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(turn, { minLength: 1, maxLength: 25 }), async (turns) => {
      const made = await makeVault();
      const model = new Model();
      const tabs = [await openTab(made), await openTab(made)] as const;
      try {
        for (const { each, tab, failsAt } of turns) {
          const vault = tab === 0 ? tabs[0] : tabs[1];
          const settle: (() => void)[] = [];
          const attempt = async () => void settle.push(await run(vault, model, made, each));
          // A step that failed happened not at all; then it is done again.
          if (failsAt !== null && (await failingAt(failsAt, attempt))) await expectReopened(made, model);
          if (settle.length === 0) await attempt();
          settle[0]?.();
          await expectSame(tabs[1], model);
          await expectSame(tabs[0], model);
        }
      } finally {
        await Promise.all(tabs.map((tab) => tab.close()));
      }
    }),
    { numRuns: Number(process.env["QUILL_RUNS"] ?? 40) },
  );
});
