import { expect, it } from "vitest";
import { textOf, whatOf } from "./words.ts";

it("says what an operation did by the names of what it touched, each once", () => {
  const plan = { title: "Plan", order: 4, text: "Rest" };
  expect(whatOf({ kind: "letter", action: "patch", set: { "sections/plan": plan, title: "Clinic letter" } })).toBe("Plan, Title");
  expect(whatOf({ kind: "letter", action: "patch", set: { state: "signed" } })).toBe("Signature");
  expect(whatOf({ kind: "conflict", action: "resolve", set: { return: true } })).toBe("Given back");
});

it("gives the words an operation brings to whoever decides about it", () => {
  const plan = { title: "Plan", order: 4, text: "Rest" };
  expect(textOf({ set: { patient_id: "1", text: "Bloods tomorrow", urgent: false } })).toBe("Bloods tomorrow");
  expect(textOf({ set: { title: "Clinic letter", sections: { plan, history: { title: "History", order: 1, text: "" } } } })).toBe("Clinic letter\nPlan: Rest");
  expect(textOf({ set: { "sections/plan": plan, "sections/history": null } })).toBe("Plan: Rest");
  expect(textOf({})).toBe("");
});
