import type { ComponentType } from "react";
import { createBrowserRouter, type RouteObject } from "react-router";
import { Frame } from "./frame.tsx";
import { LostPage, ScreenFailed } from "./lost-page.tsx";

/**
 * Every screen has an address of ids; none holds clinical content, and the search text is in no address.
 * Each is fetched when it is first opened, or by `fetchScreens` when the app has nothing else to do.
 */
const screens = {
  "": async () => ({ Component: (await import("./pages/work.tsx")).WorkPage }),
  patients: async () => ({ Component: (await import("../features/patients/patient-list.tsx")).PatientList }),
  "patients/:patientId": async () => ({ Component: (await import("./pages/patient.tsx")).PatientPage }),
  "letters/:letterId": async () => ({ Component: (await import("../features/letters/letter-page.tsx")).LetterPage }),
  messages: async () => ({ Component: (await import("../features/messages/messages-page.tsx")).MessagesPage }),
  sync: async () => ({ Component: (await import("./pages/sync.tsx")).SyncScreen }),
  "review/:conflictId?": async () => ({ Component: (await import("../features/conflicts/conflict-desk.tsx")).ConflictDesk }),
  settings: async () => ({ Component: (await import("./pages/settings.tsx")).SettingsPage }),
} satisfies Record<string, () => Promise<{ Component: ComponentType }>>;

export function router() {
  const children: RouteObject[] = Object.entries(screens).map(([path, lazy]) => ({ ...(path ? { path } : { index: true as const }), lazy, ErrorBoundary: ScreenFailed }));
  children.push({ path: "*", Component: LostPage });
  return createBrowserRouter([{ path: "/", Component: Frame, HydrateFallback: () => null, children }], { basename: "/app" });
}

/** Once fetched a screen stays, even when a newer version of the app has taken its file away. */
export function fetchScreens(): void {
  for (const fetchScreen of Object.values(screens)) fetchScreen().catch(() => undefined);
}
