/** The contract's guarantees, asked of a world: each fault begins with the guarantee that it breaks. */
import type { Entry, Operation, Verdict } from "@quill/schemas";
import { canonical } from "../../pwa/src/domain/canonical.ts";
import type { Page } from "../../pwa/src/sync/ports.ts";
import type { Ledger } from "./ledger.ts";
import { MemoryDisk, type Held } from "./memory-disk.ts";
import type { Profile } from "./profile.ts";
import { rows } from "./server.ts";

/** What a new device of the same person gets. */
export async function fresh(profile: Profile): Promise<MemoryDisk> {
  const disk = new MemoryDisk(profile.disk.identity);
  for (let page: Page | null = null; page === null || page.more; ) {
    const query = page === null ? "" : `?cursor=${encodeURIComponent(page.cursor)}`;
    const response = await profile.wire.direct(`/api/sync/changes${query}`);
    if (!response.ok) throw new Error(`a new device of ${profile.name} gets ${response.status}: ${await response.text()}`);
    const next = (await response.json()) as Page;
    disk.storePage(disk.cursor, next);
    page = next;
  }
  return disk;
}

/** G3 while all goes on: of the scopes it holds whole, a device at head H has everything that stood in the log up to H. */
export function noGaps(ledger: Ledger, profile: Profile, other: MemoryDisk): void {
  const { disk } = profile;
  for (const record of other.records.values()) {
    if (record.seq > disk.head || !disk.scopes.get(record.scope)?.complete) continue;
    const held = disk.records.get(record.id);
    if (held === undefined || held.version < record.version) {
      ledger.fault("G3", `${profile.name} at head ${disk.head} lacks ${record.kind} ${record.id} version ${record.version}, at ${record.seq} in the log`);
    }
  }
}

/** G3 and G4 when all is quiet: the same records as a new device, byte for byte. */
export function converged(ledger: Ledger, profile: Profile, other: MemoryDisk): void {
  const { disk } = profile;
  if (disk.head !== other.head) ledger.fault("G3", `${profile.name} rests at head ${disk.head}, the log is at ${other.head}`);
  for (const id of new Set([...disk.records.keys(), ...other.records.keys()])) {
    const [mine, theirs] = [textOf(disk.records.get(id)), textOf(other.records.get(id))];
    if (mine === theirs) continue;
    ledger.fault(mine === "nothing" ? "G3" : "G4", `${profile.name} has\n  ${mine}\nof ${id}, a new device\n  ${theirs}`);
  }
  const names = (one: MemoryDisk) => [...one.scopes.keys()].sort().join();
  if (names(disk) !== names(other)) ledger.fault("G3", `${profile.name} holds other scopes than a new device`);
  for (const [scope, { complete }] of disk.scopes) if (!complete) ledger.fault("G3", `${profile.name} still waits for ${scope}`);
}

function textOf(record: Held | undefined): string {
  if (!record) return "nothing";
  const { serial: _, ...rest } = record;
  return canonical(rest);
}

/** G6: nothing of a scope that a stored page took away. */
export function nothingLeft(ledger: Ledger, profile: Profile, changes: readonly Entry[]): void {
  const { disk } = profile;
  const last = new Map(changes.flatMap((entry) => (entry.type === "revoke" || (entry.type === "begin" && entry.scope !== undefined) ? [[entry.scope, entry.type] as const] : [])));
  for (const [scope, event] of last) {
    if (event !== "revoke") continue;
    const kept = {
      records: [...disk.records.values()], drafts: [...disk.drafts.values()], outbox: disk.outbox, decided: disk.decided, files: [...disk.files.values()],
      scopes: [...disk.scopes.keys()].map((name) => ({ scope: name })),
    };
    for (const [what, held] of Object.entries(kept)) {
      if (held.some((one) => one.scope === scope)) ledger.fault("G6", `${profile.name} keeps ${what} of ${scope} after its revoke`);
    }
  }
}

interface VerdictRow {
  op_id: string;
  said: Verdict;
}

interface Written {
  op_id: string | null;
  id: string;
  kind: string;
  body: string;
}

/** G1, G2, G5: what the server has of everything that was written. @param since the log's head when the world began */
export async function kept(ledger: Ledger, since: number): Promise<void> {
  const decided = new Map((await rows<VerdictRow>("SELECT op_id::text, said FROM decided")).map((row) => [row.op_id, row.said]));
  const written = await rows<Written>(`SELECT op_id::text, id::text, kind, convert_from(body, 'UTF8') AS body FROM revision WHERE seq > ${since}`);
  for (const { operation, profile } of ledger.operations.values()) {
    const verdict = decided.get(operation.op_id);
    const name = `operation ${operation.device_seq} of ${profile.name} (${operation.action} ${operation.kind} ${operation.id}, ${operation.op_id})`;
    if (!verdict) ledger.fault("G1", `${name} never reached the server`);
    else remembered(ledger, name, operation, verdict, written);
  }
  for (const [op_id, verdict] of ledger.verdicts) {
    const stored = decided.get(op_id);
    if (stored?.outcome !== verdict.outcome) ledger.fault("G1", `${op_id} was acknowledged as ${verdict.outcome}, the server has ${stored?.outcome ?? "nothing"}`);
  }
  for (const { token, profile, id } of ledger.typed) {
    if (!written.some(({ body }) => body.includes(token))) ledger.fault("G5", `${token}, written by ${profile.name} into ${id}, is nowhere`);
  }
}

/** What its verdict promises is there, once. */
function remembered(ledger: Ledger, name: string, { op_id, action, id, set = {} }: Operation, verdict: Verdict, written: Written[]): void {
  const versions = written.filter((one) => one.op_id === op_id && one.id === id);
  const texts = Object.values(set).flatMap(strings);
  const holds = (bodies: Written[]) => texts.every((text) => bodies.some(({ body }) => body.includes(JSON.stringify(text).slice(1, -1))));
  switch (verdict.outcome) {
    case "applied":
    case "merged":
      if (versions.length !== 1) ledger.fault("G2", `${name} was ${verdict.outcome}, and made ${versions.length} versions`);
      else if (action !== "resolve" && !holds(versions)) ledger.fault("G5", `the version that ${name} made lacks its text`);
      break;
    case "conflict":
      if (!holds(written.filter((one) => one.id === verdict.conflict_id))) ledger.fault("G5", `the conflict that keeps ${name} lacks its text`);
      break;
    case "rejected":
    case "quarantined": {
      const shelved = written.filter(({ kind, body }) => kind === "quarantine" && body.includes(op_id));
      if (shelved.length === 0 || !holds(shelved)) ledger.fault("G5", `${name} was ${verdict.outcome} (${verdict.error?.error_code ?? ""}), and its content isn't in quarantine`);
    }
  }
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(strings) : [];
}
