import type { Device } from "../sync/device.ts";
import { fixtureDevice } from "./fixture-device.ts";

export function startDevice(): Promise<Device> {
  return Promise.resolve(fixtureDevice());
}
