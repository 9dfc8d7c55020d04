/** What the tests of this folder share: a real vault with somebody at work on it, as the worker of one tab has it. */
import type { Entry, Kind, Operation } from "@quill/schemas";
import { makeVault, openTab, page, patient, put, type TestVault } from "../vault/vault-for-tests.ts";
import { uuid } from "../vault/index.ts";
import type { Who } from "./device.ts";
import { Engine } from "./engine.ts";
import { Views } from "./own-work.ts";
import type { Answer, Clock, Locks, Network, NetworkRequest, OpenStore } from "./ports.ts";
import { Work } from "./work.ts";

export const PATIENT = uuid();
export const LETTER = uuid();
export const SCOPE = `patient:${PATIENT}`;

export const clock: Clock = {
  now: () => Date.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};

/** The locks of one browser, for as many tabs as are given them. */
export function locks(): Locks {
  const turns = new Map<string, Promise<unknown>>();
  const exclusive = <T>(name: string, task: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(name) ?? Promise.resolve()).then(task);
    turns.set(name, turn.catch(() => undefined));
    return turn;
  };
  return { exclusive, lead: (name, task, signal) => exclusive(name, () => (signal.aborted ? Promise.resolve() : task({ beat: () => true }))) };
}

export function section(text: string) {
  return { title: "Plan", order: 1, text };
}

export function letterEntry(text: string, version = 1): Entry {
  return put("letter" satisfies Kind, LETTER, SCOPE, version, {
    patient_id: PATIENT, title: "Clinic letter", state: "draft", author_id: uuid(), recipients: [], sections: { plan: section(text), history: section(text) },
  });
}

/** A vault that has pulled one patient with one letter. */
export async function wardVault(): Promise<TestVault> {
  const made = await makeVault();
  const vault = await openTab(made);
  await vault.storePage(null, page([patient(PATIENT, "Okafor"), letterEntry("as pulled")], "c1", 10));
  await vault.close();
  return made;
}

export const revoked = page([{ type: "revoke", seq: 20, scope: SCOPE }], "c2", 20);

/** Somebody at work in one tab. */
export function atWork(store: OpenStore, shared: Locks = locks()): Work {
  const who: Who = { user_id: uuid(), username: "amara", name: "Amara", roles: ["Clinician"], organisation_id: uuid(), team_ids: [] };
  return new Work({ store, views: new Views(store), clock, locks: shared, newId: () => uuid(), who: () => who, shown: new Map() });
}

/** The store, but something else happens just before one of its methods runs for the first time. */
export function interrupted<T extends object>(store: T, method: keyof T, meanwhile: () => Promise<unknown>): T {
  let done = false;
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const bound = (...given: unknown[]): unknown => Reflect.apply(value, target, given);
      if (name !== method) return bound;
      return async (...given: unknown[]) => {
        if (!done) {
          done = true;
          await meanwhile();
        }
        return bound(...given);
      };
    },
  });
}

/** What a server would say, by path; a test says otherwise for one request. */
export class Wire implements Network {
  readonly sent: NetworkRequest[] = [];
  readonly #owner: { organisation_id: string; user_id: string };
  /** Answers instead of the usual one, once for each; by how the path ends. */
  readonly instead: [string, Answer][] = [];
  head = 10;

  constructor({ owner: { organisation, user } }: TestVault) {
    this.#owner = { organisation_id: organisation, user_id: user };
  }

  request(request: NetworkRequest): Promise<Answer> {
    this.sent.push(request);
    const path = request.path.split("?")[0] ?? "";
    const at = this.instead.findIndex(([end]) => path.endsWith(end));
    return Promise.resolve(at < 0 ? this.#usual(path, request) : (this.instead.splice(at, 1)[0]?.[1] ?? offline));
  }

  live(): { close(): void } {
    return { close: () => undefined };
  }

  #usual(path: string, { json }: NetworkRequest): Answer {
    const { head } = this;
    if (path.endsWith("/hello")) {
      return ok({ ...this.#owner, head, epoch: 1, mode: "ok", next_device_seq: 1, audit_head: "a", journal_days: 14, limits: { max_ops: 500, max_op_bytes: 262_144, max_bytes: 2_097_152, page: 500 } });
    }
    if (path.endsWith("/push")) {
      const { ops } = json as { ops: Operation[] };
      return ok({ verdicts: ops.map(({ op_id, id }) => ({ op_id, outcome: "applied", record: { id, version: 2 }, seq: head })), head });
    }
    if (path.endsWith("/changes")) return ok({ changes: [], cursor: `c${head + 1}`, more: false, head });
    return { kind: "error", status: 404, error: { error_code: "not_found", message: "" } };
  }
}

export const offline: Answer = { kind: "unreachable", reason: "offline" };

export function ok(value: unknown): Answer {
  return { kind: "ok", status: 200, bytes: new TextEncoder().encode(JSON.stringify(value)), headers: {} };
}

export function engineOf(store: OpenStore, network: Network): Engine {
  const storage = () => Promise.resolve({ persisted: true, quota: 1, usage: 0 });
  return new Engine({ store, network, clock: { ...clock, after: (delay, task) => clock.after(Math.min(delay, 20), task) }, locks: locks(), newId: () => uuid(), appVersion: "test", storage, vault: store.id });
}
