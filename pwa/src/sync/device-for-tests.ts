/** What the tests of this folder share: a real vault with somebody at work on it, as the worker of one tab has it. */
import type { Entry, Kind } from "@quill/schemas";
import { makeVault, openTab, page, patient, put, type TestVault } from "../vault/vault-for-tests.ts";
import { uuid } from "../vault/index.ts";
import type { Who } from "./device.ts";
import { Views } from "./own-work.ts";
import type { Clock, Locks, OpenStore } from "./ports.ts";
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
