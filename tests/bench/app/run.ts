/**
 * The app's figures, in a real Chromium: `node tests/bench/app/run.ts [how a figure's name begins]`. Every measurement has a worker and a database of its
 * own, contenders in turn. Prints a table and keeps JSON, Markdown and a plot; what the figures mean: docs/performance.md.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { once } from "node:events";
import { cpus, platform, release, tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { build, PWA, ROOT } from "./build.ts";
import { figures, type Ask, type Figure } from "./figures.ts";

const { chromium } = PWA("playwright-core") as typeof import("../../../pwa/node_modules/playwright-core");
const PYTHON = join(ROOT, ".venv/bin/python");
const RESULTS = join(ROOT, "test-results/bench");
const PEER = ["dexie@3.2.7", "dexie-encrypted@2.0.0", "tslib@2"] // the second forgot to name the third;

async function main(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "quill-bench-app-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130)); // the browser ends with it
  const only = process.argv[2];
  let server: Server | null = null;
  try {
    const missing = install(join(folder, "peer"));
    await build(join(folder, "site"), missing ? null : join(folder, "peer"));
    writeFileSync(join(folder, "site/index.html"), "<!doctype html><title>Bench</title>");
    const samples = execFileSync(PYTHON, [join(ROOT, "tests/bench/records.py")], { encoding: "utf8", maxBuffer: 1 << 26 });
    server = serve(join(folder, "site"));
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const context = await chromium.launchPersistentContext(join(folder, "profile"), {
      executablePath: process.env["QUILL_CHROMIUM"] ?? "/usr/bin/chromium", headless: true,
      args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update"],
    });
    try {
      const page = await context.newPage();
      await page.goto(`http://127.0.0.1:${port}/`);
      const ask: Ask = (build, contender, what) =>
        page.evaluate(
          ([url, task]) =>
            new Promise<number>((resolve, reject) => {
              const worker = new Worker(url, { type: "module" });
              worker.onmessage = ({ data }: MessageEvent<{ value: number; failed?: string }>) => {
                worker.terminate();
                if (data.failed === undefined) resolve(data.value);
                else reject(new Error(data.failed));
              };
              worker.onerror = ({ message }) => reject(new Error(message));
              worker.postMessage({ ...task, samples: JSON.parse(task.samples) as unknown });
            }),
          [`/${build}/worker.js`, { contender, what, samples }] as const,
        );
      const machine = { cores: cpus().length, system: `${platform()} ${release()}`, node: process.version, chromium: context.browser()?.version() ?? "" };
      mkdirSync(RESULTS, { recursive: true });
      const found = await figures(ask, missing, only);
      const kept = only === undefined ? [] : lastTime().filter(({ name }) => !found.some((figure) => figure.name === name));
      writeFileSync(join(RESULTS, "app.json"), JSON.stringify({ machine, figures: [...found, ...kept] }));
    } finally {
      await context.close();
    }
  } finally {
    server?.close();
  }
  return spawnSync(PYTHON, [join(ROOT, "tests/bench/report.py"), join(RESULTS, "app.json")], { stdio: "inherit" }).status ?? 1;
}

/** Of a part alone: the others' figures stand. */
function lastTime(): Figure[] {
  const file = join(RESULTS, "app.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { figures: Figure[] }).figures : [];
}

/** The peer's packages, no scripts of theirs run. @returns empty, or why they could not be had */
function install(folder: string): string {
  mkdirSync(folder, { recursive: true });
  const script = "import sys; sys.path.insert(0, 'sync-server'); from bootstrap import node_binary, npm; print(*npm(node_binary()), sep='\\n')";
  const npm = execFileSync(PYTHON, ["-c", script], { cwd: ROOT, encoding: "utf8" }).trim().split("\n");
  const [program = "npm", ...first] = npm;
  const done = spawnSync(program, [...first, "install", ...PEER, "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder, encoding: "utf8", timeout: 90_000,
  });
  return done.status === 0 ? "" : `${PEER.join(" and ")} could not be installed from npm`;
}

function serve(folder: string): Server {
  const types: Record<string, string> = { html: "text/html", js: "text/javascript", wasm: "application/wasm" };
  return createServer((request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const file = join(folder, path === "/" ? "index.html" : path);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[file.split(".").pop() ?? ""] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  }).listen(0, "127.0.0.1");
}

process.exitCode = await main();
