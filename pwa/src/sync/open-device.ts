/** The page's side of the device: hands every call to the worker, and ends the worker when the tab locks. */
import type { Device, DeviceEvent, Phase, SignInResult, VaultCard } from "./device.ts";
import { METHODS, type Method, type ToPage, type ToWorker } from "./rpc.ts";

/** Random names of vaults only; says which was used last in this browser profile. */
const LAST_VAULT = "quill-last-vault";
/** A lock waits no longer than this for what was typed to be sealed. */
const LOCK_PATIENCE_MS = 2_000;

export class LockedMeanwhile extends Error {
  override name = "LockedMeanwhile";
}

/** @param seal seals what is being typed on this page; asked before every lock, also one that another tab began */
export function openDevice(seal: () => Promise<void>): Device {
  const remote = new RemoteDevice(seal);
  const calls = Object.fromEntries(METHODS.map((method) => [method, (...parameters: unknown[]) => remote.call(method, parameters)]));
  return {
    ...(calls as unknown as Device),
    phase: () => remote.phase(),
    signIn: (credentials) => remote.enter("signIn", [credentials]),
    unlock: (vault, password) => remote.enter("unlock", [vault, password]),
    lock: () => remote.lock(true),
    signOut: () => remote.signOut(),
    subscribe: (listener) => remote.subscribe(listener),
  };
}

class RemoteDevice {
  readonly #listeners = new Set<(event: DeviceEvent) => void>();
  readonly #channel = new BroadcastChannel("quill:lock");
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #calls = 0;
  #locking: Promise<void> | null = null;
  #sealed = false;
  readonly #seal: () => Promise<void>;

  constructor(seal: () => Promise<void>) {
    this.#seal = seal;
    this.#channel.onmessage = () => void this.lock(false);
    for (const back of ["focus", "online", "offline", "pageshow"]) addEventListener(back, () => this.#look());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#look();
    });
  }

  subscribe(listener: (event: DeviceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  call<T>(method: Method, parameters: unknown[]): Promise<T> {
    if (this.#sealed && method !== "lock") return Promise.reject(new LockedMeanwhile());
    const id = ++this.#calls;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#say({ type: "call", id, method, parameters });
    });
  }

  async phase(): Promise<Phase> {
    return withCurrent(await this.call<Phase>("phase", []));
  }

  async enter(method: "signIn" | "unlock", parameters: unknown[]): Promise<SignInResult> {
    const result = await this.call<SignInResult>(method, parameters);
    if (result.ok && result.vault !== undefined) localStorage.setItem(LAST_VAULT, result.vault);
    return result;
  }

  async signOut() {
    const result = await this.call<Awaited<ReturnType<Device["signOut"]>>>("signOut", []);
    if (result.ok) await this.lock(true);
    return result;
  }

  /** Seals what is typed, ends the worker; with `others`, in every tab. */
  lock(others: boolean): Promise<void> {
    this.#locking ??= this.#lock(others).finally(() => {
      this.#locking = null;
      this.#sealed = false;
    });
    return this.#locking;
  }

  async #lock(others: boolean): Promise<void> {
    if (others) this.#channel.postMessage("locked");
    if (!this.#worker) return;
    await this.#seal();
    this.#sealed = true;
    const patience = new Promise<void>((resolve) => setTimeout(resolve, LOCK_PATIENCE_MS));
    await Promise.race([this.call<undefined>("lock", []).catch(() => undefined), patience]);
    this.#worker.terminate();
    this.#worker = null;
    for (const { reject } of this.#waiting.values()) reject(new LockedMeanwhile());
    this.#waiting.clear();
    // The page leaves on this; the lock screen of the next document asks for the vaults.
    this.#tell({ type: "phase", phase: { phase: "locked", vaults: [] } });
  }

  #look(): void {
    if (this.#worker) this.#say({ type: "look" });
  }

  #say(message: ToWorker): void {
    this.#worker ??= this.#begin();
    this.#worker.postMessage(message);
  }

  #begin(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "quill-device" });
    let heard = false;
    worker.onmessage = ({ data }: MessageEvent<ToPage>) => {
      heard = true;
      if (data.type === "event") return this.#tell(data.event);
      if (data.type === "csrf") return worker.postMessage({ type: "csrf", id: data.id, token: csrfCookie() } satisfies ToWorker);
      const call = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.type === "answer") call?.resolve(data.value as never);
      else call?.reject(Object.assign(new Error(data.message), { name: data.name }));
    };
    worker.onerror = () => {
      // One that works goes on after an error, and answers each call by itself: to call an act failed that may yet happen
      // would have it done twice. One that never came to life is begun anew by the next call.
      if (heard) return;
      worker.terminate();
      if (this.#worker === worker) this.#worker = null;
      for (const { reject } of this.#waiting.values()) reject(new Error("the device worker failed"));
      this.#waiting.clear();
    };
    return worker;
  }

  #tell(event: DeviceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

function withCurrent(phase: Phase): Phase {
  if (phase.phase !== "locked") return phase;
  const last = localStorage.getItem(LAST_VAULT);
  return { ...phase, vaults: phase.vaults.map((card): VaultCard => ({ ...card, current: card.vault === last })) };
}

function csrfCookie(): string | null {
  const found = document.cookie.split("; ").find((one) => one.startsWith("XSRF-TOKEN="));
  return found === undefined ? null : decodeURIComponent(found.slice("XSRF-TOKEN=".length));
}
