import { useEffect } from "react";
import type { Device } from "../sync/device.ts";
import { lockPolicy } from "../ui/lock-policy.ts";

const SIGNS_OF_LIFE = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"] as const;

/**
 * Locks when nobody touches the device, or it is left in the background. A frozen tab runs no timers, so the deadlines
 * are compared with the clock again whenever the page is shown, focused or touched.
 */
export function useIdleLock(device: Device): void {
  useEffect(() => {
    let touched = Date.now();
    let hiddenSince = document.visibilityState === "hidden" ? Date.now() : null;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let locking = false;

    const deadline = () => {
      const { idleMs, hiddenMs } = lockPolicy();
      const idle = touched + idleMs;
      return hiddenSince === null ? idle : Math.min(idle, hiddenSince + hiddenMs);
    };
    const check = () => {
      if (locking) return;
      const left = deadline() - Date.now();
      if (left <= 0) {
        locking = true;
        void device.lock().finally(() => {
          locking = false;
        });
        return;
      }
      clearTimeout(timer);
      timer = setTimeout(check, left);
    };
    const alive = () => {
      check(); // a first touch after the deadline must find the screen locked, not extend it
      if (!locking) touched = Date.now();
    };
    const shown = () => {
      check();
      hiddenSince = document.visibilityState === "hidden" ? (hiddenSince ?? Date.now()) : null;
      if (!locking) check();
    };

    check();
    for (const sign of SIGNS_OF_LIFE) addEventListener(sign, alive, { passive: true, capture: true });
    document.addEventListener("visibilitychange", shown);
    for (const event of ["pageshow", "focus", "resume"]) addEventListener(event, shown);
    return () => {
      clearTimeout(timer);
      for (const sign of SIGNS_OF_LIFE) removeEventListener(sign, alive, { capture: true });
      document.removeEventListener("visibilitychange", shown);
      for (const event of ["pageshow", "focus", "resume"]) removeEventListener(event, shown);
    };
  }, [device]);
}
