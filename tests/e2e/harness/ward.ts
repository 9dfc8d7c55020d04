/** A server with the demonstration's people on their tablets: what every proof starts from, and what ends all of it again. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { freePorts, Server, type ServerOptions } from "./server.ts";
import { Tablet } from "./tablet.ts";

export interface Patient {
  id: string;
  family: string;
  nhsNumber: string;
}

export class Ward {
  readonly server: Server;
  private readonly ports: number[];
  private readonly tablets: Tablet[] = [];

  constructor(server: Server, ports: number[]) {
    this.server = server;
    this.ports = ports;
  }

  /** A new tablet; with a username, signed in and holding all its patients. */
  async tablet(name: string, username?: string, viewport?: { width: number; height: number }): Promise<Tablet> {
    const port = this.ports.pop();
    assert.ok(port, "this ward has no tablet left");
    const tablet = await Tablet.unpack(name, port, this.server.port, viewport);
    this.tablets.push(tablet);
    if (username) await tablet.signIn(username);
    return tablet;
  }

  /** Patients of Ward A (or another team) without letters that could be mistaken for a test's own. */
  patients(count: number, team = "Ward A"): Patient[] {
    const rows = this.server.rows(`
      SELECT p.id::text AS id, p.body->'name'->>'family' AS family, p.body->>'nhs_number' AS nhs
      FROM record p JOIN record t ON t.kind = 'team' AND t.organisation_id = p.organisation_id AND p.body->'team_ids' ? t.id::text
      WHERE p.kind = 'patient' AND t.body->>'name' = '${team}' AND p.body->>'nhs_number' IS NOT NULL AND NOT p.body ? 'deceased'
      ORDER BY p.id LIMIT ${count}`);
    assert.equal(rows.length, count);
    return rows.map((row) => ({ id: String(row["id"]), family: String(row["family"]), nhsNumber: String(row["nhs"]) }));
  }

  /** The newest version of a letter with this title, as the log has it. */
  letter(title: string): { id: string; version: number; sections: Record<string, { text: string }>; state: string } | undefined {
    const [row] = this.server.rows(`SELECT id::text AS id, version, body FROM record WHERE kind = 'letter' AND body->>'title' = '${title}'`);
    return row && { id: String(row["id"]), version: Number(row["version"]), ...(row["body"] as { sections: Record<string, { text: string }>; state: string }) };
  }

  /** The last that went over each tablet's wire, and when. */
  requests(): string {
    return this.tablets
      .map(({ name, wire }) => [`${name} wire:`, ...wire.seen.slice(-30).map(({ at, method, path, status, replied }) => `${new Date(at).toISOString().slice(14, 23)} ${method} ${path.slice(0, 60)} ${status} ${replied}`)].join("\n"))
      .join("\n");
  }

  /** What stands on the screens, into the folder that `QUILL_PICTURES` names: to see why a proof failed. */
  async pictures(): Promise<void> {
    const folder = process.env["QUILL_PICTURES"];
    if (!folder) return;
    for (const { name, page } of this.tablets) await page.screenshot({ path: join(folder, `${name}.png`), timeout: 5_000 });
  }

  async end(): Promise<void> {
    const reports = this.tablets.flatMap((tablet) => tablet.policyReports());
    const fallen = await Promise.allSettled(this.tablets.map((tablet) => tablet.dispose()));
    await this.server.dispose();
    for (const one of fallen) if (one.status === "rejected") throw one.reason;
    assert.deepEqual(reports, [], "the content security policy was broken");
  }
}

/** Runs a proof in a ward of its own; says what the server said when it fails. */
export async function inWard(proof: (ward: Ward) => Promise<void>, options: Omit<ServerOptions, "origins"> = {}): Promise<void> {
  const [port, ...ports] = (await freePorts(4)) as [number, ...number[]];
  const server = await Server.start(port, { origins: ports.map((one) => `http://127.0.0.1:${one}`), ...options });
  const ward = new Ward(server, ports);
  try {
    await proof(ward);
  } catch (error) {
    console.error(server.log.join("").slice(-4000));
    console.error(ward.requests());
    await ward.pictures().catch(() => undefined);
    await ward.end().catch(() => undefined);
    throw error;
  }
  await ward.end();
}
