/**
 * The only Trusted Types policy. It is the default one, so that `new Worker` and `serviceWorker.register` pass through
 * it without ceremony; it knows no way to make markup or script text, so every such sink throws.
 */
interface PolicyFactory {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): unknown;
}

export function isOurScript(address: string, base: string): boolean {
  const url = new URL(address, base);
  const home = new URL(base);
  if (url.origin !== home.origin || url.search !== "" || url.hash !== "") return false;
  return url.pathname === "/app/service-worker.js" || /^\/app\/assets\/[\w.-]+\.js$/.test(url.pathname);
}

export function installTrustedTypes(): void {
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
  factory?.createPolicy("default", {
    createScriptURL(url) {
      if (import.meta.env.DEV || isOurScript(url, location.href)) return url;
      throw new TypeError(`Refused to run a script from ${url}`);
    },
  });
}
