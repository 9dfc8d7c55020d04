import { useEffect, useState } from "react";

/** Whether the app itself lies on this device, so that it opens without network. Where no worker can be, it never does. */
export function useShellKept(): boolean {
  const container = "serviceWorker" in navigator ? navigator.serviceWorker : undefined;
  const [kept, setKept] = useState(Boolean(container?.controller));
  useEffect(() => {
    let left = false;
    void container?.ready.then(() => {
      if (!left) setKept(true);
    });
    return () => {
      left = true;
    };
  }, [container]);
  return kept;
}
