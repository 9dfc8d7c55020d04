import importX from "eslint-plugin-import-x";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

/** The layers, from the screens down; each may import itself and what stands to its right. */
const ARROWS = {
  app: ["features", "sync", "ui", "domain"],
  features: ["sync", "ui", "domain"],
  sync: ["vault", "domain"],
  ui: ["domain"],
  vault: ["domain"],
  domain: [],
};
const LAYERS = Object.keys(ARROWS);

const message = "Against the arrows: app → features → sync | ui → vault → domain → @quill/schemas.";
/** One rule for each layer: files outside its arrows can't be imported, whatever the depth of the path. */
const layers = LAYERS.map((layer) => ({
  files: [`src/${layer}/**/*.{ts,tsx}`],
  rules: {
    "import-x/no-restricted-paths": ["error", {
      zones: LAYERS.filter((other) => other !== layer && !ARROWS[layer].includes(other)).map((other) => ({
        target: `./src/${layer}`,
        from: `./src/${other}`,
        // Screens are made of the device's answers: their types alone may be known to the shared parts and the store.
        ...((layer === "ui" || layer === "vault") && other === "sync" && { except: ["./device.ts", "./ports.ts"] }),
        message,
      })),
    }],
  },
}));

/** No feature imports a feature: what two of them need is in ui/, what joins them is in app/pages/. */
const features = {
  files: ["src/features/**/*.{ts,tsx}"],
  rules: {
    "no-restricted-imports": ["error", { patterns: [{ regex: "^\\.\\./(?!\\.\\./)", message: "No feature imports a feature." }] }],
  },
};

/** The browser keeps a field's text on its disk, in clear, to restore the tab with; the theme says "off" for Mantine's own. */
const unkept = {
  files: ["src/**/*.tsx"],
  rules: {
    "no-restricted-syntax": ["error", {
      selector: "JSXOpeningElement[name.name=/^(input|textarea|select)$/]:not(:has(> JSXAttribute[name.name='autoComplete']))",
      message: "Say autoComplete, or what is typed here lies unsealed on the disk.",
    }],
  },
};

/** What only one layer may touch. */
const only = (owner, names) => ({
  files: ["src/**/*.{ts,tsx}"],
  ignores: [`src/${owner}/**`, "src/**/*.test.ts"],
  rules: Object.fromEntries([["no-restricted-globals", ["error", ...names]]]),
});
const STORAGE = ["indexedDB", "IDBKeyRange"].map((name) => ({ name, message: "Only the vault touches IndexedDB." }));
const NETWORK = ["fetch", "XMLHttpRequest", "WebSocket", "EventSource"].map((name) => ({ name, message: "Only sync talks to the server." }));

export default tseslint.config(
  { ignores: ["dist", "node_modules", "public", "scripts", "coverage"] },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { "import-x": importX, "react-hooks": reactHooks },
    settings: { "import-x/resolver-next": [importX.createNodeResolver({ extensions: [".ts", ".tsx", ".js"] })] },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-confusing-void-expression": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
      "no-console": "error",
      "import-x/no-cycle": "error",
    },
  },
  ...layers,
  features,
  unkept,
  only("vault", [...STORAGE, ...NETWORK]),
  // sync may talk to the server, not to the store; the vault the other way round.
  { files: ["src/sync/**/*.ts"], rules: { "no-restricted-globals": ["error", ...STORAGE] } },
  { files: ["src/vault/**/*.ts"], ignores: ["src/**/*.test.ts"], rules: { "no-restricted-globals": ["error", ...NETWORK] } },
  { files: ["*.config.{js,ts}"], ...tseslint.configs.disableTypeChecked },
);
