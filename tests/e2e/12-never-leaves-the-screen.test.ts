/** G8: own work that the server accepted stays in view while the record that holds it is still on its way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { unwatch, watch, watched } from "./harness/screen.ts";
import { allSent, beginLetter, heading, leave, openLetter, openPatient, pushes, reads, readyToLeave, sendMessage, sync, write } from "./harness/steps.ts";
import { PATIENCE, type Tablet } from "./harness/tablet.ts";
import { inWard, type Ward } from "./harness/ward.ts";
import type { Held } from "./harness/wire.ts";

const TITLE = "Never out of sight";
/** Looks at the screen in each stage: about a second of frames. */
const LOOKS = 60;

test("12. accepted text never leaves the screen between verdict and pull", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const [amara, ben] = await Promise.all([ward.tablet("amara's", "amara"), ward.tablet("ben's", "ben")]);
    await Promise.all([readyToLeave(amara), readyToLeave(ben)]);

    await beginLetter(amara, patient, TITLE);
    await write(amara, "History", "Three days of cough.");
    await allSent(amara);

    // A letter in the editor, applied.
    await openLetter(amara, patient, TITLE);
    let sent = withhold(amara);
    await heading(amara, "Plan").fill("Walk to the window twice a day.");
    await acceptedInSight(ward, amara, sent, "Walk to the window twice a day.", "applied");

    // A message in a list, applied.
    await openPatient(amara, patient);
    sent = withhold(amara);
    await sendMessage(amara, "Her daughter comes at four.");
    await acceptedInSight(ward, amara, sent, "Her daughter comes at four.", "applied");

    // The same letter, merged with what a colleague wrote meanwhile below another heading.
    await sync(amara);
    await openLetter(amara, patient, TITLE);
    await amara.wire.cut();
    await amara.context.setOffline(true);
    await write(amara, "Plan", "Walk to the window three times a day.");
    await sync(ben);
    await openLetter(ben, patient, TITLE);
    await write(ben, "Examination", "Chest clear.");
    await leave(ben);
    await allSent(ben);
    sent = withhold(amara);
    await amara.wire.up();
    await amara.context.setOffline(false);
    await acceptedInSight(ward, amara, sent, "Walk to the window three times a day.", "merged");
    await reads(amara, "Examination", "Chest clear.");
    await reads(amara, "Plan", "Walk to the window three times a day.");
    await amara.page.getByTestId("mark-parallel").first().waitFor();
  }),
);

interface Withheld {
  pulls: Held;
  /** The operations pushed since. */
  pushed: () => string[];
}

/** From the next push on every pull waits on the wire. */
function withhold(tablet: Tablet): Withheld {
  const before = tablet.wire.requests("POST", "/api/sync/push").length;
  const began = () => tablet.wire.requests("POST", "/api/sync/push").length > before;
  const pulls = tablet.wire.hold((_, path) => path.startsWith("/api/sync/changes") && began());
  return { pulls, pushed: () => pushes<{ op_id: string }>(tablet.wire).slice(before).flatMap(({ ops }) => ops.map(({ op_id }) => op_id)) };
}

/** The text is on the screen and about to be sent. It must be seen at each look: till the verdict, after it, and over the pull. */
async function acceptedInSight(ward: Ward, tablet: Tablet, { pulls, pushed }: Withheld, text: string, outcome: "applied" | "merged"): Promise<void> {
  await watch(tablet, text);
  await eventually("the verdict, and a pull that waits", PATIENCE, () => pulls.waiting > 0);
  const decided = ward.server.rows(`SELECT outcome FROM decided WHERE op_id IN ('${pushed().join("', '")}')`);
  assert.deepEqual(decided, [{ outcome }]);
  await staysInSight(tablet, text);
  await tablet.page.getByText("On the server").first().waitFor(); // the screen knows the verdict, the record is not here
  await staysInSight(tablet, text);
  assert.ok(pulls.waiting > 0, "the pull did not wait: nothing is proven");
  pulls.release();
  await staysInSight(tablet, text);
  await unwatch(tablet, text);
}

async function staysInSight(tablet: Tablet, text: string): Promise<void> {
  const before = await watched(tablet, text);
  await eventually("a second of looks at the screen", PATIENCE, async () => (await watched(tablet, text)).looks > before.looks + LOOKS);
  const { looks, missed } = await watched(tablet, text);
  assert.deepEqual(missed, [], `"${text}" was gone at these milliseconds, in ${looks} looks`);
}
