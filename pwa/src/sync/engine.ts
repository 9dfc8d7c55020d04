/**
 * The engine: one tab leads; in rounds it says hello, pushes, pulls, sends files, and sleeps until something wakes it.
 * It has no DOM: store, network, clock and locks are given to it.
 */
import { LIMITS, type SyncLimits } from "@quill/schemas";
import type { Step } from "./answers.ts";
import { Connectivity } from "./connectivity.ts";
import { hello } from "./hello.ts";
import { Live } from "./live.ts";
import type { SyncParts } from "./parts.ts";
import type { Clock, DeviceStore, Leadership, Locks, Network } from "./ports.ts";
import { pull } from "./pull.ts";
import { commitDrafts, push, QUIET_MS } from "./push.ts";
import { Session } from "./refresh.ts";
import { uploadNext } from "./uploads.ts";

export interface EngineOptions {
  store: DeviceStore;
  network: Network;
  clock: Clock;
  locks: Locks;
  newId: () => string;
  appVersion: string;
  storage: () => Promise<{ persisted: boolean; quota: number; usage: number }>;
  /** Names the leader's lock: one per vault. */
  vault: string;
  random?: () => number;
}

/** `edit`: own work changed; `look`: something may have changed on the server; a number: the head a poke named. */
export type Wake = "edit" | "look" | number;

export interface EngineStatus {
  network: "online" | "offline" | "sending";
  signInNeeded: boolean;
  updateNeeded: boolean;
  /** The server answers, but can't do its work at the moment. */
  troubled: boolean;
  /** Records stored in the pull that runs. */
  stored: number;
}

/**
 * A full disk, a vault another hand damaged, an answer in our form that isn't ours: nothing was stored that wasn't whole, and
 * what waits is tried again later. Never may it be the last round (G7).
 */
function thrown(error: unknown): Step {
  // Its name only: its words may be a patient's.
  // eslint-disable-next-line no-console -- what nobody expected should be found by whoever looks
  console.warn("a round of syncing failed:", error instanceof Error ? error.name : typeof error);
  return { kind: "wait", afterMs: TIMER_MS };
}

/** Between rounds that nothing else asks for; longer while the live socket tells. */
const TIMER_MS = 30_000;
const TIMER_LIVE_MS = 300_000;

const DEFAULT_LIMITS: SyncLimits = { max_ops: LIMITS.max_ops, max_op_bytes: LIMITS.max_op_bytes, max_bytes: LIMITS.max_bytes, page: LIMITS.page };

export class Engine {
  readonly #options: EngineOptions;
  readonly #connectivity: Connectivity;
  readonly #session: Session;
  readonly #live: Live;
  readonly #ended = new AbortController();
  readonly #listeners = new Set<(status: EngineStatus) => void>();
  #running: Promise<void> = Promise.resolve();
  #greeted = false;
  #limits = DEFAULT_LIMITS;
  #pullWanted = true;
  #stuck: "sign-in" | "update" | null = null;
  #stored = 0;
  #leading = false;
  /** Ends the sleep between two rounds. */
  #rouse: (() => void) | null = null;
  #woken = false;
  #cancelEdit: (() => void) | null = null;
  #rounds = 0;
  #roundEnded = new Set<() => void>();

  constructor(options: EngineOptions) {
    this.#options = options;
    const { store, network, clock, locks } = options;
    this.#connectivity = new Connectivity(options.random);
    this.#connectivity.onChange(() => this.#tell());
    this.#session = new Session({ network, locks, connectivity: this.#connectivity, owner: async () => (await store.identity()).user_id });
    this.#live = new Live({ network, session: this.#session, clock, connectivity: this.#connectivity }, (head) => this.wake(head), () => this.wake("look"));
  }

  get session(): Session {
    return this.#session;
  }

  get leading(): boolean {
    return this.#leading;
  }

  get status(): EngineStatus {
    return {
      network: this.#connectivity.state, signInNeeded: this.#stuck === "sign-in", updateNeeded: this.#stuck === "update",
      troubled: this.#connectivity.isTroubled, stored: this.#stored,
    };
  }

  onStatus(listener: (status: EngineStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends after the request under way; no method of the store is called afterwards. */
  async stop(): Promise<void> {
    this.#ended.abort();
    this.#cancelEdit?.();
    this.#live.stop();
    this.#rouse?.();
    await this.#running;
  }

  /** In the tab that leads: a round soon. Elsewhere nothing happens; the leader hears of edits from the store. */
  wake(why: Wake): void {
    if (why === "edit") {
      if (this.#stuck) return;
      this.#cancelEdit?.();
      this.#cancelEdit = this.#options.clock.after(QUIET_MS, () => {
        this.#cancelEdit = null;
        this.#rise();
      });
      return;
    }
    if (typeof why === "number") {
      void this.#options.store.head().then((head) => {
        if (why <= head || this.#ended.signal.aborted) return;
        this.#pullWanted = true;
        this.#rise();
      });
      return;
    }
    this.#pullWanted = true;
    this.#rise();
  }

