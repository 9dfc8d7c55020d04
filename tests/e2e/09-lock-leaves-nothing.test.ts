/** After a lock nothing of a patient is left where a debugger, or the next person at the tablet, could find it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Colleague } from "./harness/colleague.ts";
import { inspect } from "./harness/inspector.ts";
import { type PlantedPatient, plantOnServer } from "./harness/planted.ts";
import { go, heading, openLetter, reads, readyToLeave, write } from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";

const TYPED = "Qexovinatu bralim oshken dwurrit.";
const UNSEALED = "Plovarint ekusha, typed and not sealed when the lock comes.";
/** Asserted generously, for a shared machine; what was measured is reported beside the aim of 200 ms. */
const LOCKED_WITHIN_MS = 1_000;

test("9. lock leaves no planted text in heaps, document, title, addresses or history, and is quick", { timeout: 300_000 }, (context) =>
  inWard(async (ward) => {
    const onServer = await plantOnServer(await Colleague.signIn(ward.server, "ben"));
    const planted = [...onServer.texts, TYPED, UNSEALED];
    const amara = await ward.tablet("amara's", "amara");
    await readyToLeave(amara);
    const [first, second] = onServer.patients as [PlantedPatient, PlantedPatient];
    await openLetter(amara, second, second.letter);
    await go(amara, "Messages");
    await amara.page.getByText(onServer.texts[8]!).waitFor();
    await openLetter(amara, first, first.letter);
    await write(amara, "Plan", `${first.sentence} ${TYPED}`);

    // The control: while the letter is open the same search finds it, in the page and in the worker that holds the keys.
    const inSight = [first.family, first.sentence, first.letter, second.sentence, TYPED];
    const before = await heaps(amara);
    for (const place of ["page", "worker"]) {
      assert.notDeepEqual(leftOf(inSight, before.get(place)!), [], `nothing is found in the ${place}: the search proves nothing`);
    }
    assert.deepEqual(leftOf(inSight, [...before.values()].join()), inSight);
    assert.deepEqual(leftOf(inSight, await told(amara)), inSight.filter((text) => text !== second.sentence));

    await heading(amara, "Plan").fill(UNSEALED);
    const { emptied, locked } = await lock(amara);
    context.diagnostic(`the screen was empty ${emptied} ms after the click, the lock screen stood there after ${locked} ms (aim: 200 ms)`);
    assert.ok(emptied <= LOCKED_WITHIN_MS, `the lock took ${emptied} ms`);

    for (const [place, heap] of await heaps(amara)) assert.deepEqual(leftOf(planted, heap), [], `in the heap of the ${place}`);
    assert.deepEqual(leftOf(planted, await told(amara)), []);
    await amara.page.goBack();
    await amara.page.getByRole("button", { name: "Unlock", exact: true }).waitFor();
    assert.deepEqual(leftOf(planted, await told(amara)), [], "going back shows it");

    await amara.unlock();
    await openLetter(amara, first, first.letter);
    await reads(amara, "Plan", UNSEALED);
  }),
);

/** Which of the texts stand there, in capitals or not. */
function leftOf(texts: string[], place: string): string[] {
  const folded = place.toLowerCase();
  return texts.filter((text) => folded.includes(text.toLowerCase()));
}

/** A heap snapshot of the page, of its device worker and of the service worker, by type. */
async function heaps(tablet: Tablet): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const one of await inspect(tablet.page)) found.set(one.type, await one.heap());
  return found;
}

/** Everything about the tab that can be read without a debugger: document, fields, title, addresses, states, storage. */
async function told(tablet: Tablet): Promise<string> {
  const session = await tablet.context.newCDPSession(tablet.page);
  const { entries } = await session.send("Page.getNavigationHistory");
  await session.detach();
  const inside = await tablet.page.evaluate(() => [
    document.documentElement.outerHTML, ...[...document.querySelectorAll("input, textarea")].map((box) => (box as HTMLInputElement).value),
    document.title, location.href, JSON.stringify(history.state), name, JSON.stringify(localStorage), JSON.stringify(sessionStorage),
  ]);
  return [...inside, ...entries.map(({ url, title, userTypedURL }) => `${url} ${title} ${userTypedURL}`)].join("\n");
}

/** Locks by the button, and says how many milliseconds after the click the app was gone and the lock screen painted. */
async function lock(tablet: Tablet): Promise<{ emptied: number; locked: number }> {
  const { page } = tablet;
  await page.evaluate(() => {
    const at = (name: string): void => sessionStorage.setItem(`proof:${name}`, String(performance.timeOrigin + performance.now()));
    addEventListener("click", () => at("clicked"), { capture: true, once: true });
    const root = document.getElementById("root")!;
    new MutationObserver(() => {
      if (root.childElementCount === 0) at("emptied");
    }).observe(root, { childList: true });
  });
  await page.getByRole("button", { name: "Lock", exact: true }).click();
  await page.getByRole("button", { name: "Unlock", exact: true }).waitFor();
  return page.evaluate(async () => {
    const at = (name: string): number => Number(sessionStorage.getItem(`proof:${name}`));
    // What stands in the document may not be painted yet.
    const paint = await new Promise<PerformanceEntry>((resolve) => {
      const told = new PerformanceObserver((list) => list.getEntriesByName("first-contentful-paint").forEach(resolve));
      told.observe({ type: "paint", buffered: true });
    });
    const painted = performance.timeOrigin + paint.startTime;
    return { emptied: Math.round(at("emptied") - at("clicked")), locked: Math.round(painted - at("clicked")) };
  });
}
