import { describe, expect, it } from "vitest";
import { isOurScript } from "./trusted-types.ts";

const base = "https://ward.example/app/patients";

describe("addresses a worker may be started from", () => {
  it("are our built files and the service worker", () => {
    expect(isOurScript("/app/assets/worker-Bq1_x2.js", base)).toBe(true);
    expect(isOurScript("https://ward.example/app/service-worker.js", base)).toBe(true);
  });

  it.each([
    "https://evil.example/app/assets/worker.js",
    "/app/assets/../../api/attachments/1/content.js",
    "/app/assets/worker.js?inject=1",
    "/api/attachments/1/content",
    "data:text/javascript,alert(1)",
    "blob:https://ward.example/1",
    "/app/assets/deep/worker.js",
  ])("are not %s", (address) => {
    expect(isOurScript(address, base)).toBe(false);
  });
});
