/** The live socket: its ticket is asked for as every other request is, in the person's session. */
import { expect, it, vi } from "vitest";
import { Connectivity } from "./connectivity.ts";
import { Live } from "./live.ts";
import type { Answer, NetworkRequest } from "./ports.ts";
import { Session } from "./refresh.ts";

function live(answer: Answer) {
  const sent: NetworkRequest[] = [];
  const tickets: (string | null)[] = [];
  const connectivity = new Connectivity(() => 0.5);
  const network = {
    request: (asked: NetworkRequest) => Promise.resolve((sent.push(asked), answer)),
    live: (ticket: () => Promise<string | null>) => {
      void ticket().then((one) => tickets.push(one));
      return { close: () => undefined };
    },
  };
  const locks = { lead: () => Promise.resolve(), exclusive: <T>(_: string, task: () => Promise<T>) => task() };
  const clock = { now: () => 0, after: () => () => undefined };
  const session = new Session({ network, locks, connectivity, owner: () => Promise.resolve("amara") });
  new Live({ network, session, clock, connectivity }, () => undefined, () => undefined).start();
  return { sent, tickets };
}

it("says version and person when it asks for a ticket", async () => {
  const { sent, tickets } = live({ kind: "ok", status: 200, bytes: new TextEncoder().encode('{"ticket": "once", "expires_in": 30}'), headers: {} });
  await vi.waitFor(() => expect(tickets).toEqual(["once"]));
  expect(sent).toMatchObject([{ method: "POST", path: "/api/sync/live/ticket", headers: { "X-Quill-Protocol": "1", "X-Quill-User": "amara" } }]);
});

it("opens nothing without one", async () => {
  const { tickets } = live({ kind: "unreachable", reason: "cut" });
  await vi.waitFor(() => expect(tickets).toEqual([null]));
});
