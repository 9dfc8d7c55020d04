/**
 * A tab as browsers treat tabs: between any two steps it may be put to sleep for minutes, or be gone for ever. Everything
 * that the device asks of the world goes through its tab, so a dead tab's work simply ends where it was.
 */
import type { Clock, OpenStore } from "../../pwa/src/sync/ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Seeded } from "./seeded.ts";

const NEVER = new Promise<never>(() => undefined);

export class Tab {
  readonly name: string;
  readonly #world: WorldClock;
  readonly #chance: Seeded;
  readonly #ended: (() => void)[] = [];
  #dead = false;
  #stepsLeft = Infinity;
  #asleepSince: number | null = null;
  #waking: (() => void)[] = [];
  /** Longest stretch slept through. */
  #slept = 0;

  constructor(name: string, world: WorldClock, chance: Seeded) {
    this.name = name;
    this.#world = world;
    this.#chance = chance;
  }

  get dead(): boolean {
    return this.#dead;
  }

  get asleep(): boolean {
    return this.#asleepSince !== null;
  }

  /** How long it sleeps by now; 0 when it is awake. */
  get sleeping(): number {
    return this.#asleepSince === null ? 0 : this.#world.now() - this.#asleepSince;
  }

  /** The longest it was asleep at a stretch since the last call. */
  takeSlept(): number {
    const slept = this.#slept;
    this.#slept = 0;
    return slept;
  }

  sleep(): void {
    if (!this.#dead) this.#asleepSince ??= this.#world.now();
  }

  wake(): void {
    if (this.#asleepSince === null) return;
    this.#slept = Math.max(this.#slept, this.#world.now() - this.#asleepSince);
    this.#asleepSince = null;
    for (const go of this.#waking.splice(0)) go();
  }

  die(): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#waking = [];
    for (const ended of this.#ended.splice(0)) ended();
  }

  /** It dies at one of the next steps it takes, wherever that may be. */
  dieWithin(steps: number): void {
    this.#stepsLeft = 1 + this.#chance.below(steps);
  }

  onEnd(ended: () => void): void {
    if (this.#dead) ended();
    else this.#ended.push(ended);
  }

  /** One thing done outside of the device's own code. */
  async step<T>(act: () => T | Promise<T>): Promise<T> {
    await this.#turn();
    const result = await act();
    await this.#turn();
    return result;
  }

  /** Tasks given to a sleeping tab wait; those of a dead one are never done. */
  whenAwake(task: () => void): void {
    if (this.#dead) return;
    if (this.#asleepSince === null) task();
    else this.#waking.push(task);
  }

  /** The time by this tab's clock. */
  get clock(): Clock {
    return { now: () => this.#world.now(), after: (delay, task) => this.#world.after(delay, () => this.whenAwake(task)) };
  }

  /** The same store, but each call is a step of this tab. @param did told what was done, at the moment it was done */
  steps(store: OpenStore, did: (method: string, given: unknown[], result: unknown) => void): OpenStore {
    return new Proxy(store, {
      get: (target, name: keyof OpenStore) => {
        const member = target[name];
        if (typeof member !== "function") return member;
        const call = member.bind(target) as (...given: unknown[]) => unknown;
        if (name === "onChange") return (listener: (change: unknown) => void) => call((change: unknown) => this.whenAwake(() => listener(change)));
        return (...given: unknown[]) => this.step(async () => {
          const result = await call(...given);
          did(name, given, result);
          return result;
        });
      },
    });
  }

  async #turn(): Promise<void> {
    if (--this.#stepsLeft === 0) this.die();
    if (this.#chance.chance(0.2)) await this.#world.sleep(this.#chance.below(5));
    while (this.asleep) await new Promise<void>((resolve) => this.#waking.push(resolve));
    if (this.#dead) await NEVER;
  }
}
