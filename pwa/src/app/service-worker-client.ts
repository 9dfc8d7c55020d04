import type { Device } from "../sync/device.ts";

type UpdateListener = (ready: boolean) => void;
const listeners = new Set<UpdateListener>();
let waiting: ServiceWorker | null = null;
let asked = false;

interface SyncRegistration extends ServiceWorkerRegistration {
  sync?: { register(tag: string): Promise<void> };
}

/**
 * Registers the worker that keeps the app's shell. It wakes this tab's device when the network is back; a new version
 * waits until nobody is typing and someone says so, or until nothing is open.
 */
export function startServiceWorker(device: Device): void {
  if (!("serviceWorker" in navigator) || import.meta.env.DEV) return;
  const container = navigator.serviceWorker;

  container.addEventListener("message", (event: MessageEvent<{ type?: string }>) => {
    if (event.data.type === "quill:wake") void wake(device);
  });

  container.addEventListener("controllerchange", () => {
    // Only the tab that asked: reloading locks, and another tab may be in the middle of a sentence.
    if (asked) location.reload();
  });

  void container.register("/app/service-worker.js", { scope: "/app/", updateViaCache: "none" }).then((registration: SyncRegistration) => {
    const noticed = () => {
      waiting = registration.waiting;
      for (const listener of listeners) listener(waiting !== null);
      if (waiting) void applyWhenNothingIsOpen(device);
    };
    registration.addEventListener("updatefound", () => {
      registration.installing?.addEventListener("statechange", () => {
        if (registration.waiting && container.controller) noticed();
      });
    });
    if (registration.waiting && container.controller) noticed();

    let tooOld = false;
    device.subscribe((event) => {
      if (event.type !== "status") return;
      if (event.status.updateNeeded && !tooOld) void registration.update().catch(() => undefined);
      tooOld = event.status.updateNeeded;
      // Only where the browser has no network either: else it would say at once that there is one, and each failed try
      // would ask again, without a pause, of a server that is down.
      if (event.status.waiting > 0 && event.status.network === "offline" && !navigator.onLine) {
        registration.sync?.register("quill-outbox").catch(() => undefined); // denied or not there: timers and `online` remain
      }
    });
  }).catch(() => undefined); // no worker (private mode, policy): the app works, but not from a cold start offline
}

async function wake(device: Device): Promise<void> {
  const phase = await device.phase();
  if (phase.phase === "open") await device.syncNow();
}

async function applyWhenNothingIsOpen(device: Device): Promise<void> {
  const phase = await device.phase();
  if (phase.phase !== "open") applyUpdate();
}

export function applyUpdate(): void {
  asked = true;
  waiting?.postMessage({ type: "quill:take-over" });
}

export function onUpdate(listener: UpdateListener): () => void {
  listeners.add(listener);
  listener(waiting !== null);
  return () => listeners.delete(listener);
}
