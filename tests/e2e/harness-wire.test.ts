/** The wire does what it says, against the smallest server there is. A proof that leans on a broken wire proves nothing. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { eventually } from "./harness/eventually.ts";
import { freePorts } from "./harness/server.ts";
import { Wire } from "./harness/wire.ts";

const arrived: { path: string; body: string; whole: boolean }[] = [];
const server = createServer((incoming, outgoing) => {
  const one = { path: incoming.url ?? "", body: "", whole: false };
  arrived.push(one);
  incoming.on("data", (chunk: Buffer) => (one.body += chunk.toString()));
  incoming.on("error", () => undefined);
  incoming.on("end", () => {
    one.whole = true;
    outgoing.end(`had ${one.body.length}`);
  });
});
let wire: Wire;

before(async () => {
  const [target, port] = (await freePorts(2)) as [number, number];
  server.listen(target, "127.0.0.1");
  await once(server, "listening");
  wire = new Wire(port, target);
  await wire.up();
});

after(async () => {
  await wire.cut();
  server.close();
});

const send = (path: string, body = "x".repeat(1000)) => fetch(wire.origin + path, { method: "POST", body }).then((answer) => answer.text());

test("a whole wire passes everything and counts it", { timeout: 60_000 }, async () => {
  assert.equal(await send("/whole"), "had 1000");
  const [seen] = wire.requests("POST", "/whole");
  assert.equal(seen?.status, 200);
  assert.equal(seen.replied, "had 1000".length);
  assert.equal(seen.body.length, 1000);
});

test("a lost reply: the server has all, the tablet not one byte, once", { timeout: 60_000 }, async () => {
  wire.faults.push({ matches: (_, path) => path === "/reply", lose: "reply", times: 1 });
  await assert.rejects(send("/reply"));
  assert.equal(arrived.find((one) => one.path === "/reply")?.whole, true);
  assert.equal(wire.requests("POST", "/reply")[0]?.replied, null);
  assert.equal(await send("/reply"), "had 1000");
});

test("a request cut at 60 %: the server has that much and no end", { timeout: 60_000 }, async () => {
  wire.faults.push({ matches: (_, path) => path === "/part", lose: "request", afterShare: 0.6, times: 1 });
  await assert.rejects(send("/part", "y".repeat(100_000)));
  const part = arrived.find((one) => one.path === "/part");
  await eventually("the part", 30_000, () => part?.body.length === 60_000);
  assert.equal(part?.whole, false);
  assert.equal(await send("/part"), "had 1000");
});

test("a cut wire refuses; up again, it passes", { timeout: 60_000 }, async () => {
  await wire.cut();
  await assert.rejects(send("/cut"));
  await wire.up();
  assert.equal(await send("/cut"), "had 1000");
});
