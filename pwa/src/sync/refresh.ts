/**
 * Requests in the person's session: what every one of them carries, and the renewal of an access token that ran out.
 * One tab renews at a time; one that comes second finds it done. The loser of a race never signs anyone out.
 */
import { PROTOCOL_VERSION } from "@quill/schemas";
import type { Connectivity } from "./connectivity.ts";
import type { Answer, Clock, Locks, Network, NetworkRequest } from "./ports.ts";

export class Session {
  readonly #network: Network;
  readonly #locks: Locks;
  readonly #clock: Clock;
  readonly #connectivity: Connectivity;
  #renewedAt = -Infinity;

  constructor(parts: { network: Network; locks: Locks; clock: Clock; connectivity: Connectivity }) {
    this.#network = parts.network;
    this.#locks = parts.locks;
    this.#clock = parts.clock;
    this.#connectivity = parts.connectivity;
  }

  get network(): Network {
    return this.#network;
  }

  /** Sends; after a 401 renews the session once and sends again. An error that is still a 401 then means: sign in. */
  async call(request: NetworkRequest): Promise<Answer> {
    const asked = this.#clock.now();
    const answer = await this.#once(request);
    if (answer.kind !== "error") return answer;
    const ended = answer.status === 401;
    if (!ended && answer.error.error_code !== "csrf_failed") return answer;
    const renewed = await this.#renew(asked);
    return renewed.kind === "ok" ? this.#once(request) : renewed.kind === "unreachable" ? renewed : answer;
  }

  async #renew(asked: number): Promise<Answer> {
    return this.#locks.exclusive("quill:refresh", async () => {
      if (this.#renewedAt >= asked) return { kind: "ok", status: 200, bytes: new Uint8Array(), headers: {} };
      const answer = await this.#once({ method: "POST", path: "/api/auth/refresh", json: {} });
      if (answer.kind === "ok") this.#renewedAt = this.#clock.now();
      return answer;
    });
  }

  async #once(request: NetworkRequest): Promise<Answer> {
    const headers = { ...(request.path.startsWith("/api/") && { "X-Quill-Protocol": String(PROTOCOL_VERSION) }), ...request.headers };
    const answer = await this.#network.request({ ...request, headers });
    if (answer.kind === "unreachable") this.#connectivity.missed();
    else if (answer.kind === "error" && answer.status >= 500) this.#connectivity.troubled();
    else this.#connectivity.reached();
    return answer;
  }
}
