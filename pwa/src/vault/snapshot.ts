/** The snapshot: the whole memory of one generation, sealed in three parts. A log of later changes may follow it. */
import { decode, encode } from "./bytes.ts";
import { upTo, type Database, type Write } from "./database.ts";
import { Directory } from "./directory.ts";
import type { Keys } from "./keys.ts";
import { ListIndex } from "./list-index.ts";
import { whole } from "./manifest.ts";
import { Memory, type SavedState } from "./memory.ts";
import { VaultDamaged } from "./refusals.ts";

const PARTS = ["state", "directory", "list"] as const;

export async function snapshotWrites(keys: Keys, memory: Memory): Promise<Write[]> {
  const { generation } = memory;
  const contents = {
    state: encode(JSON.stringify(memory.state())),
    directory: memory.directory.encode(),
    list: memory.list.encode(),
  };
  const parts = PARTS.map(async (part): Promise<Write> => {
    return { store: "snapshots", key: part, value: await keys.seal("snapshots", part, generation, contents[part]) };
  });
  return [...(await Promise.all(parts)), { store: "log", remove: upTo(generation) }];
}

/** @throws BEHIND, VaultDamaged */
export async function readSnapshot(database: Database, keys: Keys, snapshot: number, generation: number): Promise<Memory> {
  const rows = await database.read(generation, ["snapshots"], (transaction) => {
    const store = transaction.objectStore("snapshots");
    return Promise.all(PARTS.map((part) => store.get(part) as Promise<Uint8Array | undefined>));
  });
  const opening = PARTS.map((part, place) => {
    const row = rows[place];
    if (!row) throw new VaultDamaged("the snapshot is gone");
    return keys.open("snapshots", part, snapshot, row);
  });
  const [state, directory, list] = await whole(Promise.all(opening), "the snapshot");
  if (!state || !directory || !list) throw new VaultDamaged("the snapshot is gone");
  return new Memory(snapshot, JSON.parse(decode(state)) as SavedState, Directory.decode(directory), ListIndex.decode(list));
}
