import { createContext, use, useCallback, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import type { Kind } from "@quill/schemas";
import type { Device, SyncStatus } from "../sync/device.ts";

const DeviceContext = createContext<Device | null>(null);

export function DeviceProvider({ device, children }: { device: Device; children: ReactNode }) {
  useEffect(() => device.subscribe((event) => {
    if (event.type === "changed" && event.ids.length === 0) forget();
  }), [device]);
  return <DeviceContext value={device}>{children}</DeviceContext>;
}

export function useDevice(): Device {
  const device = use(DeviceContext);
  if (!device) throw new Error("useDevice needs a DeviceProvider");
  return device;
}

/**
 * The newest answer to each question asked so far, so that going back shows a screen at once and the browser can
 * restore its scroll position. Lives as long as the document: locking leaves the document, and this with it.
 */
const answers = new Map<string, unknown>();
const ANSWERS_KEPT = 400;

function remember(key: string, value: unknown): void {
  answers.delete(key);
  answers.set(key, value);
  const oldest = answers.keys().next();
  if (answers.size > ANSWERS_KEPT && !oldest.done) answers.delete(oldest.value);
}

/** Keys of questions on a screen now, and how often. */
const onScreen = new Map<string, number>();
const forgetting = new Set<() => void>();

/** Anything may have changed, and access may have ended: what no screen shows any more is not remembered. */
function forget(): void {
  for (const key of [...answers.keys()]) if (!onScreen.has(key)) answers.delete(key);
  for (const task of forgetting) task();
}

/** For whoever remembers answers elsewhere; for the life of the document. */
export function whenForgetting(task: () => void): void {
  forgetting.add(task);
}

export interface Asked<T> {
  /** undefined until the first answer. */
  answer: T | undefined;
  /** False while `answer` is only remembered from an earlier visit. */
  fresh: boolean;
  failed: boolean;
  refresh: () => void;
}

/**
 * Asks the device and asks again whenever a record of one of `kinds` changes (all kinds if none is named).
 * `key` names the question; two askers of one key share the last answer.
 */
export function useAnswer<T>(key: string, ask: (device: Device) => Promise<T>, kinds: readonly Kind[] = []): Asked<T> {
  const device = useDevice();
  const [, render] = useState(0);
  const [failed, setFailed] = useState(false);
  const latest = useRef({ key, ask, asked: 0, answered: "" });
  latest.current.key = key;
  latest.current.ask = ask;

  const refresh = useCallback(() => {
    const turn = ++latest.current.asked;
    const asking = latest.current.key;
    latest.current.ask(device).then(
      (value) => {
        remember(asking, value);
        latest.current.answered = asking;
        if (turn !== latest.current.asked) return;
        setFailed(false);
        render((n) => n + 1);
      },
      () => {
        if (turn === latest.current.asked) setFailed(true);
      },
    );
  }, [device]);

  const watched = kinds.join();
  useEffect(() => {
    onScreen.set(key, (onScreen.get(key) ?? 0) + 1);
    return () => {
      const others = (onScreen.get(key) ?? 1) - 1;
      if (others > 0) onScreen.set(key, others);
      else onScreen.delete(key);
    };
  }, [key]);

  useEffect(() => {
    refresh();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = device.subscribe((event) => {
      if (event.type !== "changed") return;
      if (watched !== "" && !event.kinds.some((kind) => watched.split(",").includes(kind))) return;
      // Changes come in bursts while a page of the log is stored: ask once per burst.
      timer ??= setTimeout(() => {
        timer = undefined;
        refresh();
      }, 60);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [device, key, refresh, watched]);

  return { answer: answers.get(key) as T | undefined, fresh: latest.current.answered === key, failed, refresh };
}

let status: SyncStatus | undefined;

/** Network and outbox as they are now; undefined until the device has said so once. */
export function useStatus(): SyncStatus | undefined {
  const device = useDevice();
  const subscribe = useCallback(
    (changed: () => void) => {
      const take = (next: SyncStatus) => {
        status = next;
        changed();
      };
      device.status().then(take, () => undefined);
      return device.subscribe((event) => {
        if (event.type === "status") take(event.status);
      });
    },
    [device],
  );
  return useSyncExternalStore(subscribe, () => status);
}
