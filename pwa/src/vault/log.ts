/** The log: one sealed change per generation since the snapshot, dense. */
import { decode } from "./bytes.ts";
import type { Change } from "./change.ts";
import { since, type Database, type Write } from "./database.ts";
import type { Keys } from "./keys.ts";
import { whole } from "./manifest.ts";
import { VaultDamaged } from "./refusals.ts";

export async function logWrite(keys: Keys, generation: number, change: Change): Promise<Write> {
  return { store: "log", key: generation, value: await keys.sealJson("log", generation, generation, change) };
}

/**
 * The changes after generation `from` up to `to`, in order.
 * @throws BEHIND when another tab wrote meanwhile; VaultDamaged when one is missing or isn't what was stored
 */
export async function readLog(database: Database, keys: Keys, from: number, to: number): Promise<Change[]> {
  const { numbers, rows } = await database.read(to, ["log"], async (transaction) => {
    const store = transaction.objectStore("log");
    const [numbers, rows] = await Promise.all([store.getAllKeys(since(from + 1)), store.getAll(since(from + 1))]);
    return { numbers, rows: rows as Uint8Array[] };
  });
  const dense = numbers.length === to - from && numbers.every((number, place) => number === from + 1 + place);
  if (!dense) throw new VaultDamaged("the log has a gap");
  const opening = rows.map((row, place) => keys.open("log", from + 1 + place, from + 1 + place, row));
  const opened = await whole(Promise.all(opening), "the log");
  return opened.map((content) => JSON.parse(decode(content)) as Change);
}
