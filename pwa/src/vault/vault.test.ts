import "fake-indexeddb/auto";
import { describe, expect, it } from "vitest";
import { createVault, listVaults, unlockVault, vaultsOf } from "./index.ts";

const CHEAP = [{ name: "argon2id", memory_kib: 19_456, passes: 2 }] as const;
const chosen = { organisation_id: crypto.randomUUID(), user_id: crypto.randomUUID(), initials: "AD", colour: "teal", password: "ward-lantern" };

describe("a vault", () => {
  it("is made, listed, unlocked", async () => {
    const vault = await createVault(chosen, {}, CHEAP);
    await vault.putNote("last-sync", "09:12");
    await vault.queue([{ kind: "message", id: crypto.randomUUID(), action: "create", base_version: 0, set: { text: "x" }, made_at: "2026-01-01T00:00:00Z", scope: "org" }]);
    await vault.close();
    expect(await listVaults()).toEqual([{ vault: vault.id, initials: "AD", colour: "teal", unsent: 1 }]);
    expect(await vaultsOf(chosen.organisation_id, chosen.user_id)).toHaveLength(1);
    expect(await vaultsOf(chosen.organisation_id, crypto.randomUUID())).toHaveLength(0);
    expect(await unlockVault(vault.id, "another")).toBe("wrong-password");
    const again = await unlockVault(vault.id, chosen.password);
    if (typeof again === "string") throw new Error(again);
    expect(await again.note("last-sync")).toBe("09:12");
    expect((await again.outbox())[0]?.operation.device_seq).toBe(1);
    await again.close();
  });
});
