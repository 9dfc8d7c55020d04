/** Rule 8: an operation says whose record was on the screen, and a contradiction stops it. The same as `quill.domain.wrong_patient`. */
import type { Operation } from "@quill/schemas";
import type { PatientFacts, Refusal, Values } from "./facts.ts";
import { own, same } from "./fields.ts";
import { refusal } from "./refusals.ts";

const SHOWN = ["name", "birth_date", "nhs_number"];

/** Null: it is the patient. A refusal where the operation doesn't say; `patient_changed` where what it says was never so. */
export function checkPatient(op: Operation, patientId: string, patient: PatientFacts | null): Refusal | "patient_changed" | null {
  const { seen } = op;
  if (seen === undefined) return op.action === "delete" ? null : refusal("seen_missing", "/seen");
  if (seen.patient_id !== patientId) return refusal("seen_missing", "/seen/patient_id");
  if (patient === null) return refusal("unknown_scope", "/seen/patient_id");
  return SHOWN.every((field) => wasSo(field, own(seen, field), patient)) ? null : "patient_changed";
}

function wasSo(field: string, shown: unknown, patient: PatientFacts): boolean {
  const once = (patient.history ?? []).filter((values: Values) => field in values || values["whole"] === true);
  return [patient.body, ...once].some((values) => same(shown, own(values, field)));
}
