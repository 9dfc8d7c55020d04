import { storeConformance } from "../../pwa/src/sync/store-conformance.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { MemoryStore } from "./memory-store.ts";
import { randomUuid } from "./seeded.ts";

storeConformance("memory store", () => {
  const disk = new MemoryDisk({ device_id: randomUuid(), organisation_id: randomUuid(), user_id: randomUuid() });
  return Promise.resolve(new MemoryStore(randomUuid(), disk, randomUuid));
});
