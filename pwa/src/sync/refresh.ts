/**
 * Requests in the person's session: what every one of them carries, and the renewal of an access token that ran out.
 * One tab renews at a time; one that comes second finds it done. The loser of a race never signs anyone out.
 */
import { PROTOCOL_VERSION } from "@quill/schemas";
import type { Connectivity } from "./connectivity.ts";
import type { Answer, Locks, Network, NetworkRequest } from "./ports.ts";

export class Session {
  readonly #network: Network;
  readonly #locks: Locks;
  readonly #connectivity: Connectivity;
  readonly #owner: () => Promise<string>;
  #user: Promise<string> | null = null;
  #renewals = 0;

  /** @param parts.owner the id of the person whose vault this is */
  constructor(parts: { network: Network; locks: Locks; connectivity: Connectivity; owner: () => Promise<string> }) {
    this.#network = parts.network;
    this.#locks = parts.locks;
    this.#connectivity = parts.connectivity;
    this.#owner = parts.owner;
  }

  get network(): Network {
    return this.#network;
  }

  /** Sends; after a 401 renews the session once and sends again. An error that is still a 401 then means: sign in. */
  async call(request: NetworkRequest): Promise<Answer> {
    const before = this.#renewals;
    const answer = await this.#once(request);
    if (!isOver(answer)) return answer;
    const renewed = await this.#renew(before);
    if (renewed.kind === "ok") return this.#once(request);
    // Only a refusal means that the session is over; a server in trouble may still renew it later.
    return isOver(renewed) ? answer : renewed;
  }

  /** @param before how often the session had been renewed when the request was sent: a clock may be set back, a count is not */
  async #renew(before: number): Promise<Answer> {
    return this.#locks.exclusive("quill:refresh", async () => {
      if (this.#renewals > before) return { kind: "ok", status: 200, bytes: new Uint8Array(), headers: {} };
      const answer = await this.#once({ method: "POST", path: "/api/auth/refresh", json: {} });
      if (answer.kind === "ok") this.#renewals += 1;
      return answer;
    });
  }

  async #once(request: NetworkRequest): Promise<Answer> {
    const ours = request.path.startsWith("/api/") ? { "X-Quill-Protocol": String(PROTOCOL_VERSION), "X-Quill-User": await this.#whose() } : {};
    const headers = { ...ours, ...request.headers };
    const answer = await this.#network.request({ ...request, headers });
    if (answer.kind === "unreachable") this.#connectivity.missed();
    else if (answer.kind === "error" && answer.status >= 500) this.#connectivity.troubled();
    else this.#connectivity.reached();
    return answer;
  }

  /** The cookies are the browser's and may be another person's by now; the vault is not. */
  #whose(): Promise<string> {
    return (this.#user ??= this.#owner());
  }
}

function isOver(answer: Answer): boolean {
  return answer.kind === "error" && (answer.status === 401 || answer.error.error_code === "csrf_failed");
}
