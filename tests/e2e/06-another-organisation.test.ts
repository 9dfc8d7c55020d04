/** Eve works in another hospital: nothing of the first ever comes to her tablet, and nothing can be had by asking. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { findOnDisk } from "./harness/disk.ts";
import { eventually } from "./harness/eventually.ts";
import { openedVaults, standing } from "./harness/opened.ts";
import { allSent, beginLetter, go, openPatient, readyToLeave, sendMessage, sync, write } from "./harness/steps.ts";
import { PATIENCE, type Tablet } from "./harness/tablet.ts";
import { inWard, type Patient, type Ward } from "./harness/ward.ts";

const TITLE = "Only for the first hospital";
const LETTER = "Sarcoidosis saffron plover, biopsy confirmed.";
const MESSAGE = "Please ring the family cerulean wren after four.";
const FILE = "forearm-magenta-dunlin.txt";
const INSIDE = "Ultrasound viridian siskin, no collection.";

test("6. eve never sees a byte of the first organisation: not on the wire, not on her disk, not by asking for its ids", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1) as [Patient];
    const amara = await ward.tablet("amara's", "amara");
    await readyToLeave(amara); // she has been sent all there is
    const conflict = await plant(ward, amara, patient);

    const eve = await ward.tablet("eve's", "eve");
    const [own] = ward.patients(1, "Home visits") as [Patient];
    await go(eve, "Patients");
    await eve.page.getByTestId("patient-total").filter({ hasText: "60 patients" }).waitFor();
    await beginLetter(eve, own, "Her own");
    await write(eve, "Plan", "Review at home.");
    await allSent(eve);
    // While she is online somebody of the first writes; and she looks for their patient.
    await openPatient(amara, patient);
    await sendMessage(amara, `${MESSAGE} Now.`);
    await allSent(amara);
    await sync(eve);
    await go(eve, "Patients");
    await eve.page.getByRole("textbox", { name: "Search patients" }).fill(patient.nhsNumber);
    await eve.page.getByText("Nobody on this device matches.").waitFor();

    const hers = textsOf(ward, own);
    const planted = [TITLE, LETTER, MESSAGE, FILE, INSIDE, ...textsOf(ward, patient).filter((text) => !hers.includes(text))];
    // The same search finds what amara was sent, and what eve was.
    const amaras = [TITLE, LETTER, MESSAGE, FILE, ...ward.patients(200).map(({ nhsNumber }) => nhsNumber)];
    assert.equal(standing(heard(amara), amaras).size, amaras.length);
    assert.ok(standing(heard(eve), hers).size > 60, "the search does not find eve's own patients");
    assert.ok(standing(await openedVaults(eve), hers).size > 60, "the search of her vault does not either");

    assert.deepEqual([...standing(heard(eve), planted)], [], "on the wire");
    assert.deepEqual([...standing(await openedVaults(eve), planted)], [], "in her vault");

    const asked = await refusals(ward, amara, eve, patient, conflict);
    await sync(eve);
    // What she sent herself comes back to her in her own quarantine.
    assert.deepEqual([...standing(heard(eve), planted.filter((text) => !asked.includes(text)))], [], "in an answer to her questions");
    await eve.context.close();
    const typed = patient.nhsNumber;
    assert.deepEqual([...findOnDisk(eve.profile, planted.filter((text) => text !== typed)).keys()], [], "on her disk");
  }),
);

/** A letter, a message, a file and a conflict of the first organisation; answers the conflict's id. */
async function plant(ward: Ward, amara: Tablet, patient: Patient): Promise<string> {
  await beginLetter(amara, patient, TITLE);
  await write(amara, "Plan", LETTER);
  await openPatient(amara, patient);
  await amara.page.getByTestId("file-input").setInputFiles({ name: FILE, mimeType: "text/plain", buffer: Buffer.from(INSIDE) });
  await sendMessage(amara, MESSAGE);
  await allSent(amara);
  await eventually("the file on the server", PATIENCE, () => ward.server.rows("SELECT id FROM record WHERE kind = 'attachment' AND body->>'state' = 'clean'").length === 1);

  // A second device of hers contradicts what stands.
  const device_id = randomUUID();
  const letter = ward.letter(TITLE);
  const [{ name, birth_date, version }] = ward.server.rows(`SELECT body->'name' AS name, body->>'birth_date' AS birth_date, version FROM record WHERE id = '${patient.id}'`) as [Record<string, unknown>];
  const plan = (text: string) => ({ ...letter!.sections["plan"], text });
  await ask(amara, "POST", "/api/sync/hello", { device_id, app_version: "a test", outbox: { count: 0, oldest_age_s: null }, storage: { persisted: true, quota: 0, usage: 0 } });
  const answer = await ask(amara, "POST", "/api/sync/push", {
    device_id,
    ops: [{
      op_id: randomUUID(), device_seq: 1, kind: "letter", id: letter!.id, action: "patch", schema: 1, base_version: 0, made_at: new Date().toISOString(),
      set: { "sections/plan": plan("Otherwise.") }, was: { "sections/plan": plan("Never so.") },
      seen: { patient_id: patient.id, version, name, birth_date, nhs_number: patient.nhsNumber },
    }],
  });
  const { verdicts } = (await answer.json()) as { verdicts: { conflict_id?: string }[] };
  assert.ok(verdicts[0]?.conflict_id, JSON.stringify(verdicts));
  return verdicts[0].conflict_id;
}

