import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { PatientSummary } from "../sync/ports.ts";
import { ListIndex } from "./list-index.ts";
import { orderOf, wordsOf, wordsOfQuery } from "./patient-row.ts";

const row = (id: string, family: string, given: string, more: Partial<PatientSummary> = {}): PatientSummary => ({
  id, family, given, birth_date: "1962-02-04", sex: "female", deceased: false, ...more,
});
const rows = [
  row("1", "Okafor-Williams", "Adaeze Ngozi", { nhs_number: "9990000018", mrn: "MRN 004417" }),
  row("2", "O’Brien", "Siobhán", { birth_date: "1990-11-30" }),
  row("3", "Smith", "John"),
  row("4", "Smith", "Anna", { birth_date: "1962-12-01" }),
];

function indexOf(all: readonly PatientSummary[]): ListIndex {
  const list = ListIndex.empty();
  for (const each of all) list.put(each);
  return list;
}

describe.each([
  ["changes only", (list: ListIndex) => list],
  ["packed, from its snapshot", (list: ListIndex) => ListIndex.decode(list.encode())],
])("search: %s", (_, prepare) => {
  const list = prepare(indexOf(rows));
  test.each([
    ["", ["2", "1", "4", "3"]],
    ["smi", ["4", "3"]],
    ["SMITH j", ["3"]],
    ["obrien", ["2"]],
    ["o'brien", ["2"]],
    ["siobhan", ["2"]],
    ["williams", ["1"]],
    ["999 000 0018", ["1"]],
    ["99900000", ["1"]],
    ["mrn 4417", []],
    ["mrn 004417", ["1"]],
    ["004417", ["1"]],
    ["1962", ["1", "4", "3"]],
    ["4/2/1962", ["1", "3"]],
    ["04/02/19", ["1", "3"]],
    ["1962-12", ["4"]],
    ["smith 4.2.1962", ["3"]],
    ["nobody", []],
    ["  ", ["2", "1", "4", "3"]],
    [".*(", ["2", "1", "4", "3"]],
  ])("%o", (text, ids) => {
    expect(list.search(text, 0, 10)).toEqual({ total: ids.length, rows: ids.map((id) => rows.find((each) => each.id === id)) });
  });
});

it("is the same however it came about: packed, changed, copied, stored", () => {
  const name = fc.constantFrom("Smith", "smith", "Ångström", "O’Brien", "Li", "de la Cruz", "");
  const step = fc.oneof(
    fc.record({ id: fc.nat(30), family: name, given: name, number: fc.nat(99) }),
    fc.record({ gone: fc.nat(30) }),
    fc.constant("store" as const),
    fc.constant("copy" as const),
  );
  const own = fc.dictionary(
    fc.constantFrom("1", "2", "7", "21"), fc.option(fc.constantFrom("Smith", "O’Brien", "Zhang")), { maxKeys: 3 },
  );
  const query = fc.constantFrom("", "s", "smith", "ob", "an", "de cruz", "1962", "99", "li 0402");
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), query, fc.nat(5), fc.nat(5), own, (steps, text, offset, limit, own) => {
      let list = ListIndex.empty();
      const model = new Map<string, PatientSummary>();
      for (const each of steps) {
        if (each === "copy") list = list.copy();
        else if (each === "store") list = ListIndex.decode(list.encode());
        else if ("gone" in each) {
          list.remove(`${each.gone}`);
          model.delete(`${each.gone}`);
        } else {
          const made = row(`${each.id}`, each.family, each.given, { nhs_number: `99900000${each.number}` });
          list.put(made);
          model.set(made.id, made);
        }
      }
      const typed = wordsOfQuery(text);
      const shown = new Map(Object.entries(own).map(([id, family]) => [id, family === null ? null : row(id, family, "Own")]));
      for (const [id, made] of shown) {
        if (made) model.set(id, made);
        else model.delete(id);
      }
      const found = [...model.values()]
        .filter((each) => typed.every((word) => wordsOf(each).some((own) => own.startsWith(word))))
        .sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
      expect(list.search(text, offset, limit, shown)).toEqual({ total: found.length, rows: found.slice(offset, offset + limit) });
    }),
  );
});

it("keeps nothing of what was removed in its snapshot", () => {
  const list = ListIndex.decode(indexOf(rows).encode());
  list.remove("1");
  const text = new TextDecoder().decode(list.encode());
  expect(text).not.toMatch(/okafor|williams|adaeze|9990000018|4417/i);
  expect(text).toMatch(/smith/);
});
