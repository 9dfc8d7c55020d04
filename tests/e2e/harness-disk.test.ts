/** The search of a profile finds what is there: text that a real Chromium stored in each of its ways, compressed by LevelDB. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { findOnDisk, unsnappy } from "./harness/disk.ts";
import { freePorts } from "./harness/server.ts";
import { Tablet } from "./harness/tablet.ts";

/** Words that don't compress, as a person's name would not. */
const words = (count: number, prefix: string): string[] => Array.from({ length: count }, () => `${prefix}${randomBytes(9).toString("base64url")}`);

test("snappy: literal, copy, overlapping copy", () => {
  // "abcdabcdabcdabcd": 16 long, literal of 4, copy of 12 from 4 back
  assert.equal(unsnappy(Buffer.from([16, (4 - 1) << 2, 97, 98, 99, 100, ((12 - 1) << 2) | 2, 4, 0])).toString(), "abcdabcdabcdabcd");
});

test("planted text is found in every store of a browser", { timeout: 300_000 }, async () => {
  const server = createServer((_, outgoing) => outgoing.end("<!doctype html><title>plain</title>")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const [port] = (await freePorts(1)) as [number];
  const tablet = await Tablet.unpack("plain", port, (server.address() as { port: number }).port);
  try {
    const rows = words(400, "row-");
    const cached = words(20, "cache-");
    const local = words(20, "local-");
    const squeezed = words(100, "squeezed-");
    await tablet.open("/");
    await tablet.page.evaluate(
      async ({ rows, cached, local, squeezed }) => {
        const opened = indexedDB.open("plain", 1);
        opened.onupgradeneeded = () => opened.result.createObjectStore("rows");
        await new Promise((done) => (opened.onsuccess = done));
        for (let start = 0; start < rows.length; start += 10) {
          const transaction = opened.result.transaction("rows", "readwrite", { durability: "strict" });
          for (const [at, row] of rows.slice(start, start + 10).entries()) {
            // beside long repetitive text, so that LevelDB's blocks are really compressed; half one byte a letter, half two
            transaction.objectStore("rows").put({ name: row, text: "the quick brown fox jumps ".repeat(800), wide: `${row}\u2603` }, start + at);
          }
          await new Promise((done) => (transaction.oncomplete = done));
        }
        // One large value, as a page of records is: Chromium compresses it before LevelDB sees it.
        const page = new TextEncoder().encode(JSON.stringify(squeezed.map((name) => ({ kind: "patient", name, telecom: [{ system: "phone", use: "home" }] }))));
        opened.result.transaction("rows", "readwrite").objectStore("rows").put(page, "page");
        opened.result.close();
        const cache = await caches.open("plain");
        for (const text of cached) await cache.put(`/${crypto.randomUUID()}`, new Response(text));
        for (const text of local) localStorage.setItem(crypto.randomUUID(), text);
      },
      { rows, cached, local, squeezed },
    );
    await tablet.restart(); // compacts the log into tables
    await tablet.open("/");
    await tablet.context.close();

    const all = [...rows, ...cached, ...local, ...squeezed];
    const found = findOnDisk(tablet.profile, all);
    assert.deepEqual(all.filter((text) => !found.has(text)), []);
    const tables = [...found.values()].flat().filter((where) => where.includes("table block"));
    assert.ok(tables.length > 0, "nothing was found in a table: the profile had only logs, and the decoder was not tried");
    assert.deepEqual([...findOnDisk(tablet.profile, words(50, "row-")).keys()], [], "it also finds what isn't there");
  } finally {
    await tablet.dispose();
    server.close();
  }
});
