/** What each step of syncing works with. */
import type { Session } from "./refresh.ts";
import type { Clock, DeviceStore, Leadership } from "./ports.ts";

export interface SyncParts {
  store: DeviceStore;
  session: Session;
  clock: Clock;
  /** Makes a UUIDv7. */
  newId: () => string;
  appVersion: string;
  storage: () => Promise<{ persisted: boolean; quota: number; usage: number }>;
  leadership: Leadership;
}
