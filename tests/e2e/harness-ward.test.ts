/** The end of every proof can fail: a policy that was broken is heard of, twice, whatever else the proof found. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { inWard } from "./harness/ward.ts";

test("a page that breaks the content security policy fails its proof", { timeout: 300_000 }, async () => {
  let reports: string[] = [];
  const proof = inWard(async (ward) => {
    const tablet = await ward.tablet("anybody's");
    await tablet.open();
    await tablet.page.getByLabel("Username").waitFor();
    assert.deepEqual(tablet.policyReports(), []);
    await tablet.page.evaluate(() => document.body.append(Object.assign(new Image(), { src: "https://elsewhere.example/pixel.png" })));
    await eventually("the report on the wire and the complaint in the console", 60_000, () => {
      reports = tablet.policyReports();
      return reports.length >= 2 && reports.every((report) => report !== ""); // one on its way is empty until all of it has come
    });
  });
  await assert.rejects(proof, /the content security policy was broken/);
  assert.ok(reports.some((report) => report.includes("img-src") && report.includes("elsewhere.example")), reports.join("\n"));
});
