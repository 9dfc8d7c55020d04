/** 200 names, numbers and sentences that nobody else has: planted in records and on screens, searched where they must not be. */
import { randomBytes } from "node:crypto";
import type { Colleague } from "./colleague.ts";
import type { Tablet } from "./tablet.ts";
import { beginLetter, heading, leave, openLetter, openPatient, sendMessage } from "./steps.ts";
import type { Patient } from "./ward.ts";

const PATIENTS = 20;

export interface PlantedPatient extends Patient {
  letter: string;
  sentence: string;
}

/** What a colleague wrote on the server: each patient with a letter and a message. */
export interface OnServer {
  patients: PlantedPatient[];
  texts: string[];
}

/** Twenty patients of the colleague's ward: 180 texts. */
export async function plantOnServer(colleague: Colleague): Promise<OnServer> {
  const patients: PlantedPatient[] = [];
  const ops: Record<string, unknown>[] = [];
  const texts: string[] = [];
  const plant = (text: string): string => {
    texts.push(text);
    return text;
  };
  for (let one = 0; one < PATIENTS; one += 1) {
    const body = {
      name: { family: plant(name()), given: [plant(name())] }, birth_date: "1950-01-01", sex: "female", nhs_number: plant(nhsNumber()),
      identifiers: [{ system: "urn:mrn", value: plant(digits(12)) }], telecom: [{ system: "phone", use: "home", value: plant(digits(11)) }],
      next_of_kin: [{ name: plant(`${name()} ${name()}`), relationship: "sister", telecom: [] }], team_ids: colleague.me.team_ids,
    };
    const patient = colleague.create("patient", body);
    const seen = { id: patient.id, body };
    const title = plant(`${name()} clinic`);
    const sentence = plant(sentenceOf(8));
    const letter = colleague.create(
      "letter", { patient_id: patient.id, title, sections: { plan: { title: "Plan", order: 4, text: sentence } }, recipients: [] }, seen,
    );
    const message = colleague.create("message", { patient_id: patient.id, text: plant(sentenceOf(6)), urgent: false, to: [], attachment_ids: [] }, seen);
    ops.push(patient.op, letter.op, message.op);
    patients.push({ id: patient.id, family: body.name.family, nhsNumber: body.nhs_number, letter: title, sentence });
  }
  await colleague.push(...ops);
  return { patients, texts };
}

/** What a person types and attaches on the tablet: 20 texts. Leaves a half-written letter on the screen. */
export async function plantOnTablet(tablet: Tablet, patient: Patient): Promise<string[]> {
  const texts: string[] = [];
  const plant = (text: string): string => {
    texts.push(text);
    return text;
  };
  const { page } = tablet;
  const title = plant(`${name()} review`);
  await beginLetter(tablet, patient, title);
  for (const one of ["Diagnosis", "History", "Examination", "Plan"]) await heading(tablet, one).fill(plant(sentenceOf(10)));
  await page.getByRole("textbox", { name: "Recipients" }).fill(plant(`${name()} ${name()}`));
  await leave(tablet);
  for (let one = 0; one < 4; one += 1) {
    await openPatient(tablet, patient);
    await sendMessage(tablet, plant(sentenceOf(7)));
  }
  const [file, ...lines] = [plant(`${name()}.txt`), ...Array.from({ length: 6 }, () => plant(sentenceOf(9)))] as [string, ...string[]];
  await page.getByTestId("file-input").setInputFiles({ name: file, mimeType: "text/plain", buffer: Buffer.from(lines.join("\n")) });
  await page.getByRole("region", { name: /^Photographs/ }).getByText(file).waitFor();
  await openLetter(tablet, patient, title);
  await heading(tablet, "Plan").fill(plant(sentenceOf(10)));
  await heading(tablet, "History").fill(plant(sentenceOf(10)));
  await page.getByTestId("saved").filter({ hasText: "Saved on this device" }).waitFor();
  await heading(tablet, "Diagnosis").fill(plant(sentenceOf(10)));
  return texts;
}

/** Random enough that nothing compresses it, as a rare name would not be. */
function name(): string {
  const letters = [...randomBytes(12)].map((byte) => String.fromCharCode(97 + (byte % 26))).join("");
  return letters[0]!.toUpperCase() + letters.slice(1);
}

function sentenceOf(words: number): string {
  return `${Array.from({ length: words }, name).join(" ")}.`;
}

function digits(count: number): string {
  return [...randomBytes(count)].map((byte) => String(byte % 10)).join("");
}

/** Of the range for tests (999), with its check digit. */
function nhsNumber(): string {
  for (;;) {
    const nine = `999${digits(6)}`;
    const check = 11 - ([...nine].reduce((sum, digit, at) => sum + Number(digit) * (10 - at), 0) % 11);
    if (check !== 10) return nine + String(check % 11);
  }
}
