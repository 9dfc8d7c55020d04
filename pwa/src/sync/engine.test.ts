/** The engine goes on whatever one round meets: nothing stops the queue for good (G7). */
import "fake-indexeddb/auto";
import { expect, it, vi } from "vitest";
import { openTab } from "../vault/vault-for-tests.ts";
import { LETTER, Wire, atWork, engineOf, interrupted, ok, section, wardVault } from "./device-for-tests.ts";

it.each([
  ["push", { status: "please pay for this network" }],
  ["changes", { status: "please pay for this network" }],
  ["hello", null],
])("sends what waits after somebody else's JSON came for %s", { timeout: 10_000 }, async (path, answer) => {
  const ward = await wardVault();
  const vault = await openTab(ward);
  await atWork(vault).edit("letter", LETTER, { "sections/plan": section("Rest") });
  const wire = new Wire(ward);
  wire.instead.push([path, ok(answer)]);
  const engine = engineOf(vault, wire);
  engine.start();
  await vi.waitFor(async () => expect(await vault.decided()).toHaveLength(1), { timeout: 8_000 });
  await engine.stop();
});

it("sends what waits after the disk was full", { timeout: 10_000 }, async () => {
  const ward = await wardVault();
  const vault = await openTab(ward);
  await atWork(vault).edit("letter", LETTER, { "sections/plan": section("Rest") });
  const wire = new Wire(ward);
  let full = true;
  const disk = () => (full ? Promise.reject(new DOMException("the disk is full", "QuotaExceededError")) : Promise.resolve());
  const engine = engineOf(interrupted(vault, "storeVerdicts", disk), wire);
  engine.start();
  await vi.waitFor(() => expect(wire.sent.filter(({ path }) => path.endsWith("/push")).length).toBeGreaterThan(0), { timeout: 8_000 });
  full = false;
  await vi.waitFor(async () => expect(await vault.decided()).toHaveLength(1), { timeout: 8_000 });
  await engine.stop();
  const sent = wire.sent.filter(({ path }) => path.endsWith("/push")).map(({ json }) => json);
  expect(new Set(sent.map((one) => JSON.stringify(one))).size).toBe(1);
});
