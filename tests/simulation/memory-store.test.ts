import { storeConformance } from "../../pwa/src/sync/store-conformance.ts";
import { MemoryStore } from "./memory-store.ts";
import { randomUuid } from "./seeded.ts";

storeConformance("memory store", () =>
  Promise.resolve(new MemoryStore({ organisation_id: randomUuid(), user_id: randomUuid(), newId: randomUuid })),
);
