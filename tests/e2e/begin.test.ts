/** The path everything else stands on: sign in, the list, a letter written without network arrives when it is back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { allSent, beginLetter, go, leave, offline, online, openLetter, reads, readyToLeave, write } from "./harness/steps.ts";
import { PATIENCE } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";

test("sign in, find a patient, write offline, arrive", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const amara = await ward.tablet("amara's", "amara");
    await go(amara, "Patients");
    await amara.page.getByTestId("patient-total").filter({ hasText: "300 patients" }).waitFor();

    await readyToLeave(amara);
    await offline(amara);
    await beginLetter(amara, patient, "Written in the lift");
    await write(amara, "Plan", "Rest, fluids, review on Friday.");
    await leave(amara);
    assert.equal(ward.letter("Written in the lift"), undefined, "it arrived without a network");

    await online(amara);
    await allSent(amara);
    await eventually("the letter on the server", PATIENCE, () => ward.letter("Written in the lift") !== undefined);
    assert.equal(ward.letter("Written in the lift")?.sections["plan"]?.text, "Rest, fluids, review on Friday.");

    const ben = await ward.tablet("ben's", "ben");
    await openLetter(ben, patient, "Written in the lift");
    await reads(ben, "Plan", "Rest, fluids, review on Friday.");
  }),
);
