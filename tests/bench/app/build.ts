/** The measuring worker as the app is built: with sealing, and (the same layout, unsealed) without. */
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

export const ROOT = resolve(import.meta.dirname, "../../..");
export const PWA = createRequire(join(ROOT, "pwa/package.json"));

/** @param peer folder in which the peer's packages are; null: it is missing */
export async function build(into: string, peer: string | null): Promise<void> {
  const vite = (await import(pathToFileURL(PWA.resolve("vite")).href)) as typeof import("../../../pwa/node_modules/vite");
  const packages = peer ? { dexie: join(peer, "node_modules/dexie/dist/modern/dexie.mjs"), "dexie-encrypted": join(peer, "node_modules/dexie-encrypted") } : {};
  for (const sealing of [true, false]) {
    await vite.build({
      configFile: false,
      root: import.meta.dirname,
      logLevel: "error",
      define: { __QUILL_SEALING__: String(sealing), __PEER__: String(peer !== null), global: "globalThis" },
      resolve: {
        alias: {
          "@quill/schemas": join(ROOT, "shared-schemas/generated/typescript/index.ts"),
          "hash-wasm": join(ROOT, "pwa/node_modules/hash-wasm"),
          ...packages,
        },
      },
      build: {
        outDir: join(into, sealing ? "sealed" : "unsealed"),
        target: "es2022",
        modulePreload: false,
        rollupOptions: { input: join(import.meta.dirname, "worker.ts"), output: { entryFileNames: "worker.js" } },
      },
    });
  }
}