  /** Someone signed in, or the app was updated: try again what was given up. */
  revive(): void {
    this.#stuck = null;
    this.#greeted = false;
    this.#tell();
    this.wake("look");
  }

  /** A round now; answers when one that began after this call has ended. Only in the tab that leads. */
  async round(): Promise<void> {
    if (!this.#leading || this.#ended.signal.aborted) return;
    const after = this.#rounds + (this.#rouse ? 1 : 2);
    this.wake("look");
    const ready = () => this.#rounds >= after || this.#ended.signal.aborted || !this.#leading;
    while (!ready()) await new Promise<void>((resolve) => this.#roundEnded.add(resolve));
  }

  async #run(): Promise<void> {
    const { locks, vault } = this.#options;
    while (!this.#ended.signal.aborted) {
      try {
        await locks.lead(`quill:lead:${vault}`, (leadership) => this.#lead(leadership), this.#ended.signal);
      } catch (error) {
        await this.#sleep(thrown(error));
      }
    }
  }

  async #lead(leadership: Leadership): Promise<void> {
    this.#leading = true;
    this.#greeted = false;
    this.#pullWanted = true;
    try {
      while (!this.#ended.signal.aborted && leadership.beat()) {
        this.#woken = false;
        const { step, more } = await this.#round(leadership).catch((error: unknown) => ({ step: thrown(error), more: false }));
        this.#rounds += 1;
        this.#settle(step);
        for (const ended of this.#roundEnded) ended();
        this.#roundEnded.clear();
        if (step.kind === "lost") return;
        if (!more) await this.#sleep(step);
      }
    } finally {
      this.#leading = false;
      this.#live.stop();
      for (const ended of this.#roundEnded) ended();
      this.#roundEnded.clear();
    }
  }

  async #round(leadership: Leadership): Promise<{ step: Step; more: boolean }> {
    const { store, clock, newId, appVersion, storage, locks } = this.#options;
    const parts: SyncParts & { locks: Locks } = { store, session: this.#session, clock, newId, appVersion, storage, leadership, locks };
    const ended = (step: Step, more = false) => ({ step, more });
    if (!this.#greeted) {
      const greeted = await hello(parts);
      if (greeted.kind !== "done") return ended(greeted);
      this.#limits = greeted.limits ?? this.#limits;
      this.#greeted = true;
    }
    await commitDrafts(parts, "quiet");
    if ((await store.outbox({ count: 1, bytes: 1 })).length > 0) {
      const pushed = await this.#connectivity.sending(() => push(parts, this.#limits));
      if (pushed.head !== null && pushed.head > (await store.head())) this.#pullWanted = true;
      if (pushed.step.kind !== "done") return ended(pushed.step);
    }
    if (this.#pullWanted) {
      this.#pullWanted = false;
      this.#stored = 0;
      const pulled = await pull(parts, this.#limits, (records) => {
        this.#stored += records;
        this.#tell();
      });
      if (pulled.kind !== "done") {
        this.#pullWanted = true;
        return ended(pulled);
      }
      await store.putNote("last-sync", new Date(clock.now()).toISOString());
      this.#tell();
    }
    const upload = await uploadNext(parts);
    return ended(upload.step, upload.more);
  }

  #settle(step: Step): void {
    const stuck = step.kind === "sign-in" || step.kind === "update" ? step.kind : null;
    if (stuck || step.kind === "wait") this.#greeted &&= step.kind === "wait";
    if (stuck) this.#live.stop();
    else if (step.kind === "done") this.#live.start();
    if (this.#stuck === stuck) return;
    this.#stuck = stuck;
    this.#tell();
  }

  async #sleep(step: Step): Promise<void> {
    if (this.#woken || this.#ended.signal.aborted) return;
    const { clock } = this.#options;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(this.#nap(step), () => {
        this.#pullWanted = true;
        resolve();
      });
      this.#rouse = () => {
        cancel();
        resolve();
      };
    });
    this.#rouse = null;
  }

  #nap(step: Step): number {
    if (step.kind === "wait") return this.#connectivity.delay(step.afterMs);
    if (step.kind === "sign-in" || step.kind === "update") return TIMER_LIVE_MS;
    return this.#live.open ? TIMER_LIVE_MS : TIMER_MS;
  }

  #rise(): void {
    this.#woken = true;
    this.#rouse?.();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.status);
  }
}
