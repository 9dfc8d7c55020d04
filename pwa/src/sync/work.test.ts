/** What a person types while something else happens to the same draft or the same scope: nothing is lost, nothing sent twice. */
import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { ScopeEnded } from "../vault/refusals.ts";
import { openTab } from "../vault/vault-for-tests.ts";
import { LETTER, PATIENT, atWork, interrupted, revoked, section, wardVault } from "./device-for-tests.ts";
import { operationOf } from "./drafts.ts";

const shown = (text: string) => ({ version: 1, was: { "sections/plan": section(text) } });

it("locks after what is being typed was sealed", async () => {
  const ward = await wardVault();
  const vault = await openTab(ward);
  const work = atWork(vault);
  const typing = work.edit("letter", LETTER, { "sections/plan": section("Rest") });
  await work.commitAll();
  await vault.close();
  await typing;
  const unlocked = await openTab(ward);
  expect((await unlocked.outbox()).map(({ operation: { set } }) => set)).toEqual([{ "sections/plan": section("Rest") }]);
});

describe("an edit", () => {
  it("follows what the engine made of the draft between its reading and its writing", async () => {
    const vault = await openTab(await wardVault());
    await atWork(vault).edit("letter", LETTER, { "sections/plan": section("Rest") }, shown("as pulled"));
    const meanwhile = interrupted(vault, "saveDraft", () => vault.commitDrafts([LETTER], operationOf));
    await atWork(meanwhile).edit("letter", LETTER, { "sections/plan": section("Rest and review") }, shown("Rest"));
    await vault.commitDrafts(null, operationOf);
    const [first, second] = (await vault.outbox()).map(({ operation }) => operation);
    expect(first).toMatchObject({ set: { "sections/plan": section("Rest") }, was: { "sections/plan": section("as pulled") } });
    expect(second).toMatchObject({ set: { "sections/plan": section("Rest and review") }, was: { "sections/plan": section("Rest") }, depends_on: [first?.op_id] });
  });

  it("keeps what another tab typed into the same letter a moment before", async () => {
    const ward = await wardVault();
    const [one, two] = [await openTab(ward), await openTab(ward)];
    // Locks of their own: the one that held the lock slept, and was passed over.
    const left = atWork(one);
    const right = atWork(interrupted(two, "saveDraft", () => left.edit("letter", LETTER, { "sections/plan": section("Rest") })));
    await right.edit("letter", LETTER, { "sections/history": section("Well until May") });
    expect((await one.drafts()).map(({ set }) => set)).toEqual([{ "sections/plan": section("Rest"), "sections/history": section("Well until May") }]);
  });

  it("goes on in another tab where this one left off", async () => {
    const ward = await wardVault();
    const [one, two] = [await openTab(ward), await openTab(ward)];
    await atWork(one).edit("letter", LETTER, { "sections/plan": section("Rest") }, shown("as pulled"));
    await atWork(two).edit("letter", LETTER, { "sections/plan": section("Rest and review") }, shown("Rest"));
    expect([await one.outbox(), (await one.drafts()).map(({ set }) => set)]).toEqual([[], [{ "sections/plan": section("Rest and review") }]]);
  });

  it("isn't folded over what another tab typed into the same field and this screen didn't show (G5)", async () => {
    const ward = await wardVault();
    const [one, two] = [await openTab(ward), await openTab(ward)];
    await atWork(one).edit("letter", LETTER, { "sections/plan": section("Rest") }, shown("as pulled"));
    await atWork(two).edit("letter", LETTER, { "sections/plan": section("Operate") }, shown("as pulled"));
    expect((await one.outbox()).map(({ operation }) => operation.set)).toEqual([{ "sections/plan": section("Rest") }]);
    expect(await one.drafts()).toMatchObject([{ set: { "sections/plan": section("Operate") }, was: { "sections/plan": section("as pulled") } }]);
  });

  it.each(["saveDraft", "queue", "putFile"] as const)("leaves nothing of a scope that ended before %s (G6)", async (method) => {
    const vault = await openTab(await wardVault());
    const work = atWork(interrupted(vault, method, () => vault.storePage("c1", revoked)));
    const written = {
      saveDraft: () => work.edit("letter", LETTER, { "sections/plan": section("Rest") }),
      queue: () => work.sendMessage({ text: "Please see today", urgent: false, patient_id: PATIENT }),
      putFile: () => work.attach(PATIENT, { name: "wound.jpg", media_type: "image/jpeg", bytes: new Uint8Array([1, 2, 3]) }),
    };
    await expect(written[method]()).rejects.toThrow(ScopeEnded);
    expect([await vault.drafts(), await vault.outbox(), await vault.note("files")]).toEqual([[], [], null]);
  });
});
