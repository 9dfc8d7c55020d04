/** The peer: Dexie with dexie-encrypted, from npm at bench time (`Dexie` alone seals nothing). */
import type { ChangesResponse, PutEntry } from "@quill/schemas";
import Dexie, { type Table } from "dexie";
import { applyEncryptionMiddleware, NON_INDEXED_FIELDS } from "dexie-encrypted";
import type { Contender } from "./contender.ts";
import { listOf } from "./list.ts";

const decoder = new TextDecoder();

export async function dexie(): Promise<Contender> {
  const name = `dexie-${crypto.randomUUID()}`;
  const key = crypto.getRandomValues(new Uint8Array(32));
  const open = async () => {
    const database = new Dexie(name);
    applyEncryptionMiddleware(database, key, { patient: NON_INDEXED_FIELDS, letter: NON_INDEXED_FIELDS, draft: NON_INDEXED_FIELDS });
    database.version(1).stores({ patient: "id", letter: "id", draft: "id" });
    await database.open();
    return database;
  };
  let database = await open();
  const table = (kind: string) => database.table(kind) as Table<object, string>;
  return {
    async store(bytes) {
      const { changes } = JSON.parse(decoder.decode(bytes)) as ChangesResponse;
      for (const [kind, entries] of Map.groupBy(changes as PutEntry[], ({ kind }) => kind)) await table(kind).bulkPut(entries);
    },
    fold: () => Promise.resolve(),
    close: () => Promise.resolve(database.close()),
    async list() {
      database = await open();
      return listOf((await table("patient").toArray()) as PutEntry[]);
    },
    draft: async (text) => void (await table("draft").put({ id: "one", text })),
    async remove() {
      database.close();
      await Dexie.delete(name);
    },
  };
}
