import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { convertCssVariables, DEFAULT_THEME, defaultCssVariablesResolver, mergeMantineTheme } from "@mantine/core";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { CONTENT_SECURITY_POLICY } from "./src/app/csp.ts";
import { theme } from "./src/ui/theme.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/**
 * Mantine writes its variables into a `<style>` element at run time, which neither `style-src 'self'` nor Trusted Types
 * allow. They depend on nothing but the theme, so they become a stylesheet here.
 */
function mantineVariables(): Plugin {
  const id = "virtual:mantine-variables.css";
  return {
    name: "quill:mantine-variables",
    resolveId: (source) => (source === id ? `\0${id}` : undefined),
    load(source) {
      if (source !== `\0${id}`) return undefined;
      const css = convertCssVariables(defaultCssVariablesResolver(mergeMantineTheme(DEFAULT_THEME, theme)));
      return `${css}\n:root{color-scheme:var(--mantine-color-scheme)}`;
    },
  };
}

/** `dist/csp.txt`, and the page at `/` (`dist/public/`). */
function besidesTheApp(): Plugin {
  return {
    name: "quill:besides-the-app",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "csp.txt", source: `${CONTENT_SECURITY_POLICY}\n` });
      for (const name of ["index.html", "site.css"]) {
        this.emitFile({ type: "asset", fileName: `public/${name}`, source: readFileSync(here(`./pages/${name}`)) });
      }
    },
  };
}

/** Each text file once more as `.br` and `.gz`, so that the server packs nothing while it serves. */
function packed(): Plugin {
  let folder = "";
  return {
    name: "quill:packed",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle: {
      order: "post",
      sequential: true,
      handler() {
        for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || !/\.(js|css|html|svg|wasm|webmanifest)$/.test(entry.name)) continue;
          const file = join(entry.parentPath, entry.name);
          const bytes = readFileSync(file);
          writeFileSync(`${file}.br`, brotliCompressSync(bytes));
          writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
        }
      },
    },
  };
}

/** The mode of the one build that seals nothing: it shows that the search of a disk finds what lies there (`tests/e2e`). */
const UNSEALED = "unsealed";

/** Keeps that build away from where the app is served from, and has it say on every screen what it is. */
function unsealed(): Plugin {
  return {
    name: "quill:unsealed",
    apply: (_, { mode }) => mode === UNSEALED,
    configResolved({ root, build, logger }) {
      if (resolve(root, build.outDir) === here("./dist")) throw new Error("A build that seals nothing never goes to pwa/dist: give it another --outDir.");
      logger.warn("THIS BUILD SEALS NOTHING: everything it stores can be read by whoever has the disk. For tests only.");
    },
    transformIndexHtml: () => [{ tag: "p", attrs: { role: "alert" }, children: "Nothing is sealed in this build. For tests only.", injectTo: "body-prepend" }],
  };
}

export default defineConfig(({ mode }) => ({
  base: "/app/",
  define: { __QUILL_SEALING__: JSON.stringify(mode !== UNSEALED) },
  resolve: { alias: { "@quill/schemas": here("../shared-schemas/generated/typescript/index.ts") } },
  build: { target: "es2022", modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  worker: { format: "es" },
  server: { proxy: { "/api": { target: process.env["QUILL_SERVER"] ?? "http://localhost:8000", ws: true } } },
  plugins: [
    react(),
    mantineVariables(),
    besidesTheApp(),
    unsealed(),
    VitePWA({
      strategies: "injectManifest",
      srcDir: "src",
      filename: "service-worker.ts",
      injectRegister: false,
      injectManifest: {
        globPatterns: ["index.html", "blank.*", "assets/**/*.{js,css,wasm}", "icons/*"],
        maximumFileSizeToCacheInBytes: 4 << 20,
      },
      manifest: {
        id: "/app/",
        name: "Quill",
        short_name: "Quill",
        lang: "en-GB",
        description: "Clinical letters that keep working without network.",
        start_url: "/app/",
        scope: "/app/",
        display: "standalone",
        background_color: "#ffffff",
        theme_color: "#ffffff",
        icons: [
          { src: "icons/quill.svg", sizes: "any", type: "image/svg+xml" },
          { src: "icons/quill-192.png", sizes: "192x192", type: "image/png" },
          { src: "icons/quill-512.png", sizes: "512x512", type: "image/png" },
          { src: "icons/quill-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
        ],
      },
    }),
    packed(),
  ],
}));
