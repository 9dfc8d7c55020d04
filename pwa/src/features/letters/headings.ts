/** What a letter of a kind begins with; people add and leave out headings as they like. */
export interface LetterKind {
  title: string;
  headings: { key: string; title: string }[];
}

const heading = (title: string) => ({ key: keyOf(title), title });

export const letterKinds: LetterKind[] = [
  { title: "Clinic letter", headings: ["Diagnosis", "History", "Examination", "Plan"].map(heading) },
  { title: "Discharge letter", headings: ["Diagnosis", "Course of stay", "Medication", "Plan"].map(heading) },
  { title: "Referral", headings: ["Reason", "History", "Medication", "Question"].map(heading) },
];

/** `Course of stay` → `course-of-stay`: the key of the section, as the schema wants it. */
export function keyOf(title: string): string {
  return title.toLowerCase().normalize("NFKD").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60) || "section";
}
