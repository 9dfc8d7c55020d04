import { describe, expect, it } from "vitest";
import { age, born, bytes, date, duration, initials, moment, nhsNumber, patientName } from "./format.ts";

describe("dates and numbers as clinicians read them", () => {
  it("writes an NHS number in groups and leaves anything else alone", () => {
    expect(nhsNumber("9434765919")).toBe("943 476 5919");
    expect(nhsNumber("943476591")).toBe("943476591");
  });

  it("writes a birth date with the age on that day", () => {
    expect(born("1962-02-04", new Date(2026, 1, 3))).toBe("4 Feb 1962 (63 y)");
    expect(born("1962-02-04", new Date(2026, 1, 4))).toBe("4 Feb 1962 (64 y)");
  });

  it("counts months and weeks for the very young, and nothing for a date to come", () => {
    expect(age("2025-03-20", new Date(2026, 1, 4))).toBe("10 m");
    expect(age("2026-01-14", new Date(2026, 1, 4))).toBe("3 w");
    expect(age("2026-03-01", new Date(2026, 1, 4))).toBe("");
  });

  it("leaves a date it can't read as it is", () => {
    expect(date("1962")).toBe("1962");
    expect(date("1962-13-01")).toBe("1962-13-01");
    expect(date("2020-09-30")).toBe("30 Sep 2020");
  });

  it("says the time today, the day before that, the year before that", () => {
    const now = new Date(2026, 10, 24, 12, 0);
    expect(moment(new Date(2026, 10, 24, 9, 12).toISOString(), now)).toBe("09:12");
    expect(moment(new Date(2026, 10, 23, 9, 2).toISOString(), now)).toBe("23 Nov, 09:02");
    expect(moment(new Date(2025, 0, 3, 9, 2).toISOString(), now)).toBe("3 Jan 2025, 09:02");
    expect(moment("never", now)).toBe("");
  });

  it("names durations and sizes in words", () => {
    expect([30, 300, 7300, 100_000, 200_000].map(duration)).toEqual(["less than a minute", "5 min", "2 h", "1 day", "2 days"]);
    expect([12, 840_000, 2_431_000, 12_000_000_000].map(bytes)).toEqual(["12 B", "840 KB", "2.4 MB", "12 GB"]);
  });

  it("puts the family name in capitals first, and finds initials without titles", () => {
    expect(patientName("Okafor-Williams", "Adaeze Ngozi")).toBe("OKAFOR-WILLIAMS, Adaeze Ngozi");
    expect(patientName("Cher", "")).toBe("CHER");
    expect(initials("Dr Amara Ngozi Diallo")).toBe("AD");
    expect(initials("carol")).toBe("C");
  });
});
