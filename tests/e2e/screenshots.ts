/** Takes the pictures of `docs/images/` from the real app on a demonstration of its own: `make screenshots`. */
import { join } from "node:path";
import { disputedPlan, LETTER, SECTIONS } from "./harness/scene.ts";
import { ROOT } from "./harness/server.ts";
import { beginLetter, go, leave, offline, openPatient, press, write } from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard, type Patient } from "./harness/ward.ts";

const SIZES = { tablet: { width: 1024, height: 768 }, phone: { width: 390, height: 844 } };

async function picture({ page }: Tablet, name: string): Promise<void> {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.mouse.move(0, 0);
  for (const [device, size] of Object.entries(SIZES)) {
    await page.setViewportSize(size);
    await page.evaluate(() => {
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      scrollTo({ top: 0 });
    });
    await page.screenshot({ path: join(ROOT, "docs/images", `${name}-${device}.png`) });
  }
  await page.setViewportSize(SIZES.tablet);
}

await inWard(async (ward) => {
  const [patient, other] = ward.patients(2) as [Patient, Patient];
  const [amara] = await disputedPlan(ward, patient);
  const { page } = amara;

  await go(amara, "Patients");
  await page.getByRole("textbox", { name: "Search patients" }).fill("");
  await page.getByTestId("patient-total").filter({ hasText: "300 patients" }).waitFor();
  await page.locator("[data-patient-row]").first().waitFor();
  await picture(amara, "list");

  await go(amara, "Work list");
  await page.getByRole("region", { name: "Needs review" }).getByRole("link").click();
  await page.getByTestId("conflict").waitFor();
  await picture(amara, "review");

  await offline(amara);
  await beginLetter(amara, other, LETTER);
  for (const [name, text] of Object.entries(SECTIONS)) await write(amara, name, text);
  await picture(amara, "letter");

  await openPatient(amara, other);
  await page.getByTestId("photograph-input").setInputFiles({ name: "Left forearm.jpg", mimeType: "image/jpeg", buffer: Buffer.alloc(3_000_000, 1) });
  await page.getByText("Left forearm.jpg").waitFor();
  await page.getByLabel("Write a message").fill("Peak flow back to 340. Could go home today if the nurse agrees.");
  await press(page, "Send message");
  await leave(amara);
  await picture(amara, "sync");
});
