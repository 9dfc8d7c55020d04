/** What the screens are looked at with: two clinicians, one letter, and the same heading changed by both without a network. */
import { allSent, offline, online, sharedLetter, writeOffline } from "./steps.ts";
import type { Tablet } from "./tablet.ts";
import type { Patient, Ward } from "./ward.ts";

export const LETTER = "Asthma clinic letter";

export const SECTIONS = {
  Diagnosis: "Acute exacerbation of asthma",
  History:
    "Increasing breathlessness over three days, worse at night. No chest pain. Salbutamol four times yesterday.\n\n- Peak flow 210, usual best 380\n- **Allergic to penicillin** (rash, 2011)",
  Examination: "Wheeze throughout, more on the left. Saturation 91 % on air, 96 % on two litres.",
  Plan: "Prednisolone 40 mg for five days. Asthma nurse within a week.",
};

/** Ben's plan is on the server; amara's came later and needs review. Both tablets are online, amara's on the sync page. */
export async function disputedPlan(ward: Ward, patient: Patient): Promise<[amara: Tablet, ben: Tablet]> {
  const [amara, ben] = await sharedLetter(ward, patient, LETTER, SECTIONS);
  await Promise.all([offline(amara), offline(ben)]);
  await writeOffline(amara, patient, LETTER, { Plan: "Prednisolone 40 mg for seven days. Asthma nurse within 48 hours. Return at once if worse." });
  await writeOffline(ben, patient, LETTER, { Plan: "Prednisolone 30 mg for five days. Asthma nurse within a week." });
  await online(ben);
  await allSent(ben);
  await online(amara);
  await amara.page.getByRole("region", { name: "Decided" }).getByText("Needs review").first().waitFor();
  return [amara, ben];
}
