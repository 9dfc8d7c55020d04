/** What an operation did, in a person's words, for the lists of own work. */
import type { Operation } from "@quill/schemas";
import { elementKey } from "../domain/fields.ts";

const CREATED: Partial<Record<Operation["kind"], string>> = {
  letter: "New letter", message: "New message", attachment: "New file", patient: "New patient", snippet: "New text block", receipt: "Read",
};
const STATES: Record<string, string> = { draft: "Back to draft", ready: "Marked ready", signed: "Signature", amended: "Amendment", retracted: "Retracted" };
const FIELDS: Record<string, string> = {
  title: "Title", recipients: "Recipients", encounter_date: "Date seen", name: "Name", birth_date: "Date of birth", sex: "Gender", nhs_number: "NHS number",
  identifiers: "Identifiers", address: "Address", telecom: "Contact", next_of_kin: "Next of kin", gp: "GP", deceased: "Deceased", team_ids: "Teams",
};

export function whatOf({ kind, action, set = {} }: Pick<Operation, "kind" | "action" | "set">): string {
  if (action === "create") return CREATED[kind] ?? "New";
  if (action === "delete") return "Deleted";
  if (action === "void") return "Lost on this device";
  if (action === "resolve") return "return" in set ? "Given back" : kind === "quarantine" ? "Decision on refused work" : "Decision";
  const state = set["state"];
  if (typeof state === "string") return STATES[state] ?? "State";
  return [...new Set(Object.entries(set).map(([field, value]) => fieldName(field, value)))].join(", ");
}

/** The words an operation brings, for whoever decides about it: a message's text, a letter's title and sections. */
export function textOf({ set = {} }: Pick<Operation, "set">): string {
  const said = Object.entries(set).flatMap(([field, value]): string[] => {
    if (typeof value === "string") return field === "title" || field === "text" ? [value] : [];
    if (typeof value !== "object" || value === null) return [];
    if (field === "sections") return Object.values(value).map(sectionText);
    return field.startsWith("sections/") ? [sectionText(value)] : [];
  });
  return said.filter((text) => text !== "").join("\n");
}

function sectionText(section: unknown): string {
  const { title = "", text = "" } = section as { title?: string; text?: string };
  return text === "" ? "" : `${title}: ${text}`;
}

function fieldName(field: string, value: unknown): string {
  const [name, element] = elementKey(field);
  if (name === "sections" && element !== null) {
    const title = (value as { title?: unknown } | null)?.title;
    return typeof title === "string" ? title : element;
  }
  return FIELDS[name] ?? name;
}

/** Two letters for the lock screen: `Dr Amara Diallo` → `AD`. */
export function initialsOf(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "" && !/^(dr|prof|mr|mrs|ms|miss|sr|sister|nurse)\.?$/i.test(word));
  const ends = words.length > 1 ? [words[0], words.at(-1)] : words;
  return ends.map((word) => String.fromCodePoint(word?.codePointAt(0) ?? 63)).join("").toUpperCase() || "?";
}
