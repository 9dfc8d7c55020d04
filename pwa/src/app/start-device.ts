import { openDevice } from "../sync/open-device.ts";
import type { Device } from "../sync/device.ts";

/** The device worker; in a build with `--mode fixture` (layout work, screenshots) an invented ward in memory. */
export async function startDevice(): Promise<Device> {
  if (import.meta.env.MODE === "fixture") return (await import("./fixture-device.ts")).fixtureDevice();
  return openDevice();
}
