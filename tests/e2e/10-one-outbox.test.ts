/**
 * Two tabs and a service worker on one vault: each operation leaves the tablet once, and a page that comes late is thrown
 * away. A tab is frozen by stopping its device worker in the debugger: Chromium freezes no tab that automation looks at.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { backgroundSync, deviceWorker, inspect } from "./harness/inspector.ts";
import { allSent, beginLetter, go, leave, offline, openLetter, openPatient, press, pushes, reads, readyToLeave, sendMessage, sync, write } from "./harness/steps.ts";
import { PATIENCE } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";
import type { Wire } from "./harness/wire.ts";

const TITLE = "Read in two tabs";
const EACH = 5;
/** Silence after which another tab takes the lead (`pwa/src/sync/leader.ts`: 12 s), less the pace of its beats. */
const ROBBED_AFTER_MS = 9_000;

test("10. two tabs and a service worker send no operation twice, and no late page undoes a newer one", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const [first, ben] = await Promise.all([ward.tablet("amara's", "amara"), ward.tablet("ben's", "ben")]);
    await readyToLeave(first);
    const second = await first.anotherTab();
    await second.open();
    await second.unlock();
    const { wire } = first;

    // Both tabs write without network; then everything that wakes a tab wakes both at once.
    await offline(first);
    await openPatient(first, patient);
    await openPatient(second, patient);
    for (let one = 1; one <= EACH; one += 1) await Promise.all([sendMessage(first, `First tab, ${one}.`), sendMessage(second, `Second tab, ${one}.`)]);
    await Promise.all([go(first, "Sync"), go(second, "Sync")]);
    await wire.up();
    await Promise.all([backgroundSync(first.page), press(first.page, "Send and fetch now"), press(second.page, "Send and fetch now")]);
    await accepted(wire, "First tab, ", EACH);
    await accepted(wire, "Second tab, ", EACH);
    sentOnce(wire);

    // A letter that both have.
    await beginLetter(first, patient, TITLE);
    await write(first, "Plan", "As amara began it.");
    await leave(first);
    await allSent(first);
    await openPatient(first, patient);
    await sync(ben);
    await openLetter(ben, patient, TITLE);

    // The tab that leads (the first) has asked for a page; while the answer is on its way the tab is frozen.
    const late = wire.hold((_, path) => path.startsWith("/api/sync/changes"), 1);
    await write(ben, "Plan", "Ben, first.");
    await eventually("the page that will be late", PATIENCE, () => late.waiting === 1);
    const worker = deviceWorker(await inspect(first.page));
    await worker.pause();
    const frozen = Date.now();
    await first.page.getByRole("textbox", { name: "Write a message" }).fill("Written in the frozen tab.");
    await press(first.page, "Send message"); // its worker hears of it when it wakes

    // The other tab takes the lead, sends, and pulls further than the page that is late.
    await write(ben, "Plan", "Ben, second.");
    await allSent(ben);
    await openPatient(second, patient);
    await sendMessage(second, "While the other tab is frozen.");
    await accepted(wire, "While the other tab is frozen.", 1);
    assert.ok(Date.now() - frozen > ROBBED_AFTER_MS, "nobody had to take the lead: the frozen tab did not have it");
    await openLetter(second, patient, TITLE);
    await reads(second, "Plan", "Ben, second.");

    // It wakes with the late page in its hands, and everything wakes both again.
    late.release();
    await worker.resume();
    await backgroundSync(second.page);
    await sync(second);
    await accepted(wire, "Written in the frozen tab.", 1);
    for (const tab of [first, second]) {
      await openLetter(tab, patient, TITLE);
      await reads(tab, "Plan", "Ben, second.");
    }
    await sync(first);
    await sync(second);
    sentOnce(wire);
    neverBack(wire);
    const there = ward.server.rows("SELECT count(*)::int AS messages FROM record WHERE kind = 'message' AND body->>'text' ~ '^(First tab|Second tab|W)'");
    assert.deepEqual(there, [{ messages: 2 * EACH + 2 }]);
  }),
);

interface Sent {
  op_id: string;
  device_seq: number;
  set?: { text?: string };
  outcome?: string;
}

/** Every operation in every push, in the order they left, with what the server said. */
function sent(wire: Wire): Sent[] {
  return pushes<Sent>(wire).flatMap(({ ops, said }) => {
    const verdicts = (said as { verdicts?: { op_id: string; outcome: string }[] } | undefined)?.verdicts ?? [];
    return ops.map((op) => ({ ...op, outcome: verdicts.find(({ op_id }) => op_id === op.op_id)?.outcome }) as Sent);
  });
}

async function accepted(wire: Wire, beginning: string, count: number): Promise<void> {
  const there = () => sent(wire).filter(({ set, outcome }) => set?.text?.startsWith(beginning) && outcome === "applied").length;
  await eventually(`${count} × "${beginning}" on the server`, PATIENCE, () => there() >= count);
}

/** Each operation in one request, each number used once, none left out. */
function sentOnce(wire: Wire): void {
  const all = sent(wire);
  assert.ok(all.length >= 2 * EACH);
  assert.equal(new Set(all.map(({ op_id }) => op_id)).size, all.length, "an operation was sent twice");
  assert.deepEqual(all.map(({ device_seq }) => device_seq).sort((a, b) => a - b), all.map((_, at) => at + 1));
}

/** The stored cursor, as each request for changes tells it, never stands before where it was. */
function neverBack(wire: Wire): void {
  const headAt = new Map<string, number>();
  let furthest = 0;
  for (const { path, said } of wire.requests("GET", "/api/sync/changes")) {
    const asked = new URL(path, wire.origin).searchParams.get("cursor");
    const stands = asked === null ? 0 : (headAt.get(asked) ?? assert.fail("a cursor that no answer gave"));
    assert.ok(stands >= furthest, `asked from ${stands} after ${furthest}: an older page was stored over a newer one`);
    furthest = stands;
    if (said === undefined) continue; // no answer came
    const { cursor, head, more } = said as { cursor: string; head: number; more: boolean };
    if (!headAt.has(cursor)) headAt.set(cursor, more ? stands : head);
  }
}
