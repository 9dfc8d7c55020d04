import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: {
    alias: { "@quill/schemas": fileURLToPath(new URL("../shared-schemas/generated/typescript/index.ts", import.meta.url)) },
  },
  test: { include: ["src/**/*.test.ts"] },
});
