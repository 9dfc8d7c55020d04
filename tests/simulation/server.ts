/** The real server as `run.py` keeps it: asked over HTTP, killed, looked into behind its back. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { promisify } from "node:util";

const ROOT = resolve(import.meta.dirname, "../..");
const PYTHON = join(ROOT, ".venv/bin/python");
const PATIENCE_MS = 60_000;
const LARGEST = 256 << 20;

export const ORIGIN = fromEnvironment("QUILL_SIMULATION_URL");

/** The administrator's command line. */
export function quill(...words: string[]): Promise<string> {
  return python("-m", "quill.cli", ...words);
}

/** Rows of a query on the sync database, past the row-level security of the application. */
export async function rows<Row>(sql: string): Promise<Row[]> {
  return JSON.parse(await python("tests/e2e/harness/query.py", sql)) as Row[];
}

/** As power loss would. `run.py` starts it again. */
export function kill(): void {
  process.kill(pid(), "SIGKILL");
}

export async function ready(): Promise<void> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(50)) {
    const answer = await fetch(`${ORIGIN}/api/health`).catch(() => null);
    if (answer?.status === 200) return;
  }
  throw new Error("the server did not come back");
}

function pid(): number {
  return Number(readFileSync(fromEnvironment("QUILL_SIMULATION_PID"), "utf8"));
}

async function python(...words: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(PYTHON, words, { cwd: ROOT, maxBuffer: LARGEST });
  return stdout;
}

function fromEnvironment(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: start the simulation by tests/simulation/run.py`);
  return value;
}
