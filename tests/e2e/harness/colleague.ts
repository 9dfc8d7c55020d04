/** A colleague without our app: signs in and speaks the contract directly, as an independent client would. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Server } from "./server.ts";
import { PASSWORD } from "./tablet.ts";

type Fields = Record<string, unknown>;

export interface Verdict {
  op_id: string;
  outcome: "applied" | "merged" | "conflict" | "rejected" | "quarantined";
  record?: { id: string; version: number };
}

export class Colleague {
  me!: { user_id: string; team_ids: string[] };
  private readonly origin: string;
  private readonly device = uuid();
  private cookies = "";
  private csrf = "";
  private sequence = 0;

  private constructor(server: Server) {
    this.origin = `http://127.0.0.1:${server.port}`;
  }

  static async signIn(server: Server, username: string): Promise<Colleague> {
    const colleague = new Colleague(server);
    const answer = await colleague.request("POST", "/api/auth/login", { username, password: PASSWORD });
    const cookies = answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]!);
    colleague.cookies = cookies.join("; ");
    colleague.csrf = decodeURIComponent(cookies.find((cookie) => cookie.startsWith("XSRF-TOKEN="))!.slice("XSRF-TOKEN=".length));
    colleague.me = (await (await colleague.request("GET", "/api/auth/me")).json()) as Colleague["me"];
    await colleague.request("POST", "/api/sync/hello", {
      device_id: colleague.device, app_version: "a colleague", outbox: { count: 0, oldest_age_s: null }, storage: { persisted: true, quota: 0, usage: 0 },
    });
    return colleague;
  }

  /** Makes a record; answers its id. `patient` is whom it is about, as the colleague sees them. */
  create(kind: string, set: Fields, patient?: { id: string; body: Fields }): { op: Fields; id: string } {
    const id = uuid();
    return { id, op: { ...this.about(patient), kind, id, action: "create", base_version: 0, set } };
  }

  patch(kind: string, id: string, base_version: number, set: Fields, was: Fields, patient?: { id: string; body: Fields }): Fields {
    return { ...this.about(patient), kind, id, action: "patch", base_version, set, was };
  }

  /** Sends operations; all of them must be on the server afterwards. */
  async push(...ops: Fields[]): Promise<Verdict[]> {
    const answer = await this.request("POST", "/api/sync/push", { device_id: this.device, ops });
    const { verdicts } = (await answer.json()) as { verdicts: Verdict[] };
    for (const verdict of verdicts) assert.match(verdict.outcome, /^(applied|merged)$/, JSON.stringify(verdict));
    return verdicts;
  }

  private about(patient: { id: string; body: Fields } | undefined): Fields {
    this.sequence += 1;
    const { name, birth_date, nhs_number = null } = patient?.body ?? {};
    return {
      op_id: uuid(), device_seq: this.sequence, schema: 1, made_at: new Date().toISOString(),
      ...(patient && { seen: { patient_id: patient.id, version: 1, name, birth_date, nhs_number } }),
    };
  }

  private async request(method: string, path: string, body?: unknown): Promise<Response> {
    const answer = await fetch(this.origin + path, {
      method,
      headers: {
        "X-Quill-Protocol": "1",
        ...(this.cookies && { Cookie: this.cookies, "X-CSRF-Token": this.csrf }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${answer.ok ? "" : await answer.text()}`);
    return answer;
  }
}

/** RFC 9562, version 7. */
function uuid(): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