/** Everything that has an id or a cursor, asked for with eve's cookies; answers the ids that she now knows. */
async function refusals(ward: Ward, amara: Tablet, eve: Tablet, patient: Patient, conflict: string): Promise<string[]> {
  const file = String(ward.server.rows("SELECT id::text AS id FROM record WHERE kind = 'attachment'")[0]!["id"]);
  const letter = ward.letter(TITLE)!;
  const cursor = amara.wire.seen.map(({ path }) => new URL(path, amara.wire.origin).searchParams.get("cursor")).findLast((one) => one !== null);
  assert.ok(cursor);
  const deciding = { op_id: randomUUID(), conflict_version: 1, against_version: 1, choices: { "sections/plan": { take: "theirs" } } };
  const refused = async (status: number, code: string, method: "GET" | "POST" | "PUT", path: string, body?: object) => {
    const answer = await ask(eve, method, path, body);
    const said = (await answer.json().catch(() => null)) as { detail?: { error_code?: string } } | null;
    assert.deepEqual([answer.status(), said?.detail?.error_code], [status, code], `${method} ${path}`);
  };
  await refused(403, "foreign_cursor", "GET", `/api/sync/changes?cursor=${encodeURIComponent(cursor)}`);
  await refused(404, "not_found", "GET", `/api/conflicts/${conflict}`);
  await refused(404, "not_found", "POST", `/api/conflicts/${conflict}/resolve`, deciding);
  await refused(404, "not_found", "POST", `/api/conflicts/${conflict}/return`, { op_id: randomUUID(), conflict_version: 1 });
  await refused(404, "not_found", "POST", "/api/attachments", { id: file });
  await refused(404, "not_found", "GET", `/api/attachments/${file}/parts`);
  await refused(404, "not_found", "GET", `/api/attachments/${file}/content`);
  await refused(404, "not_found", "POST", `/api/attachments/${file}/complete`, {});
  const open = (await (await ask(eve, "GET", "/api/conflicts?status=open")).json()) as { conflicts: unknown[] };
  assert.deepEqual(open.conflicts, []);

  // Patients and letters have no address of their own: they can only be written to, and answer as if they weren't there.
  const device_id = randomUUID();
  await ask(eve, "POST", "/api/sync/hello", { device_id, app_version: "a test", outbox: { count: 0, oldest_age_s: null }, storage: { persisted: true, quota: 0, usage: 0 } });
  const about = { schema: 1, base_version: 1, made_at: new Date().toISOString() };
  const pushed = await ask(eve, "POST", "/api/sync/push", {
    device_id,
    ops: [
      { op_id: randomUUID(), device_seq: 1, kind: "letter", id: letter.id, action: "patch", ...about, set: { title: "Mine" }, was: { title: "Theirs" } },
      { op_id: randomUUID(), device_seq: 2, kind: "patient", id: patient.id, action: "patch", ...about, set: { sex: "other" }, was: { sex: "female" } },
      { op_id: randomUUID(), device_seq: 3, kind: "conflict", id: conflict, action: "resolve", ...about, set: { against_version: 1, choices: {} } },
    ],
  });
  const { verdicts } = (await pushed.json()) as { verdicts: { outcome: string; error?: { error_code: string } }[] };
  assert.deepEqual(verdicts.map(({ outcome, error }) => [outcome, error?.error_code]), Array(3).fill(["rejected", "unknown_record"]));
  assert.equal(ward.letter(TITLE)?.version, letter.version);
  const [pushedFirst] = amara.wire.requests("POST", "/api/sync/push");
  const theirs = JSON.parse(pushedFirst!.body.toString()) as { device_id: string; ops: { op_id: string }[] };
  const repeated = (await (await ask(eve, "POST", "/api/sync/verdicts", { op_ids: [theirs.ops[0]!.op_id] })).json()) as { verdicts: { outcome: string }[] };
  assert.deepEqual(repeated.verdicts.map(({ outcome }) => outcome), ["unknown"]);
  await refused(409, "unknown_device", "POST", "/api/sync/push", { device_id: theirs.device_id, ops: [] });
  return [letter.id, patient.id, conflict, file];
}

/** With the cookies of the tablet's browser, over its wire. */
async function ask(tablet: Tablet, method: "GET" | "POST" | "PUT", path: string, body?: object) {
  const cookies = await tablet.context.cookies(tablet.wire.origin);
  const csrf = decodeURIComponent(cookies.find(({ name }) => name === "XSRF-TOKEN")?.value ?? "");
  return tablet.context.request.fetch(tablet.wire.origin + path, {
    method, headers: { "X-Quill-Protocol": "1", "X-CSRF-Token": csrf, Origin: tablet.wire.origin }, ...(body && { data: body }),
  });
}

/** What came to the tablet, in the shape that `standing` searches. */
function heard(tablet: Tablet): { store: string; bytes: Buffer }[] {
  return [...tablet.wire.heard()].map(({ what, bytes }) => ({ store: what, bytes }));
}

/** What can only come from the organisation of this patient: its people and patients by id (all else names one), NHS numbers, messages. */
function textsOf(ward: Ward, { id }: Patient): string[] {
  const rows = ward.server.rows(`
    SELECT CASE WHEN kind <> 'message' THEN id::text END AS id, body->>'nhs_number' AS number, body->>'text' AS text FROM record
    WHERE kind IN ('patient', 'person', 'team', 'message') AND organisation_id = (SELECT organisation_id FROM record WHERE id = '${id}')`);
  return [...new Set(rows.flatMap((row) => [row["id"], row["number"], row["text"]].filter((one): one is string => typeof one === "string")))];
}
