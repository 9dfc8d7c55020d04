/** Which figures there are, who is measured for each, and the floors of ours. */
import type { Task } from "./worker.ts";

/** Milliseconds of one measurement. @param build the vault with or without sealing */
export type Ask = (build: "sealed" | "unsealed", contender: Task["contender"], what: Task["what"]) => Promise<number>;

interface Contender {
  name: string;
  role: "ours" | "limit" | "peer";
  measure: () => Promise<number>;
}

export interface Figure {
  name: string;
  unit: "ms";
  contenders: { name: string; role: string; spread: number[] | null; missing: string }[];
  floor: { against: string; factor: number } | null;
}

const REPEATS = 5;
const ROWS = "unsealed, a row each";
const PEER = "dexie-encrypted";

/** @param missing why there is no peer; empty: it is there @param only the one figure whose name begins so */
export async function figures(ask: Ask, missing: string, only = ""): Promise<Figure[]> {
  const one = (name: string, role: Contender["role"], build: "sealed" | "unsealed", contender: Task["contender"], what: Task["what"]): Contender => ({
    name, role, measure: () => ask(build, contender, what),
  });
  const common = (what: Task["what"]) => [
    one("Quill: sealed", "ours", "sealed", "quill", what), one("Quill, built without sealing", "ours", "unsealed", "quill", what),
    one(ROWS, "limit", "sealed", "rows", what),
  ];
  const peer = (what: Task["what"]) => one(PEER, "peer", "sealed", "dexie", what);
  const plans: [string, Contender[], number | null][] = [
    // 1.5 times as fast: two thirds of the time.
    ["first sync: parse, seal, store 10,000 patients, 20,000 letters", [...common("firstSync"), { ...peer("firstSync"), name: `${PEER} (a tenth of them, times ten)` }], 1 / 1.5],
    [
      "unlock to a list of 20,000 patients that can be searched, after the key",
      [
        one("Quill: 500 edits since it was put in order", "ours", "sealed", "quill", "unlock"),
        one("Quill: straight after the first sync", "ours", "sealed", "quill", "unlockAfterFirstSync"),
        one(ROWS, "limit", "sealed", "rows", "unlockAfterFirstSync"), one("sealed, a row each", "limit", "sealed", "sealed-rows", "unlockAfterFirstSync"),
        peer("unlockAfterFirstSync"),
      ],
      0.3,
    ],
    ["search for a keystroke, 20,000 patients, p95", [one("Quill", "ours", "sealed", "quill", "search"), one("plain list, every row looked at", "limit", "sealed", "rows", "search")], null],
    ["autosave of a draft of 4 KiB, on disk, p95", [...common("autosave"), peer("autosave")], null],
    ["unlock an empty vault with the password", [one("Quill", "ours", "sealed", "quill", "password"), one("Argon2id alone (hash-wasm, 64 MiB, 3 passes)", "limit", "sealed", "quill", "argon2")], null],
  ];
  const found: Figure[] = [];
  for (const [name, contenders, factor] of plans) {
    if (name.startsWith(only)) found.push(await measured(name, contenders, factor, missing));
  }
  return found;
}

/** One round that isn't counted, then five that are, all contenders in turn in each. */
async function measured(name: string, contenders: Contender[], factor: number | null, missing: string): Promise<Figure> {
  const values = contenders.map((): number[] => []);
  for (let round = 0; round <= REPEATS; round++) {
    for (const [place, { name: who, role, measure }] of contenders.entries()) {
      if (role === "peer" && missing) continue;
      const value = await measure();
      process.stderr.write(`${name}: ${who}: ${value.toFixed(2)} ms\n`);
      if (round > 0) values[place]?.push(value);
    }
  }
  return {
    name, unit: "ms", floor: factor === null ? null : { against: ROWS, factor },
    contenders: contenders.map(({ name: who, role }, place) => {
      const absent = role === "peer" && missing !== "";
      return { name: who, role, spread: absent ? null : spread(values[place] ?? []), missing: absent ? missing : "" };
    }),
  };
}

/** [median, least, most] */
function spread(values: number[]): number[] {
  const sorted = [...values].sort((a, b) => a - b);
  return [sorted[Math.floor(sorted.length / 2)] ?? 0, sorted[0] ?? 0, sorted[sorted.length - 1] ?? 0].map((value) => Math.round(value * 100) / 100);
}
