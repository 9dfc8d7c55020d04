/** The network between one tablet and the server: cut, slowed, watched and counted at the level of HTTP requests. */
import { once } from "node:events";
import { type IncomingMessage, type Server as HttpServer, type ServerResponse, createServer, request } from "node:http";
import { type Socket, connect } from "node:net";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";

export interface Seen {
  /** When it came, in milliseconds since the epoch. */
  at: number;
  method: string;
  path: string;
  /** Empty until all of it has come. */
  body: Buffer;
  /** What the server answered, when it did. */
  status: number | null;
  /** Bytes of the answer's body that passed on to the tablet, or null while not even its head did. */
  replied: number | null;
  /** Bytes of any kind that came back from the server for it, head included. */
  heard: number;
  /** The answer's body, unpacked, once all of it passed; and what it said, where it is JSON. */
  answer?: Buffer;
  said?: unknown;
}

/** What to do to requests that match: lose them before the server has them, or lose the server's reply. */
export interface Fault {
  matches: (method: string, path: string) => boolean;
  /** `request`: cut after this share (0–1) of the body has passed. `reply`: the server acts, no byte of its answer passes. */
  lose: "request" | "reply";
  afterShare?: number;
  /** How often; then the wire is whole again. */
  times: number;
  /** What else happens at the moment of a cut. */
  then?: () => unknown;
}

/** Answers held back on their way to the tablet. */
export interface Held {
  /** How many wait now. */
  readonly waiting: number;
  /** Lets them go, and all that follow. */
  release: () => void;
}

export class Wire {
  readonly seen: Seen[] = [];
  readonly faults: Fault[] = [];
  private readonly holds: { matches: Fault["matches"]; times: number; waiting: number; open: Promise<void> }[] = [];
  /** What the server said over live sockets. */
  private readonly pokes: Buffer[] = [];
  readonly port: number;
  private readonly target: number;
  private http: HttpServer | null = null;
  private readonly sockets = new Set<Socket>();

  constructor(port: number, target: number) {
    this.port = port;
    this.target = target;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async up(): Promise<void> {
    if (this.http) return;
    const http = createServer((incoming, outgoing) => void this.forward(incoming, outgoing));
    http.on("upgrade", (incoming: IncomingMessage, socket: Socket, head: Buffer) => this.tunnel(incoming, socket, head));
    http.on("connection", (socket) => this.keep(socket));
    http.listen(this.port, "127.0.0.1");
    await once(http, "listening");
    this.http = http;
  }

  /** No signal: open connections end, new ones are refused. */
  async cut(): Promise<void> {
    const http = this.http;
    this.http = null;
    for (const socket of this.sockets) socket.destroy();
    if (http) await new Promise((done) => http.close(done));
  }

  /** The server acts at once on (so many) requests that match; its answers wait on the wire until they are released. */
  hold(matches: Fault["matches"], times = Number.POSITIVE_INFINITY): Held {
    let open = (): void => undefined;
    const hold = { matches, times, waiting: 0, open: new Promise<void>((resolve) => (open = resolve)) };
    this.holds.push(hold);
    const release = (): void => {
      this.holds.splice(this.holds.indexOf(hold), 1);
      open();
    };
    return { get waiting() { return hold.waiting; }, release };
  }

  requests(method: string, path: string): Seen[] {
    return this.seen.filter((one) => one.method === method && one.path.split("?")[0] === path);
  }

  /** Everything that came to the tablet, unpacked: the bodies of answers, and what the live socket said. */
  *heard(): Generator<{ what: string; bytes: Buffer }> {
    for (const one of this.seen) if (one.answer) yield { what: `${one.method} ${one.path}`, bytes: one.answer };
    yield { what: "the live socket", bytes: Buffer.concat(this.pokes) };
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  }

  private async forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const method = incoming.method ?? "GET";
    const path = incoming.url ?? "/";
    const fault = this.faults.find((one) => one.times > 0 && one.matches(method, path));
    if (fault) fault.times -= 1;
    const entry: Seen = { at: Date.now(), method, path, body: Buffer.alloc(0), status: null, replied: null, heard: 0 };
    this.seen.push(entry);

    const drop = (): void => {
      onward.destroy();
      incoming.socket.destroy();
    };
    const cut = (): void => {
      drop();
      fault?.then?.();
    };
    // One request a connection here too: a used one may be closed by the server just as the next request is written to it.
    const onward = request({ agent: false, host: "127.0.0.1", port: this.target, method, path, headers: incoming.headers });
    onward.on("error", drop);
    onward.on("socket", (socket) => {
      const count = (): void => void (entry.heard = socket.bytesRead);
      onward.once("response", count);
      onward.once("close", count);
    });
    incoming.on("error", drop);
    outgoing.on("close", () => onward.destroy());

    const whole = Number(incoming.headers["content-length"] ?? 0);
    const limit = fault?.lose === "request" ? Math.floor(whole * (fault.afterShare ?? 0)) : Number.POSITIVE_INFINITY;
    const chunks: Buffer[] = [];
    let passed = 0;
    incoming.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      const left = limit - passed;
      passed += chunk.length;
      if (left <= 0) return;
      if (passed >= limit) onward.write(chunk.subarray(0, left), cut);
      else onward.write(chunk);
    });
    incoming.on("end", () => {
      entry.body = Buffer.concat(chunks);
      if (limit === 0) cut();
      else if (limit === Number.POSITIVE_INFINITY) onward.end();
    });

    const [answer] = (await once(onward, "response").catch(() => [null])) as [IncomingMessage | null];
    if (!answer) return drop();
    entry.status = answer.statusCode ?? null;
    if (fault?.lose === "reply") return drop();
    const hold = this.holds.find((one) => one.times > 0 && one.matches(method, path));
    if (hold) {
      hold.times -= 1;
      hold.waiting += 1;
      await hold.open;
      hold.waiting -= 1;
    }
    // One request a connection: on a used one that breaks, Chromium sends again by itself, and that would be counted as the app's.
    outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, connection: "close" });
    entry.replied = 0;
    const passing: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => {
      entry.replied = (entry.replied ?? 0) + chunk.length;
      passing.push(chunk);
    });
    answer.on("end", () => {
      entry.answer = unpacked(answer, Buffer.concat(passing));
      if (answer.headers["content-type"]?.startsWith("application/json") && entry.answer.length > 0) entry.said = JSON.parse(entry.answer.toString());
    });
    answer.on("error", () => outgoing.destroy());
    answer.pipe(outgoing);
  }

  private tunnel(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    const entry: Seen = { at: Date.now(), method: "SOCKET", path: incoming.url ?? "/", body: Buffer.alloc(0), status: 101, replied: 0, heard: 0 };
    this.seen.push(entry);
    socket.on("close", () => (entry.status = null)); // as in every other entry: no answer (any more)
    const onward = connect(this.target, "127.0.0.1");
    this.keep(onward);
    const lines = [`${incoming.method} ${incoming.url} HTTP/1.1`];
    for (let at = 0; at < incoming.rawHeaders.length; at += 2) lines.push(`${incoming.rawHeaders[at]}: ${incoming.rawHeaders[at + 1]}`);
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    onward.on("data", (chunk: Buffer) => this.pokes.push(chunk)); // the server's frames are not masked
    onward.pipe(socket).pipe(onward);
    socket.on("close", () => onward.destroy());
    onward.on("close", () => socket.destroy());
  }
}

function unpacked({ headers }: IncomingMessage, body: Buffer): Buffer {
  const unpack = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }[headers["content-encoding"] ?? ""];
  return unpack && body.length > 0 ? unpack(body) : body;
}
