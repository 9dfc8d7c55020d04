/** An upload that breaks goes on where it broke: what has arrived is not sent again, and the file is the same everywhere. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "./harness/server.ts";
import { openPatient, readyToLeave, sync } from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard, type Patient, type Ward } from "./harness/ward.ts";

const { part_bytes: PART } = JSON.parse(readFileSync(join(ROOT, "shared-schemas/limits.json"), "utf8")) as { part_bytes: number };
const NAME = "wound, left heel.bin";
const FILE = randomBytes(PART * 4 - 100_000);

test("8. an upload cut at 30 %, 60 % and 90 % is resumed, and the file arrives whole", { timeout: 300_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const [amara, ben] = await Promise.all([ward.tablet("amara's", "amara"), ward.tablet("ben's", "ben")]);
    await readyToLeave(amara);

    // At 30 % the connection breaks: the same tab goes on by itself.
    const at30 = cutAt(amara, 0.3);
    // At 60 % the network goes with it, and the tablet is started anew before it is back: the file comes from its own disk.
    const at60 = cutAt(amara, 0.6, () => amara.wire.cut());
    // At 90 % the server dies with it.
    const at90 = cutAt(amara, 0.9, () => ward.server.kill());
    await openPatient(amara, patient);
    await amara.page.getByTestId("file-input").setInputFiles({ name: NAME, mimeType: "application/octet-stream", buffer: FILE });
    await at30;
    await at60;
    await amara.restart();
    await amara.open();
    await amara.unlock();
    await amara.wire.up();
    await sync(amara);
    await at90;
    await ward.server.up();
    await sync(amara);

    await openPatient(amara, patient);
    await file(amara).getByText("Not virus-checked").waitFor();

    const puts = amara.wire.seen.filter(({ method, path }) => method === "PUT" && partOf(path) > 0);
    const sent = [1, 2, 3, 4].map((part) => puts.filter(({ path }) => partOf(path) === part).map(({ status }) => status));
    assert.deepEqual(sent, [[204], [null, 204], [null, 204], [null, 204]], "each part arrives once; only those that were cut are sent again");
    assert.equal(sha256(stored(ward)), sha256(FILE), "another file on the server");
    assert.equal(sha256(await opened(ben, patient)), sha256(FILE), "another file on another tablet");
  }),
);

/** Breaks the connection once `share` of the whole file has passed, and does what happens besides; resolves when that is done. */
function cutAt(tablet: Tablet, share: number, besides: () => Promise<void> = () => Promise.resolve()): Promise<void> {
  const passed = FILE.length * share;
  const part = Math.ceil(passed / PART);
  const size = Math.min(PART, FILE.length - (part - 1) * PART);
  return new Promise((resolve) => {
    tablet.wire.faults.push({
      matches: (method, path) => method === "PUT" && partOf(path) === part,
      lose: "request",
      afterShare: (passed - (part - 1) * PART) / size,
      times: 1,
      then: () => resolve(besides()),
    });
  });
}

/** The number of the part that an address is for; 0: of none. */
function partOf(path: string): number {
  return Number(/^\/api\/attachments\/[^/]+\/parts\/(\d+)/.exec(path)?.[1] ?? 0);
}

function file(tablet: Tablet) {
  return tablet.page.getByRole("region", { name: /^Photographs and files/ }).getByRole("listitem").filter({ hasText: NAME });
}

/** The only complete object in the server's store. */
function stored(ward: Ward): Buffer {
  const objects = join(ward.server.home, "objects");
  const [content, ...more] = readdirSync(objects, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith("/content"));
  assert.ok(content);
  assert.deepEqual(more, []);
  return readFileSync(join(objects, content));
}

/** Opens the file on a tablet that never had it, and saves a copy. */
async function opened(tablet: Tablet, patient: Patient): Promise<Buffer> {
  await sync(tablet);
  await openPatient(tablet, patient);
  await file(tablet).getByRole("button", { name: /^Open/ }).click();
  const download = tablet.page.waitForEvent("download");
  await tablet.page.getByRole("link", { name: "Save a copy" }).click();
  return readFileSync(await (await download).path());
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
