/** What a person does on a screen, by the names they read there (`pwa/src/ui/texts.ts`, `docs/screens.md`). */
import { eventually } from "./eventually.ts";
import type { Locator, Page } from "playwright-core";
import { PATIENCE, type Tablet } from "./tablet.ts";
import type { Patient, Ward } from "./ward.ts";
import type { Wire } from "./wire.ts";

type Screen = "Work list" | "Patients" | "Messages" | "Sync";

export async function go(tablet: Tablet, screen: Screen): Promise<void> {
  await tablet.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: new RegExp(`^${screen}`) }).click();
}

export async function openPatient(tablet: Tablet, patient: Patient): Promise<void> {
  await go(tablet, "Patients"); // the text may stand in the box already, from the last time
  await tablet.page.getByRole("textbox", { name: "Search patients" }).fill(patient.nhsNumber);
  await tablet.page.locator(`[data-patient-row][href$="${patient.id}"]`).click();
  await tablet.page.getByTestId("patient-banner").waitFor();
}

/** A new letter of the first kind (headings Diagnosis, History, Examination, Plan), opened. */
export async function beginLetter(tablet: Tablet, patient: Patient, title: string): Promise<void> {
  await openPatient(tablet, patient);
  await tablet.page.getByRole("button", { name: "New letter" }).click();
  const dialog = tablet.page.getByRole("dialog", { name: "New letter" });
  await dialog.getByLabel("Title").fill(title);
  await dialog.getByRole("button", { name: "Begin letter" }).click();
  await heading(tablet, "Plan").waitFor();
}

export async function openLetter(tablet: Tablet, patient: Patient, title: string): Promise<void> {
  await openPatient(tablet, patient);
  await tablet.page.getByRole("region", { name: /^Letters/ }).getByRole("link", { name: title }).click();
  await tablet.page.getByTestId("letter-state").waitFor();
}

/** The textbox of a heading of the open letter. */
export function heading(tablet: Tablet, name: string): Locator {
  return tablet.page.getByRole("textbox", { name, exact: true });
}

/** Writes below a heading and waits until the page says that it is kept on this device. */
export async function write(tablet: Tablet, name: string, text: string): Promise<void> {
  await heading(tablet, name).fill(text);
  await tablet.page.getByTestId("saved").filter({ hasText: "Saved on this device" }).waitFor();
}

export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole("button", { name, exact: true }).click();
}

/** Writes a message about the patient whose page is open, sends it, and waits until it is kept on this device. */
export async function sendMessage({ page }: Tablet, text: string): Promise<void> {
  await page.getByRole("textbox", { name: "Write a message" }).fill(text);
  await press(page, "Send message");
  await page.getByRole("list", { name: "Messages" }).getByText(text, { exact: true }).waitFor();
}

/** Leaves the letter, which makes an operation of what was written. */
export async function leave(tablet: Tablet): Promise<void> {
  await go(tablet, "Sync");
  await tablet.page.getByRole("heading", { name: "Sync", exact: true }).waitFor();
}

/** Nothing waits any more, and the server has been heard. */
export async function allSent(tablet: Tablet): Promise<void> {
  await sync(tablet);
  await tablet.page.getByText("Nothing waits. Everything you wrote is on the server.").waitFor();
}

export async function offline(tablet: Tablet): Promise<void> {
  await tablet.wire.cut();
  await network(tablet, "offline");
}

export async function online(tablet: Tablet): Promise<void> {
  await tablet.wire.up();
  await sync(tablet);
  await network(tablet, "online");
}

/** "Send and fetch now". */
export async function sync(tablet: Tablet): Promise<void> {
  await go(tablet, "Sync");
  await press(tablet.page, "Send and fetch now");
}

export async function network(tablet: Tablet, state: "online" | "offline" | "sending"): Promise<void> {
  await tablet.page.locator(`[data-testid="network"][data-network="${state}"]`).waitFor();
}

/** The first sync is whole, and the app itself is kept by its service worker: the tablet may leave the network. */
export async function readyToLeave(tablet: Tablet): Promise<void> {
  await go(tablet, "Sync");
  await tablet.page.getByText("Wards and patients held whole on this device.").waitFor();
  await tablet.page.evaluate(async () => void (await navigator.serviceWorker.ready));
}

