/** The limit: the same records as they are, unsealed, a row of IndexedDB each; and sealed, a row each, with WebCrypto. */
import type { ChangesResponse, PutEntry } from "@quill/schemas";
import { deleteDB, openDB, type IDBPDatabase } from "../../../pwa/node_modules/idb";
import type { Contender } from "./contender.ts";
import { listOf } from "./list.ts";

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export async function rows(sealed: boolean): Promise<Contender> {
  const name = `rows-${crypto.randomUUID()}`;
  const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const seal = async (value: unknown) => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, encoder.encode(JSON.stringify(value))) };
  };
  const unseal = async ({ iv, data }: { iv: BufferSource; data: ArrayBuffer }) =>
    JSON.parse(decoder.decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, data))) as unknown;
  const open = () =>
    openDB(name, 1, {
      upgrade(database) {
        for (const store of ["patient", "letter", "draft"]) database.createObjectStore(store);
      },
    });
  let database: IDBPDatabase = await open();
  const put = async (store: string, entries: [string, unknown][]) => {
    const values = sealed ? await Promise.all(entries.map(([, value]) => seal(value))) : entries.map(([, value]) => value);
    const transaction = database.transaction(store, "readwrite", { durability: "strict" });
    await Promise.all([...entries.map(([id], place) => transaction.store.put(values[place], id)), transaction.done]);
  };
  return {
    async store(bytes) {
      const { changes } = JSON.parse(decoder.decode(bytes)) as ChangesResponse;
      const byKind = Map.groupBy(changes as PutEntry[], ({ kind }) => kind);
      for (const [kind, entries] of byKind) await put(kind, entries.map((entry) => [entry.id, entry]));
    },
    fold: () => Promise.resolve(),
    close: () => Promise.resolve(database.close()),
    async list() {
      database = await open();
      const found = (await database.getAll("patient")) as unknown[];
      const entries = (sealed ? await Promise.all(found.map((each) => unseal(each as Parameters<typeof unseal>[0]))) : found) as PutEntry[];
      return listOf(entries);
    },
    draft: (text) => put("draft", [["one", { text }]]),
    async remove() {
      database.close();
      await deleteDB(name);
    },
  };
}
