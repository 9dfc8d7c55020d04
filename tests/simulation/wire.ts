/** A browser profile's way to the server: its cookies, and whatever goes wrong in between. The product's own `network` sits on it. */
import { network } from "../../pwa/src/sync/network.ts";
import type { Network } from "../../pwa/src/sync/ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Seeded } from "./seeded.ts";
import { ORIGIN } from "./server.ts";
import type { Tab } from "./tab.ts";
import { FAIR, interception, type Weather } from "./weather.ts";

const REFRESH = "/api/auth/refresh";

export class Cookies {
  readonly #held = new Map<string, string>();

  take(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (/max-age=0/i.test(line)) this.#held.delete(name);
      else this.#held.set(name, value);
    }
  }

  header(path: string): string {
    return [...this.#held].filter(([name]) => name !== "refresh_token" || path === REFRESH).map(([name, value]) => `${name}=${value}`).join("; ");
  }

  get csrf(): string | null {
    return this.#held.get("XSRF-TOKEN") ?? null;
  }

  /** As when its fifteen minutes have passed. */
  expireAccess(): void {
    this.#held.delete("access_token");
  }
}

/** Who listens for pokes. */
export interface Listener {
  poke: (head: number) => void;
  close: () => void;
}

export class Wire {
  weather: Weather = FAIR;
  readonly cookies: Cookies;
  readonly listeners = new Set<Listener>();
  readonly #clock: WorldClock;
  readonly #chance: Seeded;
  readonly #served: (head: number) => void;
  /** Called when a request has just left for the server. */
  whileServing: (path: string) => void = () => undefined;

  /** @param served told the head that an answer named */
  constructor(clock: WorldClock, chance: Seeded, served: (head: number) => void, cookies = new Cookies()) {
    this.#clock = clock;
    this.#chance = chance;
    this.#served = served;
    this.cookies = cookies;
  }

  /** The network as a tab has it. */
  of(tab: Tab): Network {
    const { request } = network({
      origin: ORIGIN, csrf: () => Promise.resolve(this.cookies.csrf), fetch: (url, init) => tab.step(() => this.#send(url as URL, init ?? {})),
    });
    return { request, live: (_, onHead, onClose) => this.#live(tab, onHead, onClose) };
  }

  /** Past all weather: what a test asks for itself. */
  async direct(path: string): Promise<Response> {
    return this.#real(new URL(path, ORIGIN), { headers: { "X-Quill-Protocol": "1", cookie: this.cookies.header(path) } });
  }

  offline(offline: boolean): void {
    this.weather = { ...this.weather, offline };
    if (offline) for (const listener of [...this.listeners]) listener.close();
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const chance = this.#chance;
    await this.#onTheWay();
    const { offline, lost, replyLost, again, intercepted } = this.weather;
    if (offline || chance.chance(lost)) throw new TypeError("fetch failed");
    if (chance.chance(intercepted)) return interception(chance);
    const headers = new Headers(init.headers);
    headers.set("cookie", this.cookies.header(url.pathname));
    const asked = { ...init, headers };
    // How long after a renewal the spent token is no thief's is counted in the server's time, not in the world's.
    const renewal = url.pathname === REFRESH;
    if (chance.chance(again) && !renewal) this.#clock.after(chance.below(30_000), () => void this.#real(url, asked).catch(() => undefined));
    const response = await this.#real(url, asked);
    await this.#onTheWay();
    if ((this.weather.offline || chance.chance(replyLost)) && !renewal) throw new TypeError("fetch failed");
    this.cookies.take(response);
    return response;
  }

  #onTheWay(): Promise<void> {
    return this.#clock.sleep(1 + this.#chance.below(this.weather.slow));
  }

  #real(url: URL, init: RequestInit): Promise<Response> {
    return this.#clock.outside(async () => {
      const { signal: _, ...rest } = init;
      const answer = fetch(url, rest);
      this.whileServing(url.pathname);
      const response = await answer;
      const bytes = await response.arrayBuffer();
      if (url.pathname === "/api/sync/push" && response.ok) this.#served((JSON.parse(new TextDecoder().decode(bytes)) as { head: number }).head);
      const said = new Headers(response.headers);
      said.delete("content-encoding");
      return new Response(response.status === 204 ? null : bytes, { status: response.status, headers: said });
    });
  }

  /** Pokes come from the world; some are lost, as with a socket that is open by one side only. */
  #live(tab: Tab, onHead: (head: number) => void, onClose: (reason: string) => void): { close(): void } {
    const listener: Listener = {
      poke: (head) => {
        if (!this.weather.offline && !this.#chance.chance(this.weather.lost)) this.#clock.after(this.#chance.below(200), () => tab.whenAwake(() => onHead(head)));
      },
      close: () => {
        if (this.listeners.delete(listener)) this.#clock.after(1, () => tab.whenAwake(() => onClose("closed")));
      },
    };
    this.listeners.add(listener);
    tab.onEnd(() => this.listeners.delete(listener));
    if (this.weather.offline) listener.close();
    return { close: () => this.listeners.delete(listener) };
  }
}
