/** What a thief with the tablet's disk reads of its patients: nothing. And the search that says so finds it where it lies open. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Colleague } from "./harness/colleague.ts";
import { findOnDisk } from "./harness/disk.ts";
import { plantOnServer, plantOnTablet } from "./harness/planted.ts";
import { ROOT } from "./harness/server.ts";
import { allSent, go, offline, online, openLetter, readyToLeave } from "./harness/steps.ts";
import { PASSWORD } from "./harness/tablet.ts";
import { inWard } from "./harness/ward.ts";

const PWA = join(ROOT, "pwa");
const UNSEALED = mkdtempSync(join(tmpdir(), "quill-unsealed-"));
after(() => rmSync(UNSEALED, { recursive: true, force: true }));

test("7. none of 200 planted names, numbers and sentences can be read in the profile of a browser", { timeout: 300_000 }, async () => {
  const { planted, found } = await searched();
  assert.equal(planted.length, 200);
  assert.deepEqual([...found], []);
});

test("7. the same search finds all of them in a build with sealing switched off", { timeout: 300_000 }, async () => {
  build("--mode", "unsealed", "--outDir", UNSEALED, "--emptyOutDir");
  const { planted, found } = await searched(UNSEALED);
  assert.deepEqual(planted.filter((text) => !found.has(text)), []);
});

test("7. the ordinary build holds no trace of that switch, and can't be made with it", { timeout: 300_000 }, () => {
  const dist = join(PWA, "dist");
  for (const path of readdirSync(dist, { recursive: true, encoding: "utf8" }).filter((name) => /\.(js|mjs|html)$/.test(name))) {
    assert.doesNotMatch(readFileSync(join(dist, path), "utf8"), /QUILL_SEALING|nothing is sealed|unsealed-build/i, path);
  }
  assert.throws(() => build("--mode", "unsealed"), /never goes to pwa\/dist/);
});

/**
 * A person's day with 200 planted texts, and where the disk shows them: while the tablet lies locked with work unsent, and
 * after everything was sent and the browser closed. The password is searched for as well.
 */
async function searched(app?: string): Promise<{ planted: string[]; found: Map<string, string[]> }> {
  let planted: string[] = [];
  const found = new Map<string, string[]>();
  await inWard(
    async (ward) => {
      const onServer = await plantOnServer(await Colleague.signIn(ward.server, "ben"));
      const amara = await ward.tablet("amara's", "amara");
      const look = (): void => {
        for (const [text, places] of findOnDisk(amara.profile, [...planted, PASSWORD])) found.set(text, [...(found.get(text) ?? []), ...places]);
      };
      await readyToLeave(amara);
      for (const patient of onServer.patients.slice(0, 2)) {
        await openLetter(amara, patient, patient.letter);
        await amara.page.getByText(patient.sentence).first().waitFor();
      }
      await offline(amara);
      planted = [...onServer.texts, ...(await plantOnTablet(amara, onServer.patients[0]!))];
      await amara.page.getByRole("button", { name: "Lock", exact: true }).click();
      await amara.page.getByRole("button", { name: "Unlock", exact: true }).waitFor();
      look();

      await amara.unlock();
      await online(amara);
      await allSent(amara);
      await go(amara, "Patients");
      await amara.context.close();
      look();
    },
    app === undefined ? {} : { app },
  );
  return { planted, found };
}

function build(...options: string[]): string {
  return execFileSync(process.execPath, ["node_modules/vite/bin/vite.js", "build", "--logLevel", "warn", ...options], { cwd: PWA, encoding: "utf8" });
}
