/** Patients: how they are found and named in one line. The same as `quill.records.patient`. */
import type { Patient } from "@quill/schemas";
import { formatNhsNumber } from "./nhs-number.ts";

/** The endings of identifier systems that hold the hospital's own number. */
const MRN_SYSTEM = /(mrn|medical-record-number)$/i;

/** For searching: without case, accents and punctuation, single spaces (`O’Brien-Nuñez` → `o brien nunez`). */
export function fold(text: string): string {
  const plain = text.toLowerCase().replaceAll("ß", "ss").normalize("NFKD").replace(/\p{M}/gu, "");
  return plain.replace(/[^\p{L}\p{N}]+/gu, " ").trim();
}

export function medicalRecordNumber(patient: Patient): string | null {
  return patient.identifiers.find(isMedicalRecordNumber)?.value ?? null;
}

export function isMedicalRecordNumber({ system }: { system: string }): boolean {
  return MRN_SYSTEM.test(system);
}

/** `SMITH, Anna Maria (Mrs)`: family name first and in capitals, as the NHS banner guidance has it. */
export function fullName({ name }: Pick<Patient, "name">): string {
  const given = name.given.length > 0 ? `, ${name.given.join(" ")}` : "";
  return `${name.family.toUpperCase()}${given}${name.prefix ? ` (${name.prefix})` : ""}`;
}

/** One line for a list: name, born, NHS number. */
export function summary(patient: Patient): string {
  const number = patient.nhs_number === undefined ? "none recorded" : formatNhsNumber(patient.nhs_number);
  return `${fullName(patient)}, born ${patient.birth_date}, NHS ${number}`;
}

/** Everything a patient is found by, folded: names, birth date, NHS number, MRN. */
export function searchWords(patient: Patient): string {
  const { family, given } = patient.name;
  return fold([family, ...given, patient.birth_date, patient.nhs_number ?? "", medicalRecordNumber(patient) ?? ""].join(" "));
}
