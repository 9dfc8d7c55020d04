/** Files on their way: one the server doesn't take holds up no other. */
import "fake-indexeddb/auto";
import { expect, it } from "vitest";
import { openTab } from "../vault/vault-for-tests.ts";
import { uuid } from "../vault/index.ts";
import { Connectivity } from "./connectivity.ts";
import { PATIENT, atWork, clock, locks, ok, wardVault } from "./device-for-tests.ts";
import type { Answer, NetworkRequest } from "./ports.ts";
import { Session } from "./refresh.ts";
import { heldFiles, uploadNext } from "./uploads.ts";

const refused: Answer = { kind: "error", status: 404, error: { error_code: "not_found", message: "" } };
const mismatch: Answer = { kind: "error", status: 422, error: { error_code: "attachment_mismatch", message: "" } };

it.each([["opened", refused], ["complete", mismatch]] as const)("sends the files behind one that can't be %s", async (when, refusal) => {
  const vault = await openTab(await wardVault());
  const [first, second] = [await attached("wound.jpg"), await attached("chart.jpg")];
  const verdicts = (await vault.outbox()).map(({ operation: { op_id } }) => ({ op_id, outcome: "applied" }) as const);
  await vault.storeVerdicts(verdicts, new Date().toISOString());

  const whole: string[] = [];
  const request = ({ path, json }: NetworkRequest): Promise<Answer> => {
    const id = (json as { id?: string } | undefined)?.id ?? path.split("/")[3] ?? "";
    if (path === "/api/attachments") return Promise.resolve(id === first && when === "opened" ? refusal : ok({ parts: [{ part: 1, url: `/api/attachments/${id}/parts/1`, headers: {} }] }));
    if (path.endsWith("/parts")) return Promise.resolve(ok({ parts: sent.has(id) ? [{ part: 1, size: 3 }] : [] }));
    if (path.endsWith("/parts/1")) sent.add(id);
    if (!path.endsWith("/complete")) return Promise.resolve(ok({}));
    if (id === first) return Promise.resolve(refusal);
    whole.push(id);
    return Promise.resolve(ok({ state: "scanning" }));
  };
  const sent = new Set<string>();
  const session = new Session({ network: { request, live: () => ({ close: () => undefined }) }, locks: locks(), connectivity: new Connectivity(), owner: () => Promise.resolve(uuid()) });
  const parts = { store: vault, session, clock, newId: () => uuid(), appVersion: "test", storage: () => Promise.resolve({ persisted: true, quota: 1, usage: 0 }), leadership: { beat: () => true }, locks: locks() };
  let rounds = 0;
  for (let more = true; more && rounds < 20; rounds++) ({ more } = await uploadNext(parts));
  expect(whole).toEqual([second]);
  expect(rounds).toBeLessThan(20);
  expect((await heldFiles(vault))[first]?.state).toBe("waiting");
  expect(await vault.file(first)).not.toBeNull();

  async function attached(name: string): Promise<string> {
    return atWork(vault).attach(PATIENT, { name, media_type: "image/jpeg", bytes: new Uint8Array([1, 2, 3]) });
  }
});
