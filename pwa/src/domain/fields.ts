/**
 * Bodies by field: what an operation's `set` names, read from and put into a stored body.
 *
 * A field is a top-level key of the body (`name`, an array whole) or one element of a set: `sections/plan`,
 * `team_ids/<uuid>`, `identifiers/<system>`, `telecom/<system>:<use or empty>`.
 */
import { DEFAULTS, FIELDS } from "@quill/schemas";
import type { FieldClass, FieldRule, Kind } from "@quill/schemas";
import type { Values } from "./facts.ts";

type Key = NonNullable<FieldRule["key"]>;

export function ruleOf(kind: Kind, field: string): FieldRule | null {
  const [name, element] = elementKey(field);
  const rule = Object.values(FIELDS[kind]).find((one) => one.property === name && (one.key !== undefined) === (element !== null));
  return rule === undefined || element === "" || (element !== null && field.slice(name.length + 1).includes("/")) ? null : rule;
}

export function classOf(kind: Kind, field: string): FieldClass | null {
  return ruleOf(kind, field)?.class ?? null;
}

function keyOf(kind: Kind, name: string): Key | null {
  return Object.values(FIELDS[kind]).find((rule) => rule.property === name)?.key ?? null;
}

/** `sections/plan` from its parts; inside the element `~` is written `~0` and `/` is written `~1`. */
export function fieldKey(name: string, element: string): string {
  return `${name}/${escapeKey(element)}`;
}

export function elementKey(field: string): [name: string, element: string | null] {
  const slash = field.indexOf("/");
  if (slash < 0) return [field, null];
  return [field.slice(0, slash), field.slice(slash + 1).replaceAll("~1", "/").replaceAll("~0", "~")];
}

function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

/** Where a field's value stands in an operation, as a JSON Pointer (RFC 6901). */
export function pointer(field: string): string {
  return `/set/${escapeKey(field)}`;
}

function elementName(key: Key, element: unknown): string {
  if (key === "uuid") return String(element);
  const { system, use } = element as { system: string; use?: string };
  return key === "system" ? system : `${system}:${use ?? ""}`;
}

/** The field's value in a stored body; null where there is none. */
export function valueOf(kind: Kind, body: Values, field: string): unknown {
  const [name, element] = elementKey(field);
  const held = own(body, name);
  if (element === null || held === null) return held;
  const key = keyOf(kind, name);
  if (key === null) return null;
  if (key === "heading") return own(held as Values, element);
  const found = (held as unknown[]).find((one) => elementName(key, one) === element);
  if (found === undefined) return null;
  return key === "uuid" ? true : found;
}

/** Absent is null; of a field that always stands in a body (`recipients`) it is the empty value. */
export function normal(kind: Kind, field: string, value: unknown): unknown {
  return value ?? own(DEFAULTS[kind], field);
}

/** A new body with the fields set; null removes. The body given stays as it was. */
export function applied(kind: Kind, body: Values, values: Values): Values {
  const next = new Map(Object.entries(body));
  const sets = new Map<string, Map<string, unknown>>();
  for (const [field, sent] of Object.entries(values)) {
    const [name, element] = elementKey(field);
    if (element !== null) {
      const elements = sets.get(name) ?? elementsOf(keyOf(kind, name), body[name]);
      sets.set(name, elements);
      if (sent === null) elements.delete(element);
      else elements.set(element, sent);
      continue;
    }
    const value = normal(kind, field, sent);
    if (value === null) next.delete(field);
    else next.set(field, value);
  }
  for (const [name, elements] of sets) next.set(name, stored(keyOf(kind, name), elements));
  return Object.fromEntries(next);
}

function elementsOf(key: Key | null, held: unknown): Map<string, unknown> {
  if (held === undefined || held === null || key === null) return new Map();
  if (key === "heading") return new Map(Object.entries(held));
  return new Map((held as unknown[]).map((one) => [elementName(key, one), one]));
}

function stored(key: Key | null, elements: Map<string, unknown>): unknown {
  if (key === "heading") return Object.fromEntries(elements);
  // Without a comparator, sort() goes by UTF-16 code units, as canonical JSON does (RFC 8785, 3.2.3).
  const order = [...elements.keys()].sort();
  return key === "uuid" ? order : order.map((name) => elements.get(name));
}

/** A body as `create` sends it, by field; nulls are left out. */
export function split(kind: Kind, body: Values): Values {
  const values: Values = {};
  for (const [name, value] of Object.entries(body)) {
    if (value === null || value === undefined) continue;
    const key = keyOf(kind, name);
    if (key === null) values[name] = value;
    else for (const [element, one] of elementsOf(key, value)) values[fieldKey(name, element)] = key === "uuid" ? true : one;
  }
  return values;
}

/** The whole body of fields, with what always stands in one; sets sorted. */
export function composed(kind: Kind, values: Values): Values {
  return applied(kind, structuredClone(DEFAULTS[kind]), values);
}

/** Equal as JSON: true is not 1, the order of keys says nothing, absent is null at the top. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return (a ?? null) === (b ?? null);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), b as Values];
  return left.length === Object.keys(b).length && left.every(([key, value]) => Object.hasOwn(right, key) && same(value, right[key]));
}

/** A member of the object itself, never of its prototype; null where there is none. */
export function own(values: object, name: string): unknown {
  return Object.hasOwn(values, name) ? ((values as Values)[name] ?? null) : null;
}
