/** The live socket: a poke says that something changed; what changed is pulled. Opened again, later each time, when it closes. */
import type { LiveTicketResponse } from "@quill/schemas";
import { json } from "./answers.ts";
import type { Connectivity } from "./connectivity.ts";
import type { Clock, Network } from "./ports.ts";
import type { Session } from "./refresh.ts";

/** A socket that held for so long was no failure: the next may be tried at once. */
const HELD_MS = 10_000;

export class Live {
  readonly #network: Network;
  readonly #session: Session;
  readonly #clock: Clock;
  readonly #connectivity: Connectivity;
  readonly #poked: (head: number) => void;
  readonly #lost: () => void;
  #socket: { close(): void } | null = null;
  #cancel: (() => void) | null = null;
  #failures = 0;
  #wanted = false;

  /** @param lost told, a moment after it closed by itself, that only a request can tell whether the server is still reached */
  constructor(parts: { network: Network; session: Session; clock: Clock; connectivity: Connectivity }, poked: (head: number) => void, lost: () => void) {
    this.#network = parts.network;
    this.#session = parts.session;
    this.#clock = parts.clock;
    this.#connectivity = parts.connectivity;
    this.#poked = poked;
    this.#lost = lost;
  }

  get open(): boolean {
    return this.#socket !== null;
  }

  /** Wanted from here on; harmless when it is open or about to be. */
  start(): void {
    this.#wanted = true;
    if (this.#socket || this.#cancel) return;
    const began = this.#clock.now();
    const socket = this.#network.live(
      () => this.#ticket(),
      (head) => {
        this.#failures = 0;
        this.#poked(head);
      },
      () => {
        if (this.#socket !== socket) return;
        this.#socket = null;
        this.#failures = this.#clock.now() - began >= HELD_MS ? 1 : this.#failures + 1;
        this.#later();
      },
    );
    this.#socket = socket;
  }

  stop(): void {
    this.#wanted = false;
    this.#cancel?.();
    this.#cancel = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  async #ticket(): Promise<string | null> {
    const answer = await this.#session.call({ method: "POST", path: "/api/sync/live/ticket", json: {} });
    const said = answer.kind === "ok" ? json<Partial<LiveTicketResponse> | null>(answer) : null;
    return said?.ticket ?? null;
  }

  /** Later each time, and never all tablets of a ward at once. */
  #later(): void {
    if (!this.#wanted) return;
    const delay = Math.min(60_000, this.#connectivity.delay() * 2 ** Math.min(this.#failures - 1, 6));
    this.#cancel = this.#clock.after(delay, () => {
      this.#cancel = null;
      if (this.#wanted) this.#lost();
    });
  }
}
