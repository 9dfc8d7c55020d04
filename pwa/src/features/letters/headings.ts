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

/** `Course of stay` → `course-of-stay`: the key of the section, as the schema wants it (a letter first, at most 64). */
export function keyOf(title: string): string {
  const plain = title.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return /^[a-z]/.test(plain) ? plain : `section-${plain}`.replace(/-$/, "");
}
