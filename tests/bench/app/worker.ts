/// <reference lib="webworker" />
/** One measurement: a fresh worker, a fresh database, gone afterwards. Answers milliseconds. */
import { argon2id } from "hash-wasm";
import { createVault, removeVault, unlockVault } from "../../../pwa/src/vault/index.ts";
import type { Contender } from "./contender.ts";
import { quill } from "./quill.ts";
import { editOf, pagesOf, type Sample } from "./records.ts";
import { rows } from "./rows.ts";

declare const self: DedicatedWorkerGlobalScope;
/** Whether the peer could be installed. */
declare const __PEER__: boolean;

export interface Task {
  contender: "quill" | "rows" | "sealed-rows" | "dexie";
  what: keyof typeof TASKS;
  samples: Sample[];
}

const KEYSTROKES = ["s", "sm", "smi", "smit", "a", "an", "ann", "j", "jo", "joh", "john", "b", "be", "ber", "999", "9990001", "19", "n1", "n12", "zz"];

const TASKS = { firstSync, unlock, unlockAfterFirstSync, search, autosave, password, argon2 };

self.onmessage = ({ data }: MessageEvent<Task>) => {
  TASKS[data.what](data).then(
    (value) => self.postMessage({ value }),
    (error: unknown) => self.postMessage({ failed: String(error instanceof Error ? (error.stack ?? error) : error) }),
  );
};

async function made({ contender }: Task): Promise<Contender> {
  if (contender === "quill") return quill();
  if (contender === "dexie") {
    if (!__PEER__) throw new Error("no peer in this build");
    return (await import("./dexie.ts")).dexie();
  }
  return rows(contender === "sealed-rows");
}

/** 10,000 patients and 20,000 letters, page by page. The peer takes a minute for them: it gets a tenth, and its time is taken tenfold. */
async function firstSync(task: Task): Promise<number> {
  const part = task.contender === "dexie" ? 10 : 1;
  const pages = pagesOf(task.samples, 10_000 / part, 20_000 / part);
  const one = await made(task);
  const started = performance.now();
  for (const page of pages) await one.store(page);
  const took = performance.now() - started;
  await one.remove();
  return took * part;
}

/** 20,000 patients, put in order after the first sync, 500 of them changed since; from the key to a list that finds. */
async function unlock(task: Task): Promise<number> {
  return listed(task, async (one) => {
    await one.fold();
    for (let edit = 0; edit < 500; edit++) await one.store(editOf(task.samples, edit * 40, 20_001 + edit));
  });
}

async function unlockAfterFirstSync(task: Task): Promise<number> {
  return listed(task, () => Promise.resolve());
}

async function listed(task: Task, since: (one: Contender) => Promise<void>): Promise<number> {
  const one = await patients(task);
  await since(one);
  await one.close();
  const started = performance.now();
  const { total, search } = await one.list();
  const took = performance.now() - started;
  if (total !== 20_000 || (await search("n1234")) === 0) throw new Error("not all are in the list");
  await one.remove();
  return took;
}

/** The 95th percentile of a keystroke's search. */
async function search(task: Task): Promise<number> {
  const one = await patients(task);
  await one.fold();
  await one.close();
  const list = await one.list();
  const times = await each(KEYSTROKES.length * 10, (turn) => list.search(KEYSTROKES[turn % KEYSTROKES.length] ?? ""));
  await one.remove();
  return times;
}

/** The 95th percentile of keeping a draft of 4 KiB. */
async function autosave(task: Task): Promise<number> {
  const one = await made(task);
  const text = "Rest, fluids, review. ".repeat(186);
  const times = await each(150, (turn) => one.draft(`${turn} ${text}`));
  await one.remove();
  return times;
}

/** Unlocking an empty vault: what the password costs, and opening. */
async function password(): Promise<number> {
  const vault = await createVault({ organisation_id: "o", user_id: "u", initials: "Q", colour: "teal", password: "ward-lantern-orchid-42" });
  await vault.close();
  const started = performance.now();
  const opened = await unlockVault(vault.id, "ward-lantern-orchid-42");
  const took = performance.now() - started;
  if (typeof opened === "string") throw new Error(opened);
  await opened.close();
  await removeVault(vault.id);
  return took;
}

async function argon2(): Promise<number> {
  const parameters = { password: "ward-lantern-orchid-42", salt: new Uint8Array(16), parallelism: 1, iterations: 3, memorySize: 65_536, hashLength: 32 };
  await argon2id({ ...parameters, memorySize: 64 }); // so that its code is compiled
  const started = performance.now();
  await argon2id({ ...parameters, outputType: "binary" });
  return performance.now() - started;
}

async function patients(task: Task): Promise<Contender> {
  const one = await made(task);
  for (const page of pagesOf(task.samples, 20_000, 0)) await one.store(page);
  return one;
}

async function each(count: number, action: (turn: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < count; turn++) {
    const started = performance.now();
    await action(turn);
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(count * 0.95)] ?? 0;
}
