/**
 * Leading among tabs, by Web Locks. The lock alone would stay with a tab that the browser froze, so the leader also beats
 * over a channel; one that is silent for too long is robbed of the lock. When it wakes it finds the gap in its own beats
 * before it does anything.
 */
import type { Leadership, Locks } from "./ports.ts";

const BEAT_MS = 2_000;
/** A leader that finds such a gap in its own beats no longer trusts that it leads. */
const ASLEEP_MS = 8_000;
/** Silence after which another tab takes the lock: longer, so that no two ever think they lead. */
const ROBBED_AFTER_MS = 12_000;
const EXCLUSIVE_PATIENCE_MS = 10_000;

export function browserLocks(locks: LockManager = navigator.locks): Locks {
  return {
    lead: async (name, task, signal) => {
      const beats = new BroadcastChannel(name);
      const silence = new AbortController();
      const robbed = new AbortController();
      let heard = Date.now();
      beats.onmessage = () => {
        heard = Date.now();
      };
      const watch = setInterval(() => {
        if (Date.now() - heard >= ROBBED_AFTER_MS) silence.abort();
      }, BEAT_MS);
      const led: Promise<void>[] = []; // one at most
      const hold = () => {
        clearInterval(watch);
        const leading = holding(beats, task, robbed.signal);
        led.push(leading);
        return leading;
      };
      try {
        await locks.request(name, { signal: AbortSignal.any([signal, silence.signal]) }, hold).catch(rethrowUnlessAbort);
        // Silence: the leader sleeps. Whoever led and was robbed has slept too: it waits for its turn like everybody.
        if (led.length === 0 && !signal.aborted) await locks.request(name, { steal: true }, hold).catch(rethrowUnlessAbort);
      } finally {
        robbed.abort();
        await Promise.allSettled(led); // no second lead in this tab before the first has ended
        clearInterval(watch);
        beats.close();
      }
    },

    exclusive: async (name, task) => {
      const turn = { started: false };
      const once = () => {
        turn.started = true;
        return task();
      };
      try {
        return await locks.request(name, { signal: AbortSignal.timeout(EXCLUSIVE_PATIENCE_MS) }, once);
      } catch (error) {
        if (turn.started || !isAbort(error)) throw error;
        return await task(); // its holder sleeps; the lock only spares work done twice
      }
    },
  };
}

async function holding(beats: BroadcastChannel, task: (leadership: Leadership) => Promise<void>, robbed: AbortSignal): Promise<void> {
  let last = Date.now();
  let lost = false;
  const beat = () => {
    const now = Date.now();
    lost ||= robbed.aborted || now - last > ASLEEP_MS || now < last - ASLEEP_MS;
    if (lost) return false;
    last = now;
    beats.postMessage("awake");
    return true;
  };
  beat();
  const timer = setInterval(beat, BEAT_MS);
  try {
    await task({ beat });
  } finally {
    clearInterval(timer);
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && (error.name === "AbortError" || error.name === "TimeoutError");
}

function rethrowUnlessAbort(error: unknown): void {
  if (!isAbort(error)) throw error;
}
