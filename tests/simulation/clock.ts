/**
 * The world's time. It moves only when nobody has anything left to do at this moment, from one thing due to the next: hours pass
 * in seconds, and what happens at one seed happens in the same order again. Whatever takes real time (the server, a command)
 * is `outside`: time stands still for it.
 */
import { createHash } from "node:crypto";
import type { Clock } from "../../pwa/src/sync/ports.ts";

interface Due {
  at: number;
  /** Things due at one moment happen in the order in which they were asked for. */
  order: number;
  task: () => void;
}

export class WorldClock implements Clock {
  #now = Date.UTC(2026, 0, 5, 8);
  #order = 0;
  #due: Due[] = [];
  #outside = 0;
  #back: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  after(delay: number, task: () => void): () => void {
    const due: Due = { at: this.#now + Math.max(0, Math.round(delay)), order: this.#order++, task };
    this.#due.push(due);
    return () => {
      this.#due = this.#due.filter((one) => one !== due);
    };
  }

  sleep(delay: number): Promise<void> {
    return new Promise((resolve) => this.after(delay, resolve));
  }

  async outside<T>(task: () => Promise<T>): Promise<T> {
    this.#outside += 1;
    try {
      return await task();
    } finally {
      this.#outside -= 1;
      if (this.#outside === 0) for (const back of this.#back.splice(0)) back();
    }
  }

  /** Lets time pass until `done`, at most `longest`. @returns whether it was done */
  async pass(longest: number, done: () => boolean = () => false): Promise<boolean> {
    const end = this.#now + longest;
    for (;;) {
      await this.#settled();
      if (done()) return true;
      const next = this.#due.reduce<Due | null>((first, one) => (first === null || one.at < first.at || (one.at === first.at && one.order < first.order) ? one : first), null);
      if (next === null || next.at > end) {
        this.#now = end;
        return false;
      }
      this.#due = this.#due.filter((one) => one !== next);
      this.#now = next.at;
      next.task();
    }
  }

  /** Until every promise that can be kept without time or the outside is kept. */
  async #settled(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet++) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (this.#outside === 0) continue;
      await new Promise<void>((resolve) => this.#back.push(resolve));
      quiet = -1;
    }
  }
}

/** Hashing on Node's thread pool would be work going on unseen; here it is done at once. */
crypto.subtle.digest = (_algorithm, data) => {
  const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
  return Promise.resolve(new Uint8Array(createHash("sha256").update(bytes).digest()).buffer);
};
