/** Every main screen as a person with a keyboard, a screen reader, large text or a small window meets it. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import type { AxeBuilder as Axe } from "@axe-core/playwright";
import { disputedPlan, LETTER } from "./harness/scene.ts";
import { allSent, beginLetter, go, heading, openLetter, openPatient, press, write } from "./harness/steps.ts";
import type { Tablet } from "./harness/tablet.ts";
import { inWard, type Patient } from "./harness/ward.ts";

const { AxeBuilder } = createRequire(new URL("../../pwa/package.json", import.meta.url))("@axe-core/playwright") as { AxeBuilder: typeof Axe };

/** WCAG 2.2 A and AA, and what axe calls best practice. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Tablet, the smallest phone, and text at twice its size. */
const SIZES = [
  { width: 1024, height: 768, text: 100 },
  { width: 320, height: 640, text: 100 },
  { width: 390, height: 844, text: 200 },
];

/** What is wrong with the screen as it stands, in both colours and all sizes; empty when nothing is. */
async function faults({ page }: Tablet, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const { width, height, text } of SIZES) {
    await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), text);
    await page.setViewportSize({ width, height });
    const wide = await page.evaluate(async () => {
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))); // at this size
      const edge = document.documentElement.clientWidth;
      const beyond = [...document.querySelectorAll("body *")].filter((one) => one.getBoundingClientRect().right > edge + 1 && getComputedStyle(one).position !== "fixed");
      return document.documentElement.scrollWidth > edge ? beyond.slice(0, 3).map((one) => `<${one.tagName.toLowerCase()} class="${one.className}">`) : null;
    });
    if (wide) found.push(`${name}: scrolls sideways at ${width} px with ${text} % text: ${wide.join(", ")}`);
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
  await page.setViewportSize({ width: 1024, height: 768 });
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const axe = new AxeBuilder({ page }).setLegacyMode();
    // What differs in the dark is contrast.
    const { violations } = await (colorScheme === "dark" ? axe.withRules(["color-contrast"]) : axe.withTags(RULES)).analyze();
    for (const { id, nodes } of violations) {
      found.push(`${name}, ${colorScheme}: ${id} at ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target.join(" ")} (${failureSummary?.split("\n")[1]?.trim()})`).join(", ")}`);
    }
  }
  await page.emulateMedia({ colorScheme: "light" });
  return found;
}

test("the main screens", { timeout: 300_000 }, (t) =>
  inWard(async (ward) => {
    const [patient, other] = ward.patients(2) as [Patient, Patient];
    const [amara, ben] = await disputedPlan(ward, patient);
    await t.test("are free of barriers, in light and dark, at 320 px and with text at 200 %", () => free(amara, ben, patient, other));
    await t.test("serve a keyboard alone: find a patient, write, mark ready, decide; one always sees where one is", () => byKeyboard(amara, patient));
  }),
);

async function free(amara: Tablet, ben: Tablet, patient: Patient, other: Patient): Promise<void> {
  const { page } = amara;
  const found: string[] = [];
  const look = async (name: string, tablet = amara) => void found.push(...(await faults(tablet, name)));

  await look("sync page");
  await go(amara, "Work list");
  await page.getByRole("region", { name: "Needs review" }).waitFor();
  await look("work list");
  await page.getByRole("region", { name: "Needs review" }).getByRole("link").click();
  await page.getByTestId("conflict").waitFor();
  await page.keyboard.press("e");
  await look("review, composing");
  // What is begun here is kept, and would stand in the text box when the case is opened again.
  await page.getByRole("button", { name: "Plan: Keep the server's" }).click();
  await page.getByRole("button", { name: "Plan: Keep the server's", pressed: true }).waitFor();
  await go(amara, "Messages");
  await page.getByRole("list", { name: "Messages" }).waitFor();
  await look("messages");
  await go(amara, "Patients");
  await page.locator("[data-patient-row]").first().waitFor();
  await look("patients");
  await openPatient(amara, patient);
  await look("patient");
  await page.getByRole("button", { name: "New letter" }).click();
  await look("new letter");
  await page.keyboard.press("Escape");
  await openLetter(amara, patient, LETTER);
  await look("letter under review");
  await page.getByRole("link", { name: /settings/ }).click();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
  await look("settings");

  await beginLetter(ben, other, "To be signed");
  await write(ben, "Plan", "Home. GP in two weeks.");
  await press(ben.page, "Mark ready");
  await ben.page.getByRole("button", { name: "Sign letter" }).click();
  await ben.page.getByRole("dialog", { name: "Sign this letter?" }).waitFor();
  await look("signing", ben);
  await ben.page.keyboard.press("Escape");
  await press(ben.page, "Lock");
  await ben.page.getByRole("button", { name: "Unlock" }).waitFor();
  await look("lock screen", ben);
  await press(ben.page, "Sign in as someone else");
  await look("sign in", ben);
  await ben.open("/");
  await look("public page", ben);

  assert.deepEqual(found, []);
}

async function byKeyboard(amara: Tablet, patient: Patient): Promise<void> {
  const { page } = amara;
  const { keyboard } = page;

  await keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-label")), "Search patients");
  await keyboard.type(patient.nhsNumber);
  assert.equal(await page.getByRole("textbox", { name: "Search patients" }).inputValue(), patient.nhsNumber, "a digit typed before the list came is lost");
  await page.locator(`[data-patient-row][href$="${patient.id}"]`).waitFor();
  await page.getByTestId("patient-total").filter({ hasText: "1 patient matches" }).waitFor();
  await keyboard.press("Enter");
  await page.getByTestId("patient-banner").waitFor();
  assert.equal(await page.getByRole("textbox", { name: "Search patients" }).inputValue(), "", "another search stands beside this patient's name");

  await beginLetter(amara, patient, "Ready by keyboard");
  await heading(amara, "Plan").focus();
  await keyboard.type("Rest.");
  await keyboard.press("Control+Enter");
  await page.getByTestId("letter-state").getByText("Ready to sign").waitFor();

  // Wherever Tab leads, an outline shows it.
  for (let step = 0; step < 25; step += 1) {
    await keyboard.press("Tab");
    const hidden = await page.evaluate(() => {
      const now = document.activeElement;
      if (!now || now === document.body) return null;
      const { outlineStyle, outlineWidth } = getComputedStyle(now);
      return outlineStyle !== "none" && parseFloat(outlineWidth) > 0 ? null : now.outerHTML.slice(0, 120);
    });
    assert.equal(hidden, null, "focus can't be seen");
  }

  await go(amara, "Work list");
  await page.getByRole("region", { name: "Needs review" }).getByRole("link").click();
  await page.getByTestId("conflict").waitFor();
  const pressed = (name: string) => page.getByRole("button", { name: `Plan: ${name}`, pressed: true }).waitFor();
  await keyboard.press("1");
  await pressed("Keep before");
  await keyboard.press("2");
  await pressed("Keep the server's");
  await keyboard.press("3");
  await pressed("Keep the later one");
  await keyboard.press("e");
  await page.locator("textarea:focus").waitFor();
  await keyboard.type(" Written at the desk.");
  await page.getByRole("textbox", { name: /^Note/ }).fill("Both doses were meant for other days.");
  await keyboard.press("Enter");
  await page.getByText("Nothing needs review").waitFor();

  await allSent(amara);
  await openLetter(amara, patient, LETTER);
  await page.getByRole("region", { name: "Reviews" }).getByText("Note: Both doses were meant for other days.").waitFor();
}
