import { describe, expect, it } from "vitest";
import type { Letter } from "@quill/schemas";
import type { LetterRow } from "../../sync/device.ts";
import { keyOf } from "./headings.ts";
import { fromLines, toLines } from "./recipient-lines.ts";
import { mayAmend, mayEdit, maySign } from "./rights.ts";
import { toDo } from "./to-do.ts";
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

describe("the work list", () => {
  const row = (id: string, fields: object) => ({ id, author_id: "other", state: "draft", work: null, signatureWaiting: false, changed_at: id, ...fields }) as LetterRow;
  const letters = [
    row("1", {}), row("2", { author_id: "u" }), row("3", { work: "on-device" }), row("4", { state: "ready" }), row("5", { state: "ready", signatureWaiting: true }), row("6", { state: "signed" }),
  ];
  const ids = (role: string) => Object.values(toDo(letters, who(role))).map((list: LetterRow[]) => list.map(({ id }) => id));

  it("shows a clinician what to sign and their own drafts, newest first", () => {
    expect(ids("Clinician")).toEqual([["5"], ["4"], ["3", "2"]]);
  });

  it("shows a secretary every draft of the ward, and an administrator nobody else's", () => {
    expect(ids("Secretary")).toEqual([["5"], [], ["3", "2", "1"]]);
    expect(ids("Administrator")).toEqual([["5"], [], ["3", "2"]]);
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
