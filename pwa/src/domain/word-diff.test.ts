import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wordDiff } from "./word-diff.ts";

const marked = (before: string, text: string) => wordDiff(before, text).map((piece) => (piece.changed ? `[${piece.text}]` : piece.text)).join("");

describe("words that differ", () => {
  it("marks the changed word, not its neighbours", () => {
    expect(marked("Prednisolone 40 mg for five days.", "Prednisolone 30 mg for five days.")).toBe("Prednisolone [30] mg for five days.");
  });

  it("marks neighbouring changed words as one", () => {
    expect(marked("within a week", "within two days")).toBe("within [two days]");
  });

  it("keeps a decimal dose together", () => {
    expect(marked("Give 2.5 mg", "Give 2.55 mg")).toBe("Give [2.55] mg");
  });

  it("marks all of a text that is new, nothing of one that is the same", () => {
    expect(marked("", "New text")).toBe("[New text]");
    expect(marked("Same text", "Same text")).toBe("Same text");
    expect(wordDiff("Gone", "")).toEqual([]);
  });

  it("always gives the text back whole", () => {
    fc.assert(fc.property(fc.string(), fc.string(), (before, text) => wordDiff(before, text).map((piece) => piece.text).join("") === text));
  });
});
