/** A browser profile on somebody's tablet: its vault, its cookies, its locks, and the tabs that share them. */
import { LocalDevice } from "../../pwa/src/sync/local-device.ts";
import type { ClosedVault, OpenStore, Page, QueuedOperation, TabMessage, Tabs, Vaults } from "../../pwa/src/sync/ports.ts";
import type { Verdict } from "@quill/schemas";
import type { WorldClock } from "./clock.ts";
import { ProfileLocks } from "./locks.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { MemoryStore } from "./memory-store.ts";
import { randomUuid, type Seeded } from "./seeded.ts";
import { Tab } from "./tab.ts";
import type { Wire } from "./wire.ts";

export const PASSWORD = "ward-lantern-orchid-42";

/** Told of what a profile's vault took in, at the moment it did. */
export interface Watcher {
  queued(profile: Profile, operations: QueuedOperation[]): void;
  decided(profile: Profile, verdicts: Verdict[]): void;
  stored(profile: Profile, page: Page): void;
}

export interface OpenTab {
  tab: Tab;
  device: LocalDevice;
  store: OpenStore;
}

export class Profile {
  readonly name: string;
  readonly username: string;
  readonly wire: Wire;
  readonly tabs: OpenTab[] = [];
  readonly #clock: WorldClock;
  readonly #chance: Seeded;
  readonly #locks: ProfileLocks;
  readonly #watcher: Watcher;
  readonly #channel = new Set<(from: Tab, message: TabMessage) => void>();
  #vault: { card: ClosedVault; disk: MemoryDisk; owner: string } | null = null;

  constructor(name: string, username: string, parts: { clock: WorldClock; chance: Seeded; wire: Wire; watcher: Watcher; careless: boolean }) {
    this.name = name;
    this.username = username;
    this.wire = parts.wire;
    this.#clock = parts.clock;
    this.#chance = parts.chance;
    this.#watcher = parts.watcher;
    this.#locks = new ProfileLocks(parts.clock, parts.careless);
  }

  get disk(): MemoryDisk {
    if (!this.#vault) throw new Error(`${this.name} has no vault yet`);
    return this.#vault.disk;
  }

  get user(): string {
    return this.disk.identity.user_id;
  }

  /** A tab that still lives and isn't asleep. */
  get awake(): OpenTab | undefined {
    return this.tabs.find(({ tab }) => !tab.dead && !tab.asleep);
  }

  async signIn(totp_code?: string): Promise<void> {
    const { device } = this.#open();
    const result = await device.signIn({ username: this.username, password: PASSWORD, ...(totp_code !== undefined && { totp_code }) });
    if (!result.ok) throw new Error(`${this.name} can't sign in: ${result.error.error_code}`);
  }

  /** With cookies that are there already. */
  async enter(who: { user_id: string; organisation_id: string }): Promise<void> {
    const { user_id, organisation_id } = who;
    const store = this.#create(organisation_id, user_id);
    await store.putNote("who", who);
    await this.reopen();
  }

  /** Another tab, unlocked. */
  async reopen(): Promise<OpenTab> {
    const opened = this.#open();
    const result = await opened.device.unlock(this.#vault?.card.vault ?? "", PASSWORD);
    if (!result.ok) throw new Error(`${this.name} can't be unlocked: ${result.error.error_code}`);
    return opened;
  }

  #open(): OpenTab {
    const tab = new Tab(`${this.name}.${this.tabs.length + 1}`, this.#clock, this.#chance);
    const opened = { tab, store: undefined as unknown as OpenStore };
    const device = new LocalDevice({
      vaults: this.#vaults(tab, (store) => (opened.store = store)), network: this.wire.of(tab), clock: tab.clock, locks: this.#locks.of(tab),
      tabs: this.#tabs(tab), newId: () => randomUuid(this.#clock.now()), appVersion: "simulated", random: () => this.#chance.next(),
      storage: () => Promise.resolve({ persisted: true, quota: 1_000_000, usage: 1_000 }),
    });
    const open = Object.assign(opened, { device });
    this.tabs.push(open);
    return open;
  }

  #create(organisation_id: string, user_id: string): MemoryStore {
    const vault = randomUuid(this.#clock.now());
    const disk = new MemoryDisk({ device_id: randomUuid(this.#clock.now()), organisation_id, user_id });
    this.#vault = { card: { vault, initials: "XX", colour: "blue", unsent: 0 }, disk, owner: `${organisation_id} ${user_id}` };
    return this.#store();
  }

  #store(): MemoryStore {
    if (!this.#vault) throw new Error("no vault");
    return new MemoryStore(this.#vault.card.vault, this.#vault.disk, () => randomUuid(this.#clock.now()));
  }

  #vaults(tab: Tab, opened: (store: OpenStore) => void): Vaults {
    const stepping = (store: MemoryStore): OpenStore => {
      const steps = tab.steps(store, (method, given, result) => this.#did(method, given, result));
      tab.onEnd(() => void store.close());
      opened(steps);
      return steps;
    };
    return {
      list: () => Promise.resolve(this.#vault ? [this.#vault.card] : []),
      of: (organisation, user) => Promise.resolve(this.#vault?.owner === `${organisation} ${user}` ? [this.#vault.card] : []),
      create: ({ organisation_id, user_id }) => Promise.resolve(stepping(this.#create(organisation_id, user_id))),
      unlock: (_vault, password) => Promise.resolve(password === PASSWORD ? stepping(this.#store()) : "wrong-password"),
      lost: () => Promise.resolve(null),
    };
  }

  #did(method: string, given: unknown[], result: unknown): void {
    if (method === "queue" || method === "commitDrafts") this.#watcher.queued(this, result as QueuedOperation[]);
    else if (method === "storeVerdicts") this.#watcher.decided(this, given[0] as Verdict[]);
    else if (method === "storePage" && result === "stored") this.#watcher.stored(this, given[1] as Page);
  }

  #tabs(tab: Tab): Tabs {
    return {
      post: (message) => {
        for (const hears of [...this.#channel]) hears(tab, message);
      },
      listen: (listener) => {
        const hears = (from: Tab, message: TabMessage) => {
          if (from !== tab) this.#clock.after(1, () => tab.whenAwake(() => listener(message)));
        };
        this.#channel.add(hears);
        tab.onEnd(() => this.#channel.delete(hears));
        return () => {
          this.#channel.delete(hears);
        };
      },
    };
  }
}

