/** Files by attachment id, sealed in pieces of one size class each; their sizes and scopes are in the vault's memory. */
import { concat } from "./bytes.ts";
import type { FileEntry } from "./change.ts";
import type { Database, Write } from "./database.ts";
import type { Keys } from "./keys.ts";
import { whole } from "./manifest.ts";
import type { Memory } from "./memory.ts";
import { VaultDamaged } from "./refusals.ts";

/** With its four bytes of length, exactly one mebibyte: nothing is lost to padding. */
const PIECE = (1 << 20) - 4;

export class Files {
  readonly #database: Database;
  readonly #keys: Keys;

  constructor(database: Database, keys: Keys) {
    this.#database = database;
    this.#keys = keys;
  }

  async write(generation: number, id: string, scope: string, bytes: Uint8Array): Promise<{ entry: FileEntry; writes: Write[] }> {
    const hash = await this.#keys.hash("files", id);
    const chunks = Math.max(1, Math.ceil(bytes.length / PIECE));
    const pieces = Array.from({ length: chunks }, async (_, number): Promise<Write> => {
      const key = pieceKey(hash, number);
      const piece = bytes.subarray(number * PIECE, (number + 1) * PIECE);
      return { store: "files", key, value: await this.#keys.seal("files", key, generation, piece) };
    });
    const entry: FileEntry = { scope, size: bytes.length, chunks, version: generation };
    return { entry, writes: [{ store: "files", remove: allPieces(hash) }, ...(await Promise.all(pieces))] };
  }

  /** @throws BEHIND, VaultDamaged */
  async read(memory: Memory, id: string): Promise<Uint8Array | null> {
    const { generation } = memory;
    const entry = memory.files.get(id);
    if (!entry) return null;
    const hash = await this.#keys.hash("files", id);
    const sealed = await this.#database.read(generation, ["files"], (transaction) => {
      return transaction.objectStore("files").getAll(allPieces(hash)) as Promise<Uint8Array[]>;
    });
    if (sealed.length !== entry.chunks) throw new VaultDamaged("a file has lost a piece");
    const opening = sealed.map((piece, number) => this.#keys.open("files", pieceKey(hash, number), entry.version, piece));
    const bytes = concat(...(await whole(Promise.all(opening), "a file")));
    if (bytes.length !== entry.size) throw new VaultDamaged("a file of another size");
    return bytes;
  }

  async remove(id: string): Promise<Write> {
    return { store: "files", remove: allPieces(await this.#keys.hash("files", id)) };
  }
}

function pieceKey(hash: string, number: number): string {
  return `${hash}/${String(number).padStart(6, "0")}`;
}

function allPieces(hash: string): IDBKeyRange {
  return IDBKeyRange.bound(`${hash}/`, `${hash}0`, false, true); // "0" follows "/"
}
