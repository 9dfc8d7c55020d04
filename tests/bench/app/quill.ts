/** Ours: the vault as the app has it. */
import type { ChangesResponse } from "@quill/schemas";
import { destroy, Database } from "../../../pwa/src/vault/database.ts";
import { Keys, type Owner } from "../../../pwa/src/vault/keys.ts";
import { sealManifest } from "../../../pwa/src/vault/manifest.ts";
import { uuid } from "../../../pwa/src/vault/uuid.ts";
import { Vault } from "../../../pwa/src/vault/vault.ts";
import type { Contender } from "./contender.ts";

const decoder = new TextDecoder();

export async function quill(): Promise<Contender> {
  const name = uuid();
  const owner: Owner = { organisation: uuid(), user: uuid(), device: uuid() };
  const key = crypto.getRandomValues(new Uint8Array(32));
  const slot = {
    type: "password", derivation: { name: "pbkdf2-sha256", iterations: 600_000 }, salt: key.slice(16), nonce: key.slice(20), wrapped: key.slice(),
  } as const;
  const head = await sealManifest(await Keys.of(key, owner), { generation: 0, snapshot: 0 });
  (await Database.create(name, { initials: "Q", colour: "teal", owner: "" }, slot, head)).close();
  const open = async () => {
    const database = await Database.open(name);
    if (!database) throw new Error("no vault");
    return Vault.open(database, await Keys.of(key, owner));
  };
  let vault = await open();
  let cursor: string | null = null;
  return {
    async store(bytes) {
      const answer = JSON.parse(decoder.decode(bytes)) as ChangesResponse;
      const outcome = await vault.storePage(cursor, { ...answer, bytes });
      if (outcome !== "stored") throw new Error(outcome);
      cursor = answer.cursor;
    },
    fold: () => vault.compact(),
    close: () => vault.close(),
    async list() {
      vault = await open();
      const { total } = await vault.searchPatients("", 0, 50);
      return { total, search: async (text) => (await vault.searchPatients(text, 0, 50)).total };
    },
    async draft(text) {
      const set = { "sections/plan": { title: "Plan", order: 1, text } };
      await vault.saveDraft({
        kind: "letter", id: owner.device, scope: `patient:${owner.user}`, create: false, base_version: 1, set, was: {}, depends_on: [],
        saved_at: "2026-01-01T09:00:00Z",
      });
    },
    async remove() {
      await vault.close();
      await destroy(name);
    },
  };
}
