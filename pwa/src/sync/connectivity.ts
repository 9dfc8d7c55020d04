/**
 * Whether the server is reached, and how long to wait before trying again. What the browser says (`navigator.onLine`)
 * only ever starts a try; what a try finds counts.
 */
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;

export class Connectivity {
  readonly #random: () => number;
  #reached: boolean | null = null;
  #sending = 0;
  #misses = 0;
  #troubled = false;
  #changed: () => void = () => undefined;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  onChange(listener: () => void): void {
    this.#changed = listener;
  }

  get state(): "online" | "offline" | "sending" {
    if (this.#reached === false) return "offline";
    return this.#sending > 0 ? "sending" : this.#reached ? "online" : "offline";
  }

  /** The last answer said that the server can't do its work. */
  get isTroubled(): boolean {
    return this.#troubled;
  }

  reached(): void {
    this.#misses = 0;
    this.#become(true, false);
  }

  missed(): void {
    this.#misses += 1;
    this.#become(false, false);
  }

  /** The server answers, but can't do its work: wait longer each time, though it is not "offline". */
  troubled(): void {
    this.#misses += 1;
    this.#become(this.#reached, true);
  }

  /** Marks a time of sending own work. */
  async sending<T>(task: () => Promise<T>): Promise<T> {
    this.#sending += 1;
    if (this.#sending === 1) this.#changed();
    try {
      return await task();
    } finally {
      this.#sending -= 1;
      if (this.#sending === 0) this.#changed();
    }
  }

  /** Milliseconds until the next try: doubling, with jitter, and never before the server asked for. */
  delay(retryAfterMs?: number): number {
    if (retryAfterMs !== undefined) return retryAfterMs + this.#random() * Math.max(FIRST_MS, retryAfterMs / 4);
    const most = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.max(0, this.#misses - 1));
    return most * (0.5 + this.#random() / 2);
  }

  #become(reached: boolean | null, troubled: boolean): void {
    if (this.#reached === reached && this.#troubled === troubled) return;
    this.#reached = reached;
    this.#troubled = troubled;
    this.#changed();
  }
}
