/** The table of cases pytest runs in `tests/server/domain/`: both languages give the same answers. */
import { readFileSync } from "node:fs";
import type { Operation } from "@quill/schemas";
import { expect, test } from "vitest";
import { decide } from "./decide-preview.ts";
import { foreignSince } from "./facts.ts";
import type { Current, Decision, Policy, RecordNow, Values, Version } from "./facts.ts";
import { release, resolve } from "./resolve-preview.ts";
import type { Conflict } from "./resolve-preview.ts";

interface Case {
  name: string;
  call?: "decide" | "resolve" | "release";
  schema_only?: boolean;
  by: Policy;
  policy?: Partial<Policy>;
  current: Current;
  history?: Version[];
  base_body?: Values;
  conflict?: Conflict;
  quarantine?: RecordNow;
  op: Operation;
  expect: Values;
  body_lacks?: string[];
  conflict_lacks?: string[];
}

const FILE = new URL("../../../shared-schemas/vectors/decide.json", import.meta.url);
const TABLE = JSON.parse(readFileSync(FILE, "utf8")) as { device_root: string; defs: Values; cases: unknown[] };

/** `"@x"` is the definition x; `{"@like": "x", …}` is x with members replaced; `{"@repeat": [s, n]}` is s, n times. */
function resolved(value: unknown): unknown {
  if (typeof value === "string" && value.startsWith("@")) return resolved(TABLE.defs[value.slice(1)]);
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== "object" || value === null) return value;
  const { "@like": like, "@repeat": repeat, ...rest } = value as Values;
  if (repeat !== undefined) return (repeat as [string, number])[0].repeat((repeat as [string, number])[1]);
  const base: Values = {};
  if (like !== undefined) Object.assign(base, resolved(`@${like as string}`));
  for (const [key, item] of Object.entries(rest)) base[key] = resolved(item);
  return base;
}

/** The first place where `got` isn't as expected; of an object only the members named count, a null one may be absent. */
function differs(expected: unknown, got: unknown, path = ""): string | null {
  if (Array.isArray(expected) && Array.isArray(got) && expected.length === got.length) {
    return expected.map((one, index) => differs(one, got[index], `${path}/${index}`)).find((one) => one !== null) ?? null;
  }
  if (isObject(expected) && isObject(got)) {
    return Object.entries(expected).map(([key, one]) => differs(one, got[key], `${path}/${key}`)).find((one) => one !== null) ?? null;
  }
  return (expected ?? null) === (got ?? null) ? null : `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(got)}`;
}

function isObject(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const CASES = (TABLE.cases.map(resolved) as Case[]).filter((one) => !one.schema_only);

/** What the case's function says. */
function answer({ call, op, current, history = [], base_body, conflict, quarantine, ...one }: Case): Promise<Decision> {
  const policy = { ...one.by, ...one.policy };
  const since = (base: Operation) => foreignSince(base, history, TABLE.device_root, policy.epoch, base_body ?? null);
  if (call === "resolve" && conflict !== undefined) {
    const base_version = (op.set?.["against_version"] ?? 0) as number;
    return resolve(conflict, current, since({ ...op, base_version, base_epoch: policy.epoch }), op, policy);
  }
  if (call === "release" && quarantine !== undefined) {
    return release(quarantine, current, since(quarantine.body["op"] as Operation), op, policy);
  }
  return decide(current, since(op), op, policy);
}

test.each(CASES)("$name", async (one) => {
  const decision = await answer(one);
  expect(differs(one.expect, decision)).toBeNull();
  for (const name of one.body_lacks ?? []) expect(decision.body).not.toHaveProperty(name);
  for (const name of one.conflict_lacks ?? []) expect(decision.conflict?.body).not.toHaveProperty(name);
});
