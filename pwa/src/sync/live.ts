/** The live socket: a poke says that something changed; what changed is pulled. Opened again, later each time, when it closes. */
import type { Connectivity } from "./connectivity.ts";
import type { Clock, Network } from "./ports.ts";

export class Live {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #connectivity: Connectivity;
  readonly #poked: (head: number) => void;
  readonly #lost: () => void;
  #socket: { close(): void } | null = null;
  #cancel: (() => void) | null = null;
  #failures = 0;
  #wanted = false;

  /** @param lost told, a moment after it closed by itself, that only a request can tell whether the server is still reached */
  constructor(parts: { network: Network; clock: Clock; connectivity: Connectivity }, poked: (head: number) => void, lost: () => void) {
    this.#network = parts.network;
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
    const socket = this.#network.live(
      (head) => {
        this.#failures = 0;
        this.#poked(head);
      },
      () => {
        if (this.#socket !== socket) return;
        this.#socket = null;
        this.#failures += 1;
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
