/**
 * A day's work on one letter without network, beside a colleague's: twenty edits, ready, signed.
 *
 * What has to happen, by the rules of the contract ("How the server decides"): no edit clashes and there is a foreign
 * version, so each is `merged` (2). Ready and the signature set `state`, which conflicts on any foreign version, whatever
 * else holds (4): nobody signs a text they have not seen. The two stand in one conflict (3), the letter stays a draft with
 * both people's text, and whoever decides keeps the server's state, reads what is there now, and signs that.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { allSent, beginLetter, go, heading, leave, offline, online, openLetter, press, reads, readyToLeave, sync, write } from "./harness/steps.ts";
import { PATIENCE, type Tablet } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";

const TITLE = "A day without network";
const EDITS = 20;
const HEADINGS = ["Plan", "History"] as const;

test("11. twenty offline edits, ready and sign, beside a colleague's edit: the text merges, the signature waits for a person", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const [amara, ben] = await Promise.all([ward.tablet("amara's", "amara"), ward.tablet("ben's", "ben")]);
    await readyToLeave(amara);
    await beginLetter(amara, patient, TITLE);
    await write(amara, "Plan", "To begin with.");
    await allSent(amara);
    const { id } = ward.letter(TITLE)!;
    await sync(ben);
    await openLetter(ben, patient, TITLE);

    await offline(amara);
    await openLetter(amara, patient, TITLE);
    for (let edit = 1; edit <= EDITS; edit += 1) {
      await heading(amara, HEADINGS[edit % 2]!).fill(`Edit ${edit} of ${HEADINGS[edit % 2]!.toLowerCase()}.`);
      await leave(amara); // each becomes an operation
      await waiting(amara, edit);
      await amara.page.goBack();
    }
    await press(amara.page, "Mark ready");
    await press(amara.page, "Sign letter");
    await amara.page.getByRole("dialog").getByRole("button", { name: "Sign letter" }).click();
    await amara.page.getByText("Signature waiting").waitFor();
    await go(amara, "Sync");
    await waiting(amara, EDITS + 2);

    await write(ben, "Examination", "Chest clear on both sides.");
    await allSent(ben);

    await online(amara);
    await allSent(amara);
    const outcomes = ward.server.rows(`
      SELECT outcome, count(*)::int AS times, count(DISTINCT conflict_id)::int AS conflicts, array_agg(DISTINCT said->'merged_with') AS beside
      FROM decided WHERE record_id = '${id}' AND device_seq > 1 AND outcome <> 'applied' GROUP BY outcome ORDER BY outcome`);
    assert.deepEqual(outcomes, [
      { outcome: "conflict", times: 2, conflicts: 1, beside: [null] },
      { outcome: "merged", times: EDITS, conflicts: 0, beside: [["sections/examination"]] },
    ]);
    const letter = ward.letter(TITLE)!;
    assert.equal(letter.state, "draft");
    assert.deepEqual(textsOf(letter), { plan: "Edit 20 of plan.", history: "Edit 19 of history.", examination: "Chest clear on both sides." });

    // Amara is told, where she wrote and on the list of what waits for her; what she reads is what the server has.
    await go(amara, "Work list");
    await amara.page.getByRole("region", { name: /^Needs review/ }).getByText(TITLE).first().waitFor();
    await openLetter(amara, patient, TITLE);
    await reads(amara, "Examination", "Chest clear on both sides.");
    await reads(amara, "Plan", "Edit 20 of plan.");
    await amara.page.getByText("Under review: two people changed this letter").waitFor();

    // She keeps the server's state, and signs the text of both.
    await amara.page.getByRole("link", { name: "Open the review" }).click();
    await press(amara.page, "State: Keep the server's"); // a draft can't be signed: the other way is not offered
    assert.equal(await amara.page.getByRole("button", { name: "State: Keep the later one" }).count(), 0);
    await press(amara.page, "Decide");
    await amara.page.getByText("Nothing needs review").waitFor();
    await allSent(amara);
    await openLetter(amara, patient, TITLE);
    await press(amara.page, "Mark ready");
    await press(amara.page, "Sign letter");
    await amara.page.getByTestId("sign-preview").getByText("Chest clear on both sides.").waitFor();
    await amara.page.getByRole("dialog").getByRole("button", { name: "Sign letter" }).click();
    await allSent(amara);
    const signed = ward.letter(TITLE)!;
    assert.equal(signed.state, "signed");
    assert.deepEqual(textsOf(signed), textsOf(letter));

    // Nothing is lost: every edit stands in the letter's history, by its author.
    const history = ward.server.rows(`SELECT convert_from(body, 'UTF8') AS text FROM revision WHERE id = '${id}' AND kind = 'letter'`).map(({ text }) => String(text));
    for (let edit = 1; edit <= EDITS; edit += 1) {
      assert.ok(history.some((text) => text.includes(`"Edit ${edit} of ${HEADINGS[edit % 2]!.toLowerCase()}."`)), `edit ${edit} is in no version`);
    }
    await sync(ben);
    await openLetter(ben, patient, TITLE);
    await ben.page.getByTestId("letter-state").getByText("Signed").waitFor();
    await reads(ben, "Plan", "Edit 20 of plan.");
  }),
);

async function waiting(tablet: Tablet, count: number): Promise<void> {
  const rows = tablet.page.getByRole("region", { name: /^Waiting to be sent/ }).getByRole("listitem");
  await eventually(`${count} changes that wait`, PATIENCE, async () => (await rows.count()) === count);
}

function textsOf({ sections }: { sections: Record<string, { text: string }> }): Record<string, string> {
  return Object.fromEntries(Object.entries(sections).flatMap(([key, { text }]) => (text === "" ? [] : [[key, text]])));
}
