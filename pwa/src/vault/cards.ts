/** What the lock screen knows of a vault without its key. */
import { items, toHex } from "./bytes.ts";
import { Database, vaultNames } from "./database.ts";

export interface VaultCard {
  vault: string;
  initials: string;
  colour: string;
  /** Operations in its outbox. */
  unsent: number;
}

/** The vaults of this browser profile, by their initials. One that was never finished, or can't be read, is left out. */
export async function listVaults(): Promise<VaultCard[]> {
  const cards = await Promise.all((await vaultNames()).map(cardOf));
  return cards.filter((card) => card !== null).sort((a, b) => (a.initials < b.initials ? -1 : 1));
}

/** The vaults of one person in one organisation: normally one; a second where the first can't be opened any more. */
export async function vaultsOf(organisation_id: string, user_id: string): Promise<VaultCard[]> {
  const found: VaultCard[] = [];
  for (const card of await listVaults()) {
    const database = await Database.open(card.vault);
    const header = await database?.header();
    database?.close();
    if (header?.owner === (await ownerHash(card.vault, organisation_id, user_id))) found.push(card);
  }
  return found;
}

/** Ids are random: without knowing them the hash tells nothing, and its vault's name in it keeps two devices apart. */
export async function ownerHash(vault: string, organisation_id: string, user_id: string): Promise<string> {
  const text = items("quill/vault/v1/owner", vault, organisation_id, user_id);
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", text), 0, 16));
}

async function cardOf(vault: string): Promise<VaultCard | null> {
  const database = await Database.open(vault);
  try {
    const header = await database?.header();
    if (!database || !header) return null;
    return { vault, initials: header.initials, colour: header.colour, unsent: await database.unsent() };
  } finally {
    database?.close();
  }
}
