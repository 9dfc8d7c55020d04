/** A list of patients that can be searched, made of their records in the plainest way. */
import type { PutEntry } from "@quill/schemas";
import { orderOf, rowOf, wordsOf } from "../../../pwa/src/vault/patient-row.ts";
import type { List } from "./contender.ts";

export function listOf(entries: readonly PutEntry[]): List {
  const rows = entries.map(({ id, body }) => {
    const row = rowOf(id, body);
    return { row, order: orderOf(row), words: wordsOf(row) };
  });
  rows.sort((a, b) => (a.order < b.order ? -1 : 1));
  const search = (text: string) => rows.filter(({ words }) => words.some((word) => word.startsWith(text))).length;
  return { total: rows.length, search: (text) => Promise.resolve(search(text)) };
}
