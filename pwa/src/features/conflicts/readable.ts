import { date } from "../../ui/format.ts";
import { texts } from "../../ui/texts.ts";

type Fields = Record<string, unknown>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown) => (typeof value === "string" || typeof value === "number" ? String(value) : "");

/** The name of a field as people say it: `sections/plan` of a letter is its heading. */
export function fieldName(field: string, values: readonly unknown[]): string {
  if (field.startsWith("sections/")) {
    const titled = values.find((value) => isFields(value) && typeof value["title"] === "string");
    return isFields(titled) ? text(titled["title"]) : field.slice(9);
  }
  return texts.review.field[field] ?? field.replaceAll("_", " ").replace("/", ": ");
}

/** A field's value in words; the empty string for no value. */
export function readable(field: string, value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (field === "sex") return texts.gender[text(value)] ?? text(value);
  if (field === "state") return (texts.letters.state as Record<string, string>)[text(value)] ?? text(value);
  if (typeof value === "string") return /^\d{4}-\d{2}-\d{2}$/.test(value) ? date(value) : value;
  if (typeof value === "number") return String(value);
  if (Array.isArray(value)) return value.map((one) => readable(field, one)).join("\n");
  if (!isFields(value)) return "";
  if (field.startsWith("sections/")) return text(value["text"]);
  if ("family" in value) {
    const given = Array.isArray(value["given"]) ? value["given"].map(text).join(" ") : "";
    return [text(value["prefix"]), given, text(value["family"])].filter(Boolean).join(" ");
  }
  return Object.values(value).map((one) => (Array.isArray(one) ? one.map((part) => readable(field, part)).join(", ") : readable(field, one))).filter(Boolean).join(", ");
}

/** How composed text becomes a value of the same shape as `sample`; null where it can't. */
export function writable(sample: unknown): ((composed: string) => unknown) | null {
  if (typeof sample === "string" || sample === undefined || sample === null) return (composed) => composed;
  if (isFields(sample) && typeof sample["text"] === "string") return (composed) => ({ ...sample, text: composed });
  return null;
}
