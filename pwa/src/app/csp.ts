/**
 * The content security policy of every answer under `/app/` and of the page at `/`; the build writes it to
 * `dist/csp.txt`, the server sends what it finds there.
 *
 * Nothing is inline: Mantine's variables are compiled into a stylesheet (see vite.config.ts), elements are styled
 * through the CSSOM only. `'wasm-unsafe-eval'` is for Argon2 in the device worker. The one Trusted Types policy
 * (trusted-types.ts) passes the addresses of our own workers and refuses all markup.
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "style-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types default",
].join("; ");
