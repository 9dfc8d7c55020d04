import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Run from pwa/, whose packages it uses. A plain object: the config itself needs none of them. */
export default {
  root: here("../.."),
  resolve: {
    alias: [
      { find: "@quill/schemas", replacement: here("../../shared-schemas/generated/typescript/index.ts") },
      { find: /^(vitest|fast-check)$/, replacement: here("../../pwa/node_modules/") + "$1" },
    ],
  },
  server: { fs: { strict: false } },
  test: { include: ["tests/simulation/**/*.test.ts"], testTimeout: 240_000, hookTimeout: 120_000 },
};
