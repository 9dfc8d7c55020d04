import { createBrowserRouter, type RouteObject } from "react-router";
import { Frame } from "./frame.tsx";
import { LostPage, ScreenFailed } from "./lost-page.tsx";

/** Every screen has an address of ids; none holds clinical content, and the search text is in no address. */
const screens: RouteObject[] = [
  { index: true, lazy: async () => ({ Component: (await import("./pages/work.tsx")).WorkPage }) },
  { path: "patients", lazy: async () => ({ Component: (await import("../features/patients/patient-list.tsx")).PatientList }) },
  { path: "patients/:patientId", lazy: async () => ({ Component: (await import("./pages/patient.tsx")).PatientPage }) },
  { path: "letters/:letterId", lazy: async () => ({ Component: (await import("../features/letters/letter-page.tsx")).LetterPage }) },
  { path: "messages", lazy: async () => ({ Component: (await import("../features/messages/messages-page.tsx")).MessagesPage }) },
  { path: "sync", lazy: async () => ({ Component: (await import("../features/sync/sync-page.tsx")).SyncPage }) },
  { path: "review", lazy: async () => ({ Component: (await import("../features/conflicts/conflict-desk.tsx")).ConflictDesk }) },
  { path: "review/:conflictId", lazy: async () => ({ Component: (await import("../features/conflicts/conflict-desk.tsx")).ConflictDesk }) },
  { path: "settings", lazy: async () => ({ Component: (await import("./pages/settings.tsx")).SettingsPage }) },
  { path: "*", Component: LostPage },
];

export function router() {
  return createBrowserRouter(
    [{ path: "/", Component: Frame, HydrateFallback: () => null, children: screens.map((screen) => ({ ...screen, ErrorBoundary: ScreenFailed })) }],
    { basename: "/app" },
  );
}
