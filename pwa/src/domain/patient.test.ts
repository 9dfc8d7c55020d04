import type { Patient } from "@quill/schemas";
import { expect, test } from "vitest";
import { fold, fullName, searchWords, summary } from "./patient.ts";

const ADA: Patient = {
  name: { family: "O’Brien-Nuñez", given: ["Ada", "Mae"], prefix: "Dr" },
  birth_date: "1950-02-03",
  sex: "female",
  nhs_number: "9990000018",
  identifiers: [{ system: "https://hospital.example/mrn", value: "M-17" }],
  telecom: [],
  next_of_kin: [],
  team_ids: [],
};

test.each([
  ["O’Brien-Nuñez", "o brien nunez"],
  ["STRAẞE", "strasse"],
  ["  Ünal ", "unal"],
  ["%_'; --", ""],
  ["Zoe\u0308", "zoe"],
])("search knows no case, accents or punctuation: %s", (text, folded) => {
  expect(fold(text)).toBe(folded);
});

test("a patient is found by names, birth date and numbers", () => {
  expect(searchWords(ADA)).toBe("o brien nunez ada mae 1950 02 03 9990000018 m 17");
});

test("the family name comes first and in capitals", () => {
  expect(fullName(ADA)).toBe("O’BRIEN-NUÑEZ, Ada Mae (Dr)");
  expect(summary(ADA)).toBe("O’BRIEN-NUÑEZ, Ada Mae (Dr), born 1950-02-03, NHS 999 000 0018");
});
