import { describe, expect, it } from "vitest";
import type { Letter } from "@quill/schemas";
import { keyOf } from "./headings.ts";
import { fromLines, toLines } from "./recipient-lines.ts";
import { mayAmend, mayEdit, maySign } from "./rights.ts";
import { lay } from "./use-letter-draft.ts";

const letter: Letter = {
  patient_id: "p", title: "Clinic letter", state: "draft", author_id: "a", recipients: [],
  sections: { plan: { title: "Plan", order: 1, text: "Rest" } },
};
const who = (role: string) => ({ user_id: "u", username: "u", name: "U", roles: [role], organisation_id: "o", team_ids: [] });

describe("a letter under what is typed", () => {
  it("takes typed fields over held ones and leaves the held letter untouched", () => {
    const laid = lay(letter, { title: "Discharge", "sections/plan": { title: "Plan", order: 1, text: "Walk" }, "sections/history": { title: "History", order: 2, text: "" } });
    expect(laid.title).toBe("Discharge");
    expect(laid.sections["plan"]?.text).toBe("Walk");
    expect(Object.keys(laid.sections)).toEqual(["plan", "history"]);
    expect(letter.sections["plan"]?.text).toBe("Rest");
  });

  it("takes a section away with null", () => {
    expect(lay(letter, { "sections/plan": null }).sections).toEqual({});
  });
});

describe("headings and recipients", () => {
  it("makes a key of a heading that the contract allows", () => {
    expect(keyOf("Course of stay")).toBe("course-of-stay");
    expect(keyOf("Überweisung / Frage?")).toBe("uberweisung-frage");
    expect(keyOf("¿?")).toBe("section");
    expect(keyOf("24 h plan")).toBe("section-24-h-plan");
  });

  it("reads recipients line by line and keeps what a known one has besides", () => {
    const known = [{ name: "Dr Ann Lee", role: "GP", organisation: "Elm Surgery", email: "ann@elm.example" }];
    expect(fromLines(toLines(known), known)).toEqual(known);
    expect(fromLines("Dr Ann Lee, GP, Elm Surgery\n\n  Ravi Patel ", known)).toEqual([known[0], { name: "Ravi Patel" }]);
  });
});

describe("what the letter screen offers", () => {
  it("lets a clinician sign, a secretary write, an administrator read", () => {
    expect([maySign(who("Clinician")), maySign(who("Secretary")), mayEdit(who("Secretary"), letter), mayEdit(who("Administrator"), letter)]).toEqual([true, false, true, false]);
  });

  it("lets signed text only be amended", () => {
    const signed = { state: "signed" } as const;
    expect([mayEdit(who("Clinician"), signed), mayAmend(who("Clinician"), signed), mayAmend(who("Secretary"), signed)]).toEqual([false, true, false]);
  });
});
