/** The browser's debugger on whatever runs a tab's code: the page, its device worker, the service worker. */
import type { CDPSession, Page } from "playwright-core";

type Answer = { id?: number; method?: string; params?: unknown; result?: unknown; error?: { message: string } };

export class Inspected {
  readonly type: string;
  private readonly ask: (method: string, params: object) => Promise<unknown>;
  private readonly chunks: string[] = [];

  constructor(type: string, ask: (method: string, params: object) => Promise<unknown>) {
    this.type = type;
    this.ask = ask;
  }

  send(method: string, params: object = {}): Promise<unknown> {
    return this.ask(method, params);
  }

  heard(method: string | undefined, params: unknown): void {
    if (method === "HeapProfiler.addHeapSnapshotChunk") this.chunks.push((params as { chunk: string }).chunk);
  }

  /** A heap snapshot, as the browser writes it, after it collected what nothing holds any more. */
  async heap(): Promise<string> {
    this.chunks.length = 0;
    await this.send("HeapProfiler.enable");
    await this.send("HeapProfiler.collectGarbage");
    await this.send("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
    return this.chunks.splice(0).join("");
  }

  /** Stops it where it stands, as a browser stops a tab in the background: no timer, no message, no answer is seen until `resume`. */
  async pause(): Promise<void> {
    await this.send("Debugger.enable");
    await this.send("Debugger.pause");
    void this.send("Runtime.evaluate", { expression: "0" }); // the pause begins with the next thing it does
  }

  async resume(): Promise<void> {
    await this.send("Debugger.resume");
    await this.send("Debugger.disable");
  }
}

/** The page, and what else runs for it at this moment. */
export async function inspect(page: Page): Promise<Inspected[]> {
  const session = await page.context().newCDPSession(page);
  const own = new Inspected("page", (method, params) => session.send(method as "Page.enable", params as never));
  session.on("HeapProfiler.addHeapSnapshotChunk", (params) => own.heard("HeapProfiler.addHeapSnapshotChunk", params));
  const all = [own];
  session.on("Target.attachedToTarget", ({ sessionId, targetInfo }) => all.push(child(session, sessionId, targetInfo.type)));
  await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  return all;
}

/** The browser tells the service worker that the network is back (`docs/screens.md`). */
export async function backgroundSync(page: Page): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  const registered = new Promise<string>((resolve) =>
    session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      const ours = registrations.find(({ isDeleted, scopeURL }) => !isDeleted && scopeURL.startsWith(origin));
      if (ours) resolve(ours.registrationId);
    }),
  );
  await session.send("ServiceWorker.enable");
  await session.send("ServiceWorker.dispatchSyncEvent", { origin, registrationId: await registered, tag: "quill-outbox", lastChance: false });
  await session.detach();
}

export function deviceWorker(all: Inspected[]): Inspected {
  const worker = all.find(({ type }) => type === "worker");
  if (!worker) throw new Error("this tab has no device worker");
  return worker;
}

/** Messages to and from a worker go through the session of its page, as text. */
function child(session: CDPSession, sessionId: string, type: string): Inspected {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  const inspected = new Inspected(type, (method, params) => {
    const id = ++last;
    const answer = new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
    return session.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params }) }).then(() => answer);
  });
  session.on("Target.receivedMessageFromTarget", (event) => {
    if (event.sessionId !== sessionId) return;
    const { id, method, params, result, error } = JSON.parse(event.message) as Answer;
    inspected.heard(method, params);
    if (id === undefined) return;
    if (error) waiting.get(id)?.reject(new Error(error.message));
    else waiting.get(id)?.resolve(result);
    waiting.delete(id);
  });
  return inspected;
}