/** Waits until the text below a heading of the open letter is this, whether it may be written or only read. */
export async function reads(tablet: Tablet, name: string, text: string): Promise<void> {
  const section = tablet.page.getByRole("region", { name, exact: true });
  await eventually(`"${text}" below ${name}`, PATIENCE, async () => {
    const box = section.getByRole("textbox");
    const shown = (await box.count()) > 0 ? box.inputValue({ timeout: 1_000 }) : section.innerText({ timeout: 1_000 });
    return (await shown.catch(() => "")).includes(text); // it may become one to be read only between the two looks
  });
}

/** Amara begins a letter and ben has it too; both tablets are ready to leave the network. */
export async function sharedLetter(ward: Ward, patient: Patient, title: string, sections: Record<string, string> = {}): Promise<[amara: Tablet, ben: Tablet]> {
  const [amara, ben] = await Promise.all([ward.tablet("amara's", "amara"), ward.tablet("ben's", "ben")]);
  await Promise.all([readyToLeave(amara), readyToLeave(ben)]);
  await shareAlso(amara, ben, patient, title, sections);
  return [amara, ben];
}

export async function shareAlso(author: Tablet, reader: Tablet, patient: Patient, title: string, sections: Record<string, string> = {}): Promise<void> {
  await beginLetter(author, patient, title);
  for (const [name, text] of Object.entries(sections)) await write(author, name, text);
  await allSent(author);
  await openLetter(reader, patient, title);
  for (const [name, text] of Object.entries(sections)) await reads(reader, name, text);
}

/** Opens the letter on a tablet that has no network, writes below its headings, and leaves it. */
export async function writeOffline(tablet: Tablet, patient: Patient, title: string, sections: Record<string, string>): Promise<void> {
  await openLetter(tablet, patient, title);
  for (const [name, text] of Object.entries(sections)) await write(tablet, name, text);
  await leave(tablet);
}

/** A heading of the open letter says that somebody else wrote there at the same time. */
export async function parallelAt(tablet: Tablet, name: string): Promise<void> {
  await tablet.page.getByRole("region", { name, exact: true }).getByTestId("mark-parallel").waitFor();
}

/** From the work list to the review of a letter. */
export async function openReview(tablet: Tablet, title: string): Promise<void> {
  await go(tablet, "Work list");
  await tablet.page.getByRole("region", { name: "Needs review" }).getByRole("link").filter({ hasText: title }).click();
  await tablet.page.getByTestId("conflict").waitFor();
}

/** Takes for each field the button named, or a text of one's own; decides with a note. */
export async function decide(tablet: Tablet, takes: Record<string, string | { text: string }>, note: string): Promise<void> {
  const { page } = tablet;
  const review = page.url();
  for (const [field, take] of Object.entries(takes)) {
    if (typeof take === "string") await press(page, `${field}: ${take}`);
    else {
      await press(page, `${field}: Write it yourself`);
      await page.getByRole("textbox", { name: `${field}: Your text` }).fill(take.text);
    }
  }
  await page.getByLabel(/^Note/).fill(note);
  await press(page, "Decide");
  await page.waitForURL((address) => address.href !== review);
}

/** One push whose body has all come to the wire: what it carried, and what the server said so far. */
export interface Push<Op> {
  ops: Op[];
  said: unknown;
}

/** The pushes that left a tablet, in the order of the wire. One that is still on its way counts when all of it has left. */
export function pushes<Op>(wire: Wire): Push<Op>[] {
  const whole = wire.requests("POST", "/api/sync/push").filter(({ body }) => body.length > 0);
  return whole.map(({ body, said }) => ({ ops: (JSON.parse(body.toString()) as { ops: Op[] }).ops, said }));
}

/** Every operation in the pushes that left the tablet, in the order of the wire; one sent twice is there twice. */
export function pushedOps({ wire }: Tablet): { op_id: string; kind: string; id: string; set?: Record<string, unknown> }[] {
  return pushes<ReturnType<typeof pushedOps>[number]>(wire).flatMap(({ ops }) => ops);
}
