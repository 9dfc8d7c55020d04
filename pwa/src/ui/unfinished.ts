import { useCallback, useEffect, useRef, useState } from "react";
import { useDevice } from "./device.tsx";
import { holdTyping } from "./typing.ts";

const SEAL_EVERY_MS = 1000;

/**
 * Something being written that is no record yet: sealed every second as a letter is, and there again after a lock.
 * @param key names it and the scope it belongs to (`message patient:<id>`): it goes with the scope
 * @returns what is written, how to change it, and how to put it away once it was sent
 */
export function useUnfinished<T>(key: string, empty: T): [T, (value: T) => void, () => Promise<void>] {
  const device = useDevice();
  const [value, setValue] = useState(empty);
  /** Written and not sealed yet; null: put it away. */
  const unsealed = useRef<{ value: T | null }>(undefined);
  const touched = useRef(false);
  const sealing = useRef<Promise<void>>(Promise.resolve());
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const start = useRef(empty);

  const flush = useCallback((): Promise<void> => {
    clearTimeout(timer.current);
    timer.current = undefined;
    sealing.current = sealing.current.then(async () => {
      const batch = unsealed.current;
      if (!batch) return;
      unsealed.current = undefined;
      try {
        await device.keepUnfinished(key, batch.value);
      } catch {
        unsealed.current ??= batch; // the next change, or a lock, tries again
      }
    });
    return sealing.current;
  }, [device, key]);

  const change = useCallback((next: T) => {
    touched.current = true;
    setValue(next);
    unsealed.current = { value: next };
    timer.current ??= setTimeout(() => void flush(), SEAL_EVERY_MS);
  }, [flush]);

  const putAway = useCallback((): Promise<void> => {
    setValue(start.current);
    unsealed.current = { value: null };
    return flush();
  }, [flush]);

  useEffect(() => {
    device.unfinished(key).then(
      (found) => {
        if (found !== null && !touched.current) setValue(found as T);
      },
      () => undefined,
    );
    const release = holdTyping(flush);
    return () => {
      release();
      void flush();
    };
  }, [device, flush, key]);

  return [value, change, putAway];
}
