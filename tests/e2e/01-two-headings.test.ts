/** Two people write below different headings of one letter without a network: nothing to decide, and both are told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allSent, offline, online, openLetter, parallelAt, reads, sharedLetter, sync, writeOffline } from "./harness/steps.ts";
import { inWard } from "./harness/ward.ts";

test("1. both offline, different headings of one letter: both arrive, marked parallel on both tablets", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const title = "Seen on two rounds";
    const [amara, ben] = await sharedLetter(ward, patient, title);

    await Promise.all([offline(amara), offline(ben)]);
    await writeOffline(amara, patient, title, { Plan: "Amara: physiotherapy from Monday." });
    await writeOffline(ben, patient, title, { Diagnosis: "Ben: fractured neck of femur, left." });
    assert.equal(ward.letter(title)?.version, 1, "something arrived without a network");

    await online(amara);
    await allSent(amara);
    await online(ben);
    await allSent(ben);
    await sync(amara);

    const letter = ward.letter(title);
    assert.equal(letter?.version, 3);
    assert.equal(letter.sections["plan"]?.text, "Amara: physiotherapy from Monday.");
    assert.equal(letter.sections["diagnosis"]?.text, "Ben: fractured neck of femur, left.");
    assert.deepEqual(
      ward.server.rows(`SELECT outcome, said->'merged_with' AS beside FROM decided WHERE record_id = '${letter.id}' ORDER BY said->>'seq'`),
      [{ outcome: "applied", beside: null }, { outcome: "applied", beside: null }, { outcome: "merged", beside: ["sections/plan"] }],
    );
    assert.deepEqual(ward.server.rows("SELECT id FROM record WHERE kind = 'conflict'"), [], "there was nothing to decide");

    for (const tablet of [amara, ben]) {
      await openLetter(tablet, patient, title);
      await reads(tablet, "Plan", "Amara: physiotherapy from Monday.");
      await reads(tablet, "Diagnosis", "Ben: fractured neck of femur, left.");
    }
    // Each is shown it where the other wrote.
    await parallelAt(ben, "Plan");
    await parallelAt(amara, "Diagnosis");
  }),
);
