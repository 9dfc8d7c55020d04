/** Leading by the real lock manager: whoever was robbed of the lock gives way. */
import { expect, it } from "vitest";
import { browserLocks } from "./leader.ts";
import type { Leadership } from "./ports.ts";

it("stops leading when another tab took the lock, and takes it back from nobody who is awake", async () => {
  const name = `test:${crypto.randomUUID()}`;
  const over = new AbortController();
  const led: Leadership[] = [];
  const task = async (leadership: Leadership) => {
    led.push(leadership);
    while (leadership.beat()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  const lead = async () => {
    while (!over.signal.aborted) await browserLocks().lead(name, task, over.signal);
  };
  const leading = lead();
  await expect.poll(() => led.length).toBe(1);

  let robbed = false;
  const robber = navigator.locks.request(name, { steal: true }, () => new Promise((resolve) => setTimeout(resolve, 200))).catch(() => {
    robbed = true;
  });
  await expect.poll(() => led[0]?.beat()).toBe(false);
  await robber;
  expect(robbed).toBe(false);
  await expect.poll(() => led.length).toBe(2);
  over.abort();
  await navigator.locks.request(name, { steal: true }, () => undefined);
  await leading;
});
