/** The vaults of this device: list, make, unlock, destroy. What an open one can do: `OpenStore` of `sync/ports.ts`. */
import { random } from "./bytes.ts";
import { ownerHash } from "./cards.ts";
import { Database, destroy } from "./database.ts";
import { Keys, type Owner } from "./keys.ts";
import { sealManifest } from "./manifest.ts";
import { NotWhatWasSealed, VaultDamaged } from "./refusals.ts";
import { unwrap, wrap, type Derivation } from "./slots.ts";
import { uuid } from "./uuid.ts";
import { Vault, type Surroundings as Options } from "./vault.ts";

export { cacheCanary, lost, storageCanary, type Canary, type CanaryNote } from "./canary.ts";
export { listVaults, vaultsOf, type VaultCard } from "./cards.ts";
export { ScopeEnded, VaultDamaged, VaultLocked } from "./refusals.ts";
export { uuid } from "./uuid.ts";
export type { Surroundings as Options, Vault as OpenVault } from "./vault.ts";

export interface NewVault {
  organisation_id: string;
  user_id: string;
  /** Chosen by the person; stand in clear on the lock screen. */
  initials: string;
  colour: string;
  password: string;
}

/**
 * Makes a vault with a key of its own; its `device_id` is new.
 * @param ladder how to derive a key from the password, best first; never below the floor
 */
export async function createVault(chosen: NewVault, options: Options = {}, ladder?: readonly Derivation[]): Promise<Vault> {
  const { organisation_id, user_id, initials, colour, password } = chosen;
  const vault = uuid();
  const owner: Owner = { organisation: organisation_id, user: user_id, device: uuid() };
  const vaultKey = random(32);
  const slot = await wrap(password, vault, vaultKey, owner, ladder);
  const keys = await Keys.of(vaultKey, owner);
  vaultKey.fill(0);
  const head = await sealManifest(keys, { generation: 0, snapshot: 0 });
  const header = { initials, colour, owner: await ownerHash(vault, organisation_id, user_id) };
  const database = await Database.create(vault, header, slot, head);
  return Vault.open(database, keys, options);
}

/** `damaged`: something in its database is not what was stored, is missing, or asks for less protection than allowed. */
export async function unlockVault(vault: string, password: string, options: Options = {}): Promise<Vault | "wrong-password" | "damaged"> {
  const database = await Database.open(vault);
  if (!database) return "damaged";
  try {
    const opened = await open(database, password, options);
    if (typeof opened === "string") database.close();
    return opened;
  } catch (error) {
    database.close();
    if (error instanceof VaultDamaged || error instanceof NotWhatWasSealed || error instanceof TypeError || error instanceof SyntaxError) return "damaged";
    throw error;
  }
}

/** Removes a vault: slots first, then everything. Whoever calls has made sure of its unsent work. */
export async function removeVault(vault: string, options: Options = {}): Promise<void> {
  await destroy(vault);
  await options.canary?.write(vault, null);
}

async function open(database: Database, password: string, options: Options): Promise<Vault | "wrong-password" | "damaged"> {
  const slots = await database.slots();
  if (!(await database.header()) || slots.length === 0) return "damaged";
  for (const slot of slots) {
    const unwrapped = await unwrap(password, database.vault, slot);
    if (!unwrapped) continue;
    const keys = await Keys.of(unwrapped.vaultKey, unwrapped.owner);
    unwrapped.vaultKey.fill(0);
    return Vault.open(database, keys, options);
  }
  return "wrong-password";
}
