/**
 * Web Locks as `leader.ts` uses them, in the world's time: the leader of a vault keeps the lock until its tab dies or has slept too
 * long; whoever slept so long finds out with its next beat. `Careless` ones let every tab lead at once, which must do no harm.
 */
import type { Locks } from "../../pwa/src/sync/ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Tab } from "./tab.ts";

const ASLEEP_MS = 8_000;
const ROBBED_AFTER_MS = 12_000;
const EXCLUSIVE_PATIENCE_MS = 10_000;

interface Turn {
  tab: Tab;
  go: () => void;
}

/** One lock of one name: a holder, and who waits. */
class Lock {
  holder: Turn | null = null;
  readonly waiting: Turn[] = [];

  ask(turn: Turn): void {
    this.waiting.push(turn);
    this.next();
  }

  leave(turn: Turn): void {
    const place = this.waiting.indexOf(turn);
    if (place >= 0) this.waiting.splice(place, 1);
    if (this.holder !== turn) return;
    this.holder = null;
    this.next();
  }

  next(): void {
    if (this.holder !== null) return;
    const turn = this.waiting.shift();
    if (!turn) return;
    this.holder = turn;
    turn.go();
  }
}

export class ProfileLocks {
  readonly #clock: WorldClock;
  readonly #careless: boolean;
  readonly #locks = new Map<string, Lock>();

  constructor(clock: WorldClock, careless: boolean) {
    this.#clock = clock;
    this.#careless = careless;
  }

  of(tab: Tab): Locks {
    return {
      lead: async (name, task, signal) => {
        if (signal.aborted) return;
        const lock = this.#lock(this.#careless ? `${name} ${tab.name}` : name);
        const turn = await this.#turnOf(lock, tab, signal);
        if (!turn) return;
        tab.takeSlept();
        let lost = false;
        const beat = () => {
          lost ||= tab.takeSlept() > ASLEEP_MS;
          return !lost;
        };
        this.#robWhenAsleep(lock, turn);
        try {
          await task({ beat });
        } finally {
          lock.leave(turn);
        }
      },
      exclusive: async (name, task) => {
        const lock = this.#lock(name);
        const patience = new AbortController();
        const stop = this.#clock.after(EXCLUSIVE_PATIENCE_MS, () => patience.abort());
        const turn = await this.#turnOf(lock, tab, patience.signal);
        stop();
        try {
          return await task(); // also without its turn: the holder sleeps
        } finally {
          if (turn) lock.leave(turn);
        }
      },
    };
  }

  #lock(name: string): Lock {
    let lock = this.#locks.get(name);
    if (!lock) this.#locks.set(name, (lock = new Lock()));
    return lock;
  }

  /** null: the signal came first. */
  async #turnOf(lock: Lock, tab: Tab, signal: AbortSignal): Promise<Turn | null> {
    const turn: Turn = { tab, go: () => undefined };
    tab.onEnd(() => lock.leave(turn));
    const got = await new Promise<boolean>((resolve) => {
      turn.go = () => resolve(true);
      signal.addEventListener("abort", () => resolve(false));
      lock.ask(turn);
    });
    if (!got) lock.leave(turn);
    return got ? turn : null;
  }

  #robWhenAsleep(lock: Lock, turn: Turn): void {
    const look = () => {
      if (lock.holder !== turn) return;
      if (turn.tab.sleeping >= ROBBED_AFTER_MS && lock.waiting.length > 0) lock.leave(turn);
      else this.#clock.after(2_000, look);
    };
    this.#clock.after(2_000, look);
  }
}
