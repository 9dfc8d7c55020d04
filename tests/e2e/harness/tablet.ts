/** One tablet: a Chromium profile of its own, a wire of its own to the server, and the person holding it. */
import { createHmac } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { Wire } from "./wire.ts";

const { chromium } = createRequire(new URL("../../../pwa/package.json", import.meta.url))("playwright-core") as typeof import("playwright-core");

export const PASSWORD = "ward-lantern-orchid-42";
const CAROLS_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const STEP = 30_000;
/** What any wait on a screen may take: long enough for a busy machine, as it ends only what will never come. */
export const PATIENCE = 60_000;
let lastStep = 0;

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export class Tablet {
  readonly profile = mkdtempSync(join(tmpdir(), "quill-tablet-"));
  readonly complaints: string[] = [];
  readonly name: string;
  readonly wire: Wire;
  private readonly viewport: { width: number; height: number };
  context!: BrowserContext;
  page!: Page;

  private constructor(name: string, wire: Wire, viewport: { width: number; height: number }) {
    this.name = name;
    this.wire = wire;
    this.viewport = viewport;
  }

  static async unpack(name: string, port: number, target: number, viewport = { width: 1024, height: 768 }): Promise<Tablet> {
    const tablet = new Tablet(name, new Wire(port, target), viewport);
    await tablet.wire.up();
    await tablet.start();
    return tablet;
  }

  /** Starts the browser on the same profile, as after a restart of the tablet. */
  async start(): Promise<void> {
    this.context = await chromium.launchPersistentContext(this.profile, {
      executablePath: process.env["QUILL_CHROMIUM"] ?? "/usr/bin/chromium",
      headless: true,
      args: FLAGS,
      viewport: this.viewport,
      permissions: ["background-sync"],
      timeout: PATIENCE,
    });
    this.context.setDefaultTimeout(PATIENCE);
    await this.context.addInitScript(touchNowAndThen);
    this.context.on("page", (page) => this.listen(page));
    this.page = this.context.pages()[0] ?? (await this.context.newPage());
    this.listen(this.page);
  }

  async restart(): Promise<void> {
    await this.context.close();
    await this.start();
  }

  /** Another tab of the same browser: the same profile, the same wire. */
  async anotherTab(): Promise<Tablet> {
    const tab = Object.create(this) as Tablet;
    tab.page = await this.context.newPage();
    return tab;
  }

  /** Closes the tab and opens another on the same profile. */
  async reopen(): Promise<void> {
    const closed = this.page;
    this.page = await this.context.newPage();
    await closed.close();
  }

  async open(path = "/app/"): Promise<void> {
    await this.page.goto(this.wire.origin + path);
  }

  /** Signs in on a new vault and waits until the patients are there. */
  async signIn(username: string): Promise<void> {
    await this.open();
    await this.page.getByLabel("Username").fill(username);
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await this.page.getByRole("button", { name: "Sign in" }).click();
    if (username === "carol") {
      await this.page.getByLabel("Code").fill(await nextCode());
      await this.page.getByRole("button", { name: "Continue" }).click();
    }
    await this.page.getByRole("navigation", { name: "Main" }).first().waitFor();
  }

  async unlock(): Promise<void> {
    await this.page.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await this.page.getByRole("button", { name: "Unlock" }).click();
    await this.page.getByRole("navigation", { name: "Main" }).first().waitFor();
  }

  /** What the content security policy refused, on the wire and in the console. */
  policyReports(): string[] {
    return [...this.wire.requests("POST", "/api/csp-reports").map((one) => one.body.toString()), ...this.complaints];
  }

  async dispose(): Promise<void> {
    await this.context.close();
    await this.wire.cut();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 10 }); // the browser's last processes may still write
  }

  private listen(page: Page): void {
    page.on("console", (message) => {
      if (/Content.Security.Policy|TrustedHTML|TrustedScript/i.test(message.text())) this.complaints.push(message.text());
    });
  }
}

/** In each page: the app locks a tablet that nobody touched for two minutes, and a proof may be busy with another for longer. */
function touchNowAndThen(): void {
  setInterval(() => dispatchEvent(new Event("pointermove")), 20_000);
}

/** A code not used before: the server takes each time step once. */
async function nextCode(): Promise<string> {
  lastStep = Math.max(lastStep + 1, Math.floor(Date.now() / STEP));
  const wait = lastStep * STEP - Date.now();
  if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
  return totp(CAROLS_SECRET, lastStep);
}

/** RFC 6238 with SHA-1, six digits. */
function totp(secret: string, step: number): string {
  let bits = "";
  for (const letter of secret) bits += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0");
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac("sha1", key).update(counter).digest();
  const at = mac[19]! & 15;
  return ((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).toString().padStart(6, "0");
}
