import "fake-indexeddb/auto";
import { makeVault, openTab } from "../vault/vault-for-tests.ts";
import { storeConformance } from "./store-conformance.ts";

storeConformance("vault", async () => openTab(await makeVault()));
