/** Why the vault says no. Each is shown to a person in other words by the screens. */

/** Sealed bytes are not what was sealed, or not for this place; said alike for every cause (docs/vault-format.md, Opening). */
export class NotWhatWasSealed extends Error {
  override name = "NotWhatWasSealed";
  constructor() {
    super("not what was sealed here");
  }
}

/** What the manifest names is not there, or does not open: something outside the vault changed, cut or rolled back its database. */
export class VaultDamaged extends Error {
  override name = "VaultDamaged";
}

/** The time to lock has passed, or the vault was closed: nothing is opened any more. */
export class VaultLocked extends Error {
  override name = "VaultLocked";
  constructor() {
    super("the vault is locked");
  }
}

/**
 * The person had this scope and lost it: nothing more of it is stored on this device (G6). Said by the transaction that would
 * have stored it, since the revoke may have come after whatever was read before.
 */
export class ScopeEnded extends Error {
  override name = "ScopeEnded";
  constructor() {
    super("access to this has ended");
  }
}
