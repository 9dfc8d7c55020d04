import { useEffect, useMemo } from "react";
import { RouterProvider } from "react-router/dom";
import type { Who } from "../sync/device.ts";
import { useDevice } from "../ui/device.tsx";
import { useIdleLock } from "./idle-lock.ts";
import { fetchScreens, router } from "./routes.tsx";
import { WhoProvider } from "../ui/who.tsx";

/** Everything behind the lock. */
export default function OpenApp({ who }: { who: Who }) {
  useIdleLock(useDevice());
  const routes = useMemo(() => router(), []);
  useEffect(() => {
    // Without a promise the browser may throw the vault away when space runs short; it may ask, or decide by itself.
    void navigator.storage.persist().catch(() => undefined);
    const timer = setTimeout(fetchScreens, 3000);
    return () => clearTimeout(timer);
  }, []);
  return (
    <WhoProvider who={who}>
      <RouterProvider router={routes} />
    </WhoProvider>
  );
}
