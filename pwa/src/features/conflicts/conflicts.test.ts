import { describe, expect, it } from "vitest";
import type { Conflict } from "@quill/schemas";
import type { ConflictRow } from "../../sync/device.ts";
import { asDecided, choiceOf, composable, decidedChoices, isComposed, mayTake, needsAmendmentReason } from "./choice.ts";
import { byRiskAndAge, undecided } from "./order.ts";
import { fieldName, readable } from "./readable.ts";

const section = (text: string) => ({ title: "Plan", order: 4, text });
const field = { field: "sections/plan", base: section("Rest"), theirs: section("Walk"), mine: section("Run") };

describe("a decision", () => {
  it("sends theirs and mine by name, composed text as a value of the field's shape", () => {
    expect(asDecided({ a: choiceOf(field, "theirs"), b: choiceOf(field, "mine") })).toEqual({ a: { take: "theirs" }, b: { take: "mine" } });
    expect(composable(field)?.valueOf("Swim")).toEqual(section("Swim"));
  });

  it("sends the value from before as composed text", () => {
    expect(asDecided({ a: choiceOf(field, "base") })).toEqual({ a: { take: "text", value: section("Rest") } });
    expect(choiceOf({ field: "gp", mine: "x" }, "base")).toEqual({ take: "base", value: null });
  });

  it("counts the value from before as composed: who may not compose may not take it", () => {
    expect([choiceOf(field, "base"), choiceOf(field, "text"), choiceOf(field, "theirs"), choiceOf(field, "mine")].map(isComposed)).toEqual([true, true, false, false]);
  });

  it("is read back as it was taken", () => {
    const choices = { a: { take: "mine" as const }, b: { take: "text" as const, value: section("Swim") } };
    expect(decidedChoices({ resolution: { choices } } as unknown as Conflict)).toEqual(choices);
    expect(decidedChoices({} as Conflict)).toEqual({});
  });

  it("begins composing with the proposal where there is one", () => {
    expect(choiceOf({ ...field, proposal: section("Walk, then run") }, "text").value).toEqual(section("Walk, then run"));
  });

  it("asks why a signed letter is amended, unless the signed text stays", () => {
    const conflict = { kind: "letter", theirs: { version: 4, body: { state: "signed" } } } as unknown as Conflict;
    expect(needsAmendmentReason(conflict, { a: { take: "mine" } })).toBe(true);
    expect(needsAmendmentReason(conflict, { a: { take: "theirs" } })).toBe(false);
  });
});

describe("a letter's state under review", () => {
  const conflict = (state: string) => ({ kind: "letter", theirs: { version: 4, body: { state } } }) as unknown as Conflict;
  const signed = { field: "state", base: "draft", theirs: "draft", mine: "signed" };

  it("can be taken only where the letter may go from where it stands, and is never written by hand", () => {
    expect(mayTake(conflict("draft"), signed, "mine")).toBe(false);
    expect(mayTake(conflict("draft"), signed, "theirs")).toBe(true);
    expect(mayTake(conflict("draft"), signed, "base")).toBe(true);
    expect(mayTake(conflict("ready"), { ...signed, theirs: "ready" }, "mine")).toBe(true);
    expect(mayTake(conflict("draft"), signed, "text")).toBe(false);
    expect(mayTake(conflict("signed"), field, "mine")).toBe(true);
  });
});

describe("a review in words", () => {
  it("names a section by its heading and reads values as people write them", () => {
    expect(fieldName("sections/plan", [undefined, section("x")])).toBe("Plan");
    expect(readable("birth_date", "1962-02-04")).toBe("4 Feb 1962");
    expect(readable("name", { family: "Lee", given: ["Ann", "May"] })).toBe("Ann May Lee");
    expect(readable("sex", "unknown")).toBe("Not known");
    expect(readable("gp", null)).toBe("");
  });

  it("leaves out what was decided, here or by someone else", () => {
    const row = (id: string, status: string, decided: boolean) => ({ id, status, decided, severity: "low", at: id }) as ConflictRow;
    expect(undecided([row("a", "open", false), row("b", "open", true), row("c", "resolved", false)]).map((one) => one.id)).toEqual(["a"]);
  });

  it("lists the highest risk first, within it the longest waiting", () => {
    const row = (id: string, severity: string, at: string) => ({ id, severity, at }) as ConflictRow;
    expect(byRiskAndAge([row("a", "low", "1"), row("b", "high", "3"), row("c", "high", "2"), row("d", "medium", "0")]).map((one) => one.id)).toEqual(["c", "b", "d", "a"]);
  });
});
