/** A tablet without a network is reloaded, unlocked, written on, its tab closed and opened again: what was written arrives once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allSent, beginLetter, offline, online, openLetter, pushedOps, reads, readyToLeave, write } from "./harness/steps.ts";
import { inWard } from "./harness/ward.ts";

const TITLE = "Written through a reload";

test("3. reload offline, unlock, go on writing, close the tab, reopen, go online: arrives exactly once", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const amara = await ward.tablet("amara's", "amara");
    await readyToLeave(amara);
    await offline(amara);
    await beginLetter(amara, patient, TITLE);
    await write(amara, "Diagnosis", "Cellulitis of the left shin.");

    await amara.page.reload();
    await amara.unlock();
    await openLetter(amara, patient, TITLE);
    await reads(amara, "Diagnosis", "Cellulitis of the left shin.");
    await write(amara, "Plan", "Flucloxacillin for seven days.");

    await amara.reopen(); // the letter was never left: nothing but the sealing of each second kept it
    await amara.open();
    await amara.unlock();
    await openLetter(amara, patient, TITLE);
    await reads(amara, "Plan", "Flucloxacillin for seven days.");
    assert.deepEqual(pushedOps(amara), [], "something was sent before there was a network");
    assert.equal(ward.letter(TITLE), undefined);

    await online(amara);
    await allSent(amara);

    const letter = ward.letter(TITLE);
    assert.equal(letter?.sections["diagnosis"]?.text, "Cellulitis of the left shin.");
    assert.equal(letter.sections["plan"]?.text, "Flucloxacillin for seven days.");
    const sent = pushedOps(amara).filter(({ id }) => id === letter.id);
    assert.ok(sent.length > 0);
    assert.equal(new Set(sent.map(({ op_id }) => op_id)).size, sent.length, "an operation was sent twice");
    const ops = sent.map(({ op_id }) => op_id);
    assert.deepEqual(
      ward.server.rows(`SELECT op_id::text AS op_id, outcome FROM decided WHERE record_id = '${letter.id}' ORDER BY device_seq`),
      ops.map((op_id) => ({ op_id, outcome: "applied" })), // one verdict for each
    );
    assert.deepEqual(
      ward.server.rows(`SELECT version, op_id::text AS op_id FROM revision WHERE id = '${letter.id}' ORDER BY version`),
      ops.map((op_id, at) => ({ version: at + 1, op_id })), // one chain of versions, each made by one of them
    );
    assert.equal(ward.server.rows(`SELECT id FROM record WHERE kind = 'letter' AND body->>'title' = '${TITLE}'`).length, 1);
  }),
);
