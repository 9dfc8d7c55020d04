/** The last second of typing: what a lock, here or in another tab, must not cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { beginLetter, heading, openLetter, press, reads, write } from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";

test("what was typed a moment before a lock is there after it, whichever tab locked", { timeout: 180_000 }, () =>
  inWard(async (ward) => {
    const [patient] = ward.patients(1);
    assert.ok(patient);
    const amara = await ward.tablet("amara's", "amara");
    await beginLetter(amara, patient, "Cut short");
    await write(amara, "Plan", "Rest.");

    await heading(amara, "Plan").fill("Rest. Stop the ramipril.");
    await press(amara.page, "Lock");
    await amara.unlock();
    await openLetter(amara, patient, "Cut short");
    await reads(amara, "Plan", "Rest. Stop the ramipril.");

    const other = Object.create(amara, { page: { value: await amara.context.newPage() } }) as Tablet;
    await other.open();
    await other.unlock();
    await heading(amara, "Plan").fill("Rest. Stop the ramipril. Potassium on Monday.");
    await press(other.page, "Lock");
    await amara.unlock();
    await openLetter(amara, patient, "Cut short");
    await reads(amara, "Plan", "Rest. Stop the ramipril. Potassium on Monday.");
  }),
);
