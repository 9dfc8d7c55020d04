/** Two people write below the same heading without a network: neither text is lost, and a person decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  allSent, decide, heading, offline, online, openLetter, openReview, reads, shareAlso, sharedLetter, sync, writeOffline,
} from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard, type Patient, type Ward } from "./harness/ward.ts";

const BEFORE = "Bed rest.";
const AMARA_WROTE = "Weight-bearing as tolerated.";
const BEN_WROTE = "Non-weight-bearing for six weeks.";
const TOGETHER = "Touch-weight-bearing for two weeks, then as tolerated.";

test("2. both offline, the same heading: conflict, both texts kept; carol chooses in one, amara composes in another; both tablets get result and note", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [first, second] = ward.patients(2) as [Patient, Patient];
    const letters = [[first, "Chosen by carol"], [second, "Composed by amara"]] as const;
    const [[, chosen], [, composed]] = letters;
    const [amara, ben] = await sharedLetter(ward, first, chosen, { Plan: BEFORE });
    await shareAlso(amara, ben, second, composed, { Plan: BEFORE });

    await Promise.all([offline(amara), offline(ben)]);
    for (const [patient, title] of letters) {
      await writeOffline(amara, patient, title, { Plan: AMARA_WROTE });
      await writeOffline(ben, patient, title, { Plan: BEN_WROTE });
    }
    await online(amara);
    await allSent(amara);
    await online(ben);
    await allSent(ben);
    await sync(amara);

    for (const [patient, title] of letters) {
      const { fields, status } = conflictOf(ward, title);
      assert.equal(status, "open");
      assert.deepEqual(fields.map(({ field, base, theirs, mine }) => [field, base.text, theirs.text, mine.text]), [["sections/plan", BEFORE, AMARA_WROTE, BEN_WROTE]]);
      for (const tablet of [amara, ben]) await showsBothTexts(tablet, patient, title);
    }

    const carol = await ward.tablet("carol's", "carol");
    await openReview(carol, chosen);
    await decide(carol, { Plan: "Keep the later one" }, "Ben saw the film after Amara did.");
    await allSent(carol);
    await openReview(amara, composed);
    await decide(amara, { Plan: { text: TOGETHER } }, "Agreed with Ben on the phone.");
    await allSent(amara);

    await Promise.all([sync(amara), sync(ben)]);
    for (const tablet of [amara, ben]) {
      await showsDecision(tablet, first, chosen, BEN_WROTE, /Carol Pemberton.*Ben saw the film after Amara did\./s);
      await showsDecision(tablet, second, composed, TOGETHER, /Amara Osei.*Agreed with Ben on the phone\./s);
    }
    for (const [title, text] of [[chosen, BEN_WROTE], [composed, TOGETHER]] as const) {
      assert.equal(ward.letter(title)?.sections["plan"]?.text, text);
      const { fields, status } = conflictOf(ward, title);
      assert.equal(status, "resolved");
      assert.deepEqual([fields[0]?.theirs.text, fields[0]?.mine.text], [AMARA_WROTE, BEN_WROTE], "what lost is no longer kept");
    }
  }),
);

type Section = { text: string };

function conflictOf(ward: Ward, title: string): { status: string; fields: { field: string; base: Section; theirs: Section; mine: Section }[] } {
  const found = ward.server.rows(`SELECT body FROM record WHERE kind = 'conflict' AND body->>'record_id' = '${ward.letter(title)?.id}'`);
  assert.equal(found.length, 1);
  return found[0]!["body"] as ReturnType<typeof conflictOf>;
}

/** The server's text stands in the letter, marked; the review beside it has all three. */
async function showsBothTexts(tablet: Tablet, patient: Patient, title: string): Promise<void> {
  await openLetter(tablet, patient, title);
  await reads(tablet, "Plan", AMARA_WROTE);
  await tablet.page.getByRole("region", { name: "Plan", exact: true }).getByTestId("mark-under-review").getByRole("link", { name: "Open the review" }).click();
  const plan = tablet.page.getByTestId("conflict-field-sections/plan");
  for (const text of [BEFORE, AMARA_WROTE, BEN_WROTE]) await plan.getByText(text, { exact: true }).first().waitFor();
}

async function showsDecision(tablet: Tablet, patient: Patient, title: string, text: string, said: RegExp): Promise<void> {
  await openLetter(tablet, patient, title);
  await reads(tablet, "Plan", text);
  await tablet.page.getByRole("region", { name: "Reviews", exact: true }).getByRole("listitem").filter({ hasText: said }).waitFor();
  assert.equal(await heading(tablet, "Plan").inputValue(), text);
  await tablet.page.getByTestId("mark-under-review").first().waitFor({ state: "detached" });
}
