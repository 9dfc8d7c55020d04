/** A patient as the list shows and finds them. */
import type { Patient } from "@quill/schemas";
import type { PatientSummary } from "../sync/ports.ts";

/** Words that need no more than lower case, as most do. */
const PLAIN = /^(?:[A-Za-z0-9]+(?: [A-Za-z0-9]+)*)?$/;
const MRN_SYSTEM = /(mrn|medical-record-number)$/i;

/** @param body a patient's body; whatever a server of another version left out is shown as empty */
export function rowOf(id: string, body: unknown): PatientSummary {
  const patient = body as Partial<Omit<Patient, "name">> & { name?: Partial<Patient["name"]> };
  const mrn = patient.identifiers?.find(({ system }) => MRN_SYSTEM.test(system))?.value;
  return {
    id,
    family: patient.name?.family ?? "",
    given: patient.name?.given?.join(" ") ?? "",
    birth_date: patient.birth_date ?? "",
    sex: patient.sex ?? "unknown",
    ...(patient.nhs_number && { nhs_number: patient.nhs_number }),
    ...(mrn && { mrn }),
    deceased: patient.deceased !== undefined && patient.deceased !== false,
  };
}

/** For searching: without case, accents and punctuation, single spaces (`O’Brien-Nuñez` → `o brien nunez`), as the server folds. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

/** The order of the list: family name, given names, birth date. */
export function orderOf(row: PatientSummary): string {
  return `${fold(row.family)}\u0001${fold(row.given)}\u0001${row.birth_date}\u0001${row.id}`;
}

/** What the patient is found by: each word of the names, the numbers, the birth date both ways round. */
export function wordsOf(row: PatientSummary): string[] {
  const family = fold(row.family);
  const words = new Set([...family.split(" "), ...fold(row.given).split(" ")]);
  if (family.includes(" ")) words.add(family.replaceAll(" ", ""));
  if (row.nhs_number) words.add(row.nhs_number.replaceAll(" ", ""));
  if (row.mrn) for (const word of [...fold(row.mrn).split(" "), fold(row.mrn).replaceAll(" ", "")]) words.add(word);
  const [year, month, day] = row.birth_date.split("-");
  if (year && month && day) words.add(year + month + day).add(day + month + year);
  words.delete("");
  return [...words];
}

/** What a person typed, as words to find: digits typed in groups (`943 476 5919`, `4/2/1962`) are one number. */
export function wordsOfQuery(text: string): string[] {
  const dated = text.replace(/(\d{1,2})[/.-](\d{1,2})[/.-](\d{1,4})/g, (_, day: string, month: string, year: string) =>
    `${day.padStart(2, "0")}${month.padStart(2, "0")}${year}`,
  );
  const words: string[] = [];
  let number = false;
  for (const word of fold(dated).split(" ")) {
    const digits = /^\d+$/.test(word);
    if (digits && number) words.push(`${words.pop() ?? ""}${word}`);
    else if (word) words.push(word);
    number = digits;
  }
  return words;
}
