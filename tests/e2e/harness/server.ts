/** The real server, on a home and a port of its own, as `make run` starts it; killed and started again at will. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { eventually } from "./eventually.ts";

export const ROOT = resolve(import.meta.dirname, "../../..");
const PYTHON = join(ROOT, ".venv/bin/python");

export interface ServerOptions {
  /** Origins of the wires the tablets come through. */
  origins: string[];
  /** A Python program that changes the server before it runs (`dies_after_commit.py`); without it, the plain command. */
  launcher?: string;
  /** Another build of the app than the usual. */
  app?: string;
}

export class Server {
  readonly home = mkdtempSync(join(tmpdir(), "quill-e2e-"));
  readonly log: string[] = [];
  readonly port: number;
  private readonly options: ServerOptions;
  private process: ChildProcess | null = null;

  private constructor(port: number, options: ServerOptions) {
    this.port = port;
    this.options = options;
  }

  static async start(port: number, options: ServerOptions): Promise<Server> {
    const server = new Server(port, options);
    await server.up();
    return server;
  }

  /** Starts it (again), with the given launcher or as usual; done once `/api/health` says so. */
  async up(launcher = this.options.launcher): Promise<void> {
    const program = launcher ? [join(import.meta.dirname, launcher)] : ["-m", "quill.cli"];
    const started = spawn(PYTHON, [...program, "serve"], {
      cwd: ROOT,
      env: {
        ...process.env,
        QUILL_HOME: this.home,
        QUILL_PORT: String(this.port),
        QUILL_ORIGINS: this.options.origins.join(","),
        ...(this.options.app ? { QUILL_STATIC: this.options.app } : {}),
      },
    });
    this.process = started;
    for (const stream of [started.stdout, started.stderr]) stream.on("data", (data: Buffer) => this.log.push(data.toString()));
    await eventually("the server to be ready", 120_000, async () => {
      if (started.exitCode !== null) throw new Error(`the server ended: ${this.log.join("")}`);
      const answer = await fetch(`http://127.0.0.1:${this.port}/api/health`).catch(() => null);
      return answer?.status === 200;
    });
  }

  /** As power loss or the kernel would: no warning, no cleaning up. */
  async kill(): Promise<void> {
    await this.end("SIGKILL");
  }

  async stop(): Promise<void> {
    await this.end("SIGINT");
  }

  /** Resolves when the server ended by itself (a launcher that dies at a chosen point). */
  async ended(): Promise<void> {
    if (this.process && this.process.exitCode === null && this.process.signalCode === null) await once(this.process, "exit");
  }

  /** Rows of a query on the sync database, as its owner, past the row-level security of the application. */
  rows(sql: string): Record<string, unknown>[] {
    return JSON.parse(this.python("query.py", sql)) as Record<string, unknown>[];
  }

  /** The administrator's command line, on the running installation. */
  quill(...words: string[]): string {
    return execFileSync(PYTHON, ["-m", "quill.cli", ...words], { cwd: ROOT, env: { ...process.env, QUILL_HOME: this.home }, encoding: "utf8" });
  }

  async dispose(): Promise<void> {
    await this.stop();
    try {
      this.python("erase.py");
    } finally {
      rmSync(this.home, { recursive: true, force: true, maxRetries: 10 });
    }
  }

  private python(script: string, ...words: string[]): string {
    return execFileSync(PYTHON, [join(import.meta.dirname, script), ...words], {
      cwd: ROOT,
      env: { ...process.env, QUILL_HOME: this.home },
      encoding: "utf8",
    });
  }

  private async end(signal: "SIGKILL" | "SIGINT"): Promise<void> {
    const ending = this.process;
    ending?.kill(signal);
    await this.ended();
    if (this.process === ending) this.process = null;
  }
}

/** Ports nobody listens on at the moment. */
export async function freePorts(count: number): Promise<number[]> {
  const listening = await Promise.all(
    Array.from({ length: count }, async () => {
      const one = createServer().listen(0, "127.0.0.1");
      await once(one, "listening");
      return one;
    }),
  );
  const ports = listening.map((one) => (one.address() as { port: number }).port);
  await Promise.all(listening.map((one) => new Promise((done) => one.close(done))));
  return ports;
}
