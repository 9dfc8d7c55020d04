/** Worlds at fixed seeds; `QUILL_SEEDS=12,40-60` runs others. What a seed finds becomes a test beside the code it was in. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { optionsOf, World } from "./world.ts";

const SEEDS = process.env["QUILL_SEEDS"] ?? "1,3,4,5,8";

describe("the guarantees hold in a bad world", () => {
  it.each(seedsOf(SEEDS))("at seed %i", async (seed) => {
    const world = new World(seed);
    const began = Date.now();
    const faults = await world.run();
    const { ledger } = world;
    console.log(`seed ${seed} ${JSON.stringify(optionsOf(seed))}: ${ledger.operations.size} operations, ${ledger.typed.length} texts, ${outcomes(ledger.verdicts.values())}; ${Date.now() - began} ms`);
    if (faults.length > 0) {
      const folder = join(tmpdir(), "quill-simulation");
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, `seed-${seed}.txt`), ledger.story.join("\n"));
      console.log(`QUILL_SEEDS=${seed} fails; its story: ${join(folder, `seed-${seed}.txt`)}`);
    }
    expect(faults).toEqual([]);
  });
});

function seedsOf(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [from = 0, to = from] = part.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, place) => from + place);
  });
}

function outcomes(verdicts: Iterable<{ outcome: string }>): string {
  const counted = Object.entries(Object.groupBy(verdicts, ({ outcome }) => outcome));
  return counted.map(([outcome, all]) => `${all?.length ?? 0} ${outcome}`).sort().join(", ");
}
