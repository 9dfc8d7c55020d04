/** Requests in the person's session: whose vault they are for, and when a session is renewed. */
import { expect, it } from "vitest";
import { Connectivity } from "./connectivity.ts";
import { locks, ok } from "./device-for-tests.ts";
import type { Answer, NetworkRequest } from "./ports.ts";
import { Session } from "./refresh.ts";

const ended: Answer = { kind: "error", status: 401, error: { error_code: "session_ended", message: "" } };
const troubled: Answer = { kind: "error", status: 503, error: { error_code: "not_ready", message: "" }, retryAfterMs: 2_000 };

/** @param answers of every path but `refresh`, which has its own */
function session(answers: Answer[], renewals: Answer[]) {
  const sent: NetworkRequest[] = [];
  const request = (asked: NetworkRequest) => {
    sent.push(asked);
    return Promise.resolve((asked.path === "/api/auth/refresh" ? renewals : answers).shift() ?? ok({}));
  };
  const parts = { network: { request, live: () => ({ close: () => undefined }) }, locks: locks(), connectivity: new Connectivity(), owner: () => Promise.resolve("amara") };
  return { session: new Session(parts), sent };
}

const asking: NetworkRequest = { method: "GET", path: "/api/sync/changes" };

it("says of every request to our server whose vault it is for, and to nobody else", async () => {
  const { session: mine, sent } = session([ended], []);
  await mine.call(asking);
  await mine.call({ method: "PUT", path: "https://store.example/part" });
  expect(sent.map(({ path, headers }) => [path, headers?.["X-Quill-User"]])).toEqual([
    ["/api/sync/changes", "amara"], ["/api/auth/refresh", "amara"], ["/api/sync/changes", "amara"], ["https://store.example/part", undefined],
  ]);
});

it("renews once for those who were refused together, and again when the next token has run out", async () => {
  const { session: mine, sent } = session([ended, ended], []);
  await Promise.all([mine.call(asking), mine.call(asking)]);
  const renewals = () => sent.filter(({ path }) => path === "/api/auth/refresh").length;
  expect(renewals()).toBe(1);
  const later = session([ended, ok({}), ended], []);
  await later.session.call(asking);
  expect((await later.session.call(asking)).kind).toBe("ok");
  expect(later.sent.filter(({ path }) => path === "/api/auth/refresh")).toHaveLength(2);
});

it("doesn't call a session over when only its renewal failed", async () => {
  const { session: mine } = session([ended], [troubled]);
  expect(await mine.call(asking)).toEqual(troubled);
  expect(await session([ended], [ended]).session.call(asking)).toEqual(ended);
  expect(await session([ended], [{ kind: "unreachable", reason: "offline" }]).session.call(asking)).toMatchObject({ kind: "unreachable" });
});
