/// <reference lib="webworker" />
/** The device worker: the only place where keys, vault and engine are. One for each tab; it ends when the tab locks. */
import { cacheCanary, createVault, listVaults, lost, unlockVault, uuid, vaultsOf } from "../vault/index.ts";
import { browserLocks } from "./leader.ts";
import { LocalDevice } from "./local-device.ts";
import { network } from "./network.ts";
import type { Clock, TabMessage, Tabs, Vaults } from "./ports.ts";
import type { ToPage, ToWorker } from "./rpc.ts";

declare const self: DedicatedWorkerGlobalScope;

const say = (message: ToPage) => self.postMessage(message);

const clock: Clock = {
  now: () => Date.now(),
  after: (delay, task) => {
    const timer = setTimeout(task, delay);
    return () => clearTimeout(timer);
  },
};

const waiting = new Map<number, (token: string | null) => void>();
let asked = 0;
const csrf = () =>
  new Promise<string | null>((resolve) => {
    asked += 1;
    waiting.set(asked, resolve);
    say({ type: "csrf", id: asked });
  });

function tabs(): Tabs {
  const channel = new BroadcastChannel("quill:tabs");
  return {
    post: (message) => channel.postMessage(message),
    listen: (listener) => {
      const heard = ({ data }: MessageEvent<TabMessage>) => listener(data);
      channel.addEventListener("message", heard);
      return () => channel.removeEventListener("message", heard);
    },
  };
}

function vaults(): Vaults {
  const canary = "caches" in self ? cacheCanary(caches) : undefined;
  const options = canary ? { canary } : {};
  return {
    list: listVaults,
    of: vaultsOf,
    create: (chosen) => createVault(chosen, options),
    unlock: (vault, password) => unlockVault(vault, password, options),
    lost: async () => {
      const notes = await canary?.read().catch(() => null);
      if (!notes) return null;
      const gone = lost(notes, (await listVaults()).map(({ vault }) => vault));
      return gone.length > 0 ? { unsent: gone.reduce((sum, { unsent }) => sum + unsent, 0) } : null;
    },
  };
}

async function storage() {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  return { persisted: await navigator.storage.persisted(), quota, usage };
}

const device = new LocalDevice({
  vaults: vaults(), network: network({ origin: self.location.origin, csrf }), clock, locks: browserLocks(), tabs: tabs(), newId: () => uuid(),
  appVersion: "0.1.0", storage,
});

device.subscribe((event) => say({ type: "event", event }));
for (const hint of ["online", "offline"]) self.addEventListener(hint, () => device.look());

self.onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.type === "look") device.look();
  else if (data.type === "csrf") {
    waiting.get(data.id)?.(data.token);
    waiting.delete(data.id);
  } else {
    const { id, method, parameters } = data;
    const callee = device as unknown as Record<typeof method, (...given: unknown[]) => Promise<unknown>>;
    // Within a promise also what it throws at once: an error nobody catches would speak for every call under way.
    const answer = async () => callee[method](...parameters);
    answer().then(
      (value) => say({ type: "answer", id, value }),
      (error: unknown) => say({ type: "failed", id, ...(error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: "failed" }) }),
    );
  }
};
