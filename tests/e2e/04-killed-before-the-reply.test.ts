/** The server dies after it committed and before it answered: the tablet can't know, sends again, and it counts once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { allSent, beginLetter, leave, offline, online, pushedOps, pushes, readyToLeave, sync, write } from "./harness/steps.ts";
import { inWard } from "./harness/ward.ts";

const TITLE = "Written before the power failed";

test("4. server killed (kill -9) after commit and before the reply: retried, applied once", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const amara = await ward.tablet("amara's", "amara");
    await readyToLeave(amara);
    await offline(amara);
    await beginLetter(amara, patient, TITLE);
    await write(amara, "Plan", "Transfusion this evening.");
    await leave(amara);
    await ward.server.stop();
    await ward.server.up("dies_after_commit.py");

    await amara.wire.up();
    void sync(amara).catch(() => undefined); // the page stays on "Sending…"
    await ward.server.ended();

    const asked = () => amara.wire.requests("POST", "/api/sync/push");
    assert.equal(asked().length, 1);
    assert.equal(asked()[0]!.status, null);
    assert.equal(asked()[0]!.heard, 0, "a byte of the reply came");
    const committed = decided();
    assert.deepEqual(committed.map(({ op_id }) => op_id), pushedOps(amara).map(({ op_id }) => op_id));
    assert.ok(committed.length > 0 && committed.every(({ outcome }) => outcome === "applied"), "nothing was committed before it died");
    await amara.page.getByText("Waiting to be sent").waitFor();

    await ward.server.up();
    await online(amara);
    await allSent(amara);

    const [, ...again] = asked();
    assert.equal(again.filter(({ status }) => status !== null).length, 1, "the server had to answer more than once");
    assert.ok(again.length <= 10, `asked a server that was down ${again.length - 1} times`);
    const [first, ...repeated] = pushes(amara.wire);
    assert.ok(repeated.length > 0);
    for (const { ops } of repeated) assert.deepEqual(ops, first!.ops, "what was sent again is not what was sent");
    assert.deepEqual(decided(), committed, "decided anew");
    const letter = ward.letter(TITLE);
    assert.equal(letter?.sections["plan"]?.text, "Transfusion this evening.");
    assert.equal(letter.version, committed.length);
    assert.equal(ward.server.rows(`SELECT version FROM revision WHERE id = '${letter.id}'`).length, committed.length);

    function decided(): Record<string, unknown>[] {
      return ward.server.rows(`
        SELECT op_id::text AS op_id, outcome, said FROM decided
        WHERE record_id = (SELECT id FROM record WHERE kind = 'letter' AND body->>'title' = '${TITLE}') ORDER BY device_seq`);
    }
  }),
);
