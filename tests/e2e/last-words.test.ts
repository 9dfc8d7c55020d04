/** The last second of typing: what a lock, here or in another tab, must not cost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { beginLetter, heading, openLetter, openPatient, press, reads, write } from "./harness/steps.ts";
import { PATIENCE, type Tablet } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";

test("what was typed a moment before a lock is there after it, whichever tab locked", { timeout: 300_000 }, () =>
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

    await openPatient(amara, patient);
    const message = amara.page.getByRole("textbox", { name: "Write a message" });
    await message.fill("Potassium 6.1, please repeat");
    await press(amara.page, "Lock");
    await amara.unlock();
    await openPatient(amara, patient);
    await eventually("the message begun before the lock", PATIENCE, async () => (await message.inputValue()) === "Potassium 6.1, please repeat");
    await press(amara.page, "Send message");
    await amara.page.getByRole("list", { name: "Messages" }).getByText("Potassium 6.1, please repeat").waitFor();
    await eventually("the box to be empty again", PATIENCE, async () => (await message.inputValue()) === "");
    await press(amara.page, "Lock");
    await amara.unlock();
    await openPatient(amara, patient);
    assert.equal(await message.inputValue(), "", "what was sent is no longer begun");
  }),
);
