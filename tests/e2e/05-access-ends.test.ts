/** Ben leaves the ward while he is offline with unsent work: it reaches the hospital, then nothing of the ward is left with him. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findOnDisk } from "./harness/disk.ts";
import { openedVaults, standing } from "./harness/opened.ts";
import { beginLetter, go, heading, offline, sharedLetter, write, writeOffline } from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard, type Patient } from "./harness/ward.ts";

const TITLE = "Shared until Tuesday";
const AMARA_WROTE = "Osteomyelitis vermilion kestrel of the calcaneum.";
const BEN_SENT_LATE = "Teicoplanin cobalt heron three times weekly.";
const BEN_WAS_TYPING = "Second opinion amber curlew from vascular.";
const TEXTS = [TITLE, AMARA_WROTE, BEN_SENT_LATE, BEN_WAS_TYPING];

test("5. ben loses Ward A while offline with unsent work: his work reaches quarantine, then nothing of the ward is readable on his device", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const everybody = ward.patients(200);
    const [patient, another] = everybody as [Patient, Patient];
    const numbers = everybody.map(({ nhsNumber }) => nhsNumber);
    const [, ben] = await sharedLetter(ward, patient, TITLE, { Diagnosis: AMARA_WROTE });

    const held = ward.letter(TITLE)?.version;

    await offline(ben);
    await writeOffline(ben, patient, TITLE, { Plan: BEN_SENT_LATE });
    await beginLetter(ben, another, "Left in the middle");
    await write(ben, "Plan", BEN_WAS_TYPING);
    const before = standing(await openedVaults(ben), [...TEXTS, ...numbers]);
    assert.deepEqual([...TEXTS, ...numbers].filter((text) => !before.has(text)), [], "the search does not find what is there");

    assert.match(ward.server.quill("teams", "remove", "ben", "Ward A"), /ben is no longer in Ward A/);
    await ben.wire.up();
    await ben.page.evaluate(() => dispatchEvent(new Event("online")));

    // On the screen that he had open, then on every other.
    await ben.page.getByRole("heading", { name: "This letter isn't on this device" }).waitFor();
    assert.equal(await heading(ben, "Plan").count(), 0);
    const kept = ward.server.rows(`
      SELECT q.body->>'outcome' AS outcome, q.body->>'state' AS state, q.body->'op'->'set'->'sections/plan'->>'text' AS changed,
             q.body->'op'->'set'->'sections'->'plan'->>'text' AS begun
      FROM record q JOIN decided d ON d.op_id::text = q.body->'op'->>'op_id' WHERE q.kind = 'quarantine' ORDER BY d.device_seq`);
    assert.ok(kept.every(({ outcome, state }) => outcome === "quarantined" && state === "open"), JSON.stringify(kept));
    assert.ok(kept.some(({ changed }) => changed === BEN_SENT_LATE), "what waited to be sent was lost");
    assert.ok(kept.some(({ changed, begun }) => changed === BEN_WAS_TYPING || begun === BEN_WAS_TYPING), "what he was typing was lost");
    assert.equal(ward.letter(TITLE)?.version, held, "his change was applied after all");

    await showsNothing(ben, patient, String(ward.letter(TITLE)?.id), [...TEXTS, ...numbers, patient.family, patient.family.toLocaleUpperCase("en-GB")]);
    assert.deepEqual([...standing(await openedVaults(ben), [...TEXTS, ...numbers])], [], "in the vault");
    await ben.context.close();
    assert.deepEqual([...findOnDisk(ben.profile, [...TEXTS, ...numbers]).keys()], []);
  }),
);

/** Every screen by its way, and those of a record by their address; also after a reload and an unlock. */
async function showsNothing(tablet: Tablet, patient: Patient, letterId: string, texts: string[]): Promise<void> {
  const { page } = tablet;
  const blank = async (screen: string) => {
    const shown = await page.evaluate(() => document.documentElement.outerHTML);
    const values = await page.locator("input, textarea").evaluateAll((boxes) => boxes.map((box) => (box as HTMLInputElement).value).join("\n"));
    assert.deepEqual(texts.filter((text) => shown.includes(text) || values.includes(text)), [], `shown on ${screen}`);
  };
  const round = async () => {
    await go(tablet, "Patients");
    await page.getByText("No patients on this device yet").waitFor();
    await blank("Patients");
    for (const screen of ["Work list", "Messages", "Sync"] as const) {
      await go(tablet, screen);
      await page.getByRole("heading", { name: screen, exact: true }).waitFor();
      await blank(screen);
    }
  };
  // The search that he left: it had found somebody.
  await go(tablet, "Patients");
  await page.getByText("Nobody on this device matches.").waitFor();
  await page.getByRole("button", { name: "Clear search" }).click();
  await round();
  await tablet.open(`/app/patients/${patient.id}`);
  await tablet.unlock();
  await page.getByRole("heading", { name: "This patient isn't on this device" }).waitFor();
  await blank("the patient's address");
  await tablet.open(`/app/letters/${letterId}`);
  await tablet.unlock();
  await page.getByRole("heading", { name: "This letter isn't on this device" }).waitFor();
  await blank("the letter's address");
  await round();
}
