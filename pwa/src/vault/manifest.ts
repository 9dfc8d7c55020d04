/**
 * What vouches for everything else, written anew in every transaction: the newest generation and the generation of the
 * snapshot. The log in between is dense, the snapshot and the log name every segment, row and file with the generation that
 * wrote it, and each seal carries that generation: so what was swapped, rolled back, cut or added is found.
 * (A whole database rolled back is found by the canary and by the server's `next_device_seq`.)
 */
import type { Head } from "./database.ts";
import { decode, encode } from "./bytes.ts";
import type { Keys } from "./keys.ts";
import { NotWhatWasSealed, VaultDamaged } from "./refusals.ts";

export interface Manifest {
  generation: number;
  /** Generation of the snapshot; 0: none yet. */
  snapshot: number;
}

export async function sealManifest(keys: Keys, manifest: Manifest): Promise<Head> {
  const sealed = await keys.seal("head", "head", manifest.generation, encode(JSON.stringify(manifest)));
  return { generation: manifest.generation, sealed };
}

/** @throws VaultDamaged */
export async function openManifest(keys: Keys, head: Head): Promise<Manifest> {
  const content = await whole(keys.open("head", "head", head.generation, head.sealed), "the manifest");
  return JSON.parse(decode(content)) as Manifest;
}

/** Says of which part it is that it doesn't open. */
export async function whole<T>(opening: Promise<T>, what: string): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof NotWhatWasSealed) throw new VaultDamaged(`${what} is not what was stored`, { cause: error });
    throw error;
  }
}
