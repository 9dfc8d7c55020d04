/** A ward's worth of people and tablets, at one seed: begun, let loose, healed, and asked whether every guarantee was kept. */
import type { Verdict } from "@quill/schemas";
import type { Page, QueuedOperation } from "../../pwa/src/sync/ports.ts";
import { actOf, type Person } from "./acts.ts";
import { WorldClock } from "./clock.ts";
import { converged, fresh, kept, noGaps, nothingLeft } from "./guarantees.ts";
import { Ledger } from "./ledger.ts";
import { look, onScreen } from "./on-screen.ts";
import { Profile, type OpenTab, type Watcher } from "./profile.ts";
import { randomUuid, Seeded } from "./seeded.ts";
import { kill, quill, ready, rows } from "./server.ts";
import { FAIR, foul } from "./weather.ts";
import { Cookies, Wire } from "./wire.ts";
import { administrator } from "./administrator.ts";

const MINUTE = 60_000;
const GONE = new Set(["NotOnThisDevice", "ScopeEnded"]);
/** What a device says to an act that its lock cut off. */
const LOCKED = "locked";
const TABLETS: [name: string, username: string][] = [
  ["amara's tablet", "amara"], ["amara's computer", "amara"], ["ben's tablet", "ben"], ["sasha's computer", "sasha"], ["noor's tablet", "noor"], ["carol's computer", "carol"],
];

export interface Options {
  /** How long people work, by the world's clock. */
  minutes: number;
  /** The server is killed while it serves a push. */
  killed: boolean;
  /** A person leaves their team by command, and comes back. */
  removed: boolean;
  /** Every tab believes that it leads. */
  careless: boolean;
}

export function optionsOf(seed: number): Options {
  const chance = new Seeded(seed * 7919);
  return { minutes: 5, killed: chance.chance(0.25), removed: chance.chance(0.5), careless: chance.chance(0.25) };
}

export class World implements Watcher {
  readonly ledger = new Ledger();
  readonly #seed: number;
  readonly #options: Options;
  readonly #chance: Seeded;
  readonly #clock = new WorldClock();
  readonly #profiles: Profile[] = [];
  readonly #patients: string[] = [];
  #teams: Record<string, string> = {};
  #since = 0;
  #head = 0;
  #tokens = 0;
  #working = true;
  readonly #cursors = new Map<Profile, Set<string>>();

  constructor(seed: number, options: Options = optionsOf(seed)) {
    this.#seed = seed;
    this.#options = options;
    this.#chance = new Seeded(seed);
  }

  /** @returns what was broken */
  async run(): Promise<string[]> {
    await this.#begin();
    for (const profile of this.#profiles) this.#live(profile);
    await this.#clock.pass(this.#options.minutes * MINUTE);
    await this.#heal();
    await this.#ask();
    return this.ledger.faults;
  }

  queued(profile: Profile, operations: QueuedOperation[]): void {
    for (const { operation, scope } of operations) {
      this.ledger.operations.set(operation.op_id, { operation, scope, profile });
      this.#tell(profile, `queued ${operation.device_seq} ${operation.action} ${operation.kind} ${operation.id} ${operation.op_id}`);
    }
  }

  decided(profile: Profile, verdicts: Verdict[]): void {
    for (const verdict of verdicts) {
      const before = this.ledger.verdicts.get(verdict.op_id);
      if (before && before.outcome !== verdict.outcome) this.ledger.fault("G2", `${verdict.op_id} was ${before.outcome}, and then ${verdict.outcome}`);
      this.ledger.verdicts.set(verdict.op_id, before ?? verdict);
      this.#tell(profile, `heard ${verdict.op_id} ${verdict.outcome} ${verdict.error?.error_code ?? ""}`);
    }
    this.#look(profile);
  }

  stored(profile: Profile, page: Page): void {
    const cursors = this.#cursors.get(profile) ?? new Set();
    this.#cursors.set(profile, cursors);
    if (cursors.has(page.cursor) && page.changes.length > 0) this.ledger.fault("G8", `${profile.name} went back to a cursor it had`);
    cursors.add(page.cursor);
    for (const entry of page.changes) if (entry.type === "revoke") this.#tell(profile, `lost ${entry.scope}`);
    nothingLeft(this.ledger, profile, page.changes);
    this.#look(profile);
  }

  async #begin(): Promise<void> {
    const [log] = await rows<{ seq: number }>("SELECT max(seq) AS seq FROM organisation");
    this.#since = this.#head = log?.seq ?? 0;
    const { careless } = this.#options;
    for (const [name, username] of TABLETS) {
      const admin = username === "carol" ? await administrator() : null;
      const wire = new Wire(this.#clock, this.#chance, (head) => this.#poke(head), admin?.cookies ?? new Cookies());
      const profile = new Profile(name, username, { clock: this.#clock, chance: this.#chance, wire, watcher: this, careless });
      this.#profiles.push(profile);
      await this.#during(admin ? profile.enter(admin.who) : profile.signIn());
    }
    if (!(await this.#clock.pass(5 * MINUTE, () => this.#profiles.every(({ disk }) => disk.head > 0)))) throw new Error("the first sync didn't end");
    const [amara] = this.#profiles;
    const teams = await this.#during(this.#tab(amara).device.teams());
    this.#teams = Object.fromEntries(teams.map(({ id, name }) => [name, id]));
    await this.#during(this.#admit(3, "Ward A", this.#profile("amara")));
    await this.#during(this.#admit(1, "Ward B", this.#profile("noor")));
    await this.#clock.pass(MINUTE);
    await this.#during(this.#profile("amara").reopen());
    await this.#during(this.#profile("ben").reopen());
  }

  /** New patients, so that no two seeds meet at one. */
  async #admit(count: number, ward: string, by: Profile): Promise<void> {
    for (let number = 0; number < count; number++) {
      const id = randomUuid(this.#clock.now());
      const set = {
        name: { family: `Seed${this.#seed}`, given: [`Number${number}`] }, birth_date: "1950-04-01", sex: "female", identifiers: [], telecom: [], next_of_kin: [],
        team_ids: [this.#teams[ward]],
      };
      await this.#tab(by).store.queue([{ kind: "patient", id, action: "create", base_version: 0, set, made_at: new Date(this.#clock.now()).toISOString(), scope: `patient:${id}` }]);
      this.#patients.push(id);
    }
  }

  #live(profile: Profile): void {
    const chance = new Seeded(this.#chance.below(2 ** 32));
    for (const open of profile.tabs.filter(({ tab }) => !tab.dead)) void this.#work(profile, open, new Seeded(chance.below(2 ** 32)));
    void this.#weather(profile, chance);
    void this.#mishaps(profile, chance);
    if (profile.name === "ben's tablet" && this.#options.removed) void this.#removeAndAdd();
    if (profile.name === "amara's tablet" && this.#options.killed) void this.#killDuringPush(profile);
    if (profile.name === "amara's computer") void this.#checkpoints(chance);
  }

  async #work(profile: Profile, open: OpenTab, chance: Seeded): Promise<void> {
    const person: Person = {
      profile, chance, patients: this.#patients, teams: this.#teams,
      token: () => `<w${this.#seed}.${++this.#tokens}>`,
      wrote: (token, id, scope) => {
        this.ledger.typed.push({ token, profile, id, scope });
        this.#look(profile);
      },
      pause: (most) => this.#clock.sleep(chance.below(most)),
    };
    while (this.#working && !open.tab.dead) {
      await this.#clock.sleep(500 + chance.below(20_000));
      if (!this.#working || open.tab.dead) return;
      try {
        this.#tell(profile, await actOf(person, open));
      } catch (error) {
        this.#failed(open, error);
      }
    }
  }

  /** That what was on the screen is gone meanwhile is no fault: the person sees it, and does something else. */
  #failed({ tab }: OpenTab, error: unknown): void {
    const { name, message, stack } = error as Error;
    if (!GONE.has(name) && message !== LOCKED) this.ledger.fault("error", `${tab.name}: ${String(stack)}`);
  }

  async #weather(profile: Profile, chance: Seeded): Promise<void> {
    while (this.#working) {
      profile.wire.weather = chance.chance(0.3) ? FAIR : foul(chance);
      profile.wire.offline(chance.chance(0.3));
      this.#tell(profile, `weather ${JSON.stringify(profile.wire.weather)}`);
      await this.#clock.sleep(chance.below(MINUTE));
    }
  }

  /** Tabs sleep, die at any step, and are opened again. */
  async #mishaps(profile: Profile, chance: Seeded): Promise<void> {
    for (;;) {
      await this.#clock.sleep(chance.below(2 * MINUTE));
      if (!this.#working) return;
      const awake = profile.tabs.filter(({ tab }) => !tab.dead && !tab.asleep);
      if (awake.length === 0) continue; // all are gone, and about to be opened again
      const open = chance.pick(awake);
      switch (chance.below(5)) {
        case 0: {
          this.#tell(profile, `${open.tab.name} sleeps`);
          open.tab.sleep();
          await this.#clock.sleep(chance.below(MINUTE));
          this.#tell(profile, `${open.tab.name} wakes`);
          open.tab.wake();
          break;
        }
        case 1:
          this.#tell(profile, `${open.tab.name} dies soon`);
          open.tab.dieWithin(60);
          open.tab.onEnd(() => this.#comeBack(profile, open, chance));
          break;
        case 2:
          this.#tell(profile, `${open.tab.name} is locked`);
          open.tab.onEnd(() => this.#comeBack(profile, open, chance));
          void open.device.lock().then(() => open.tab.die());
          break;
        case 3:
          profile.wire.cookies.expireAccess();
          break;
        default:
          open.device.look();
      }
    }
  }

  /** Somebody opens the app again, and goes on. */
  #comeBack(profile: Profile, { tab }: OpenTab, chance: Seeded): void {
    this.#tell(profile, `${tab.name} is gone`);
    this.#clock.after(chance.below(20_000), () => {
      void profile.reopen().then((open) => {
        if (this.#working) void this.#work(profile, open, new Seeded(chance.below(2 ** 32)));
      });
    });
  }

  async #removeAndAdd(): Promise<void> {
    await this.#clock.sleep(this.#chance.below(this.#options.minutes * MINUTE * 0.6));
    await this.#command("teams", "remove", "ben", "Ward A");
    await this.#clock.sleep(this.#chance.below(this.#options.minutes * MINUTE * 0.3));
    await this.#command("teams", "add", "ben", "Ward A");
  }

  async #command(...words: string[]): Promise<void> {
    this.ledger.tell(await this.#clock.outside(() => quill(...words)));
    this.#poke(this.#head + 1);
  }

  async #killDuringPush(profile: Profile): Promise<void> {
    await this.#clock.sleep(this.#chance.below(this.#options.minutes * MINUTE * 0.6));
    profile.wire.whileServing = (path) => {
      if (path !== "/api/sync/push") return;
      profile.wire.whileServing = () => undefined;
      void this.#clock.outside(async () => {
        await new Promise((resolve) => setTimeout(resolve, this.#chance.below(25)));
        kill();
        this.#tell(profile, "the server was killed");
        await new Promise((resolve) => setTimeout(resolve, 200));
        await ready();
      });
    };
  }

  /** Now and then, that nothing is missing of what a head says is there. */
  async #checkpoints(chance: Seeded): Promise<void> {
    for (;;) {
      await this.#clock.sleep(chance.below(5 * MINUTE));
      if (!this.#working) return;
      await this.#clock.outside(async () => {
        const profile = this.#profile("amara");
        const other = await fresh(profile).catch(() => null); // its session may just be over
        if (other) for (const one of this.#profiles) if (one.username === "amara") noGaps(this.ledger, one, other);
      });
    }
  }

  /** The network is good, every tab is open and awake, nobody writes. */
  async #heal(): Promise<void> {
    this.#working = false;
    this.ledger.tell("HEALED");
    for (const profile of this.#profiles) {
      profile.wire.weather = FAIR;
      for (const { tab } of profile.tabs) tab.wake();
      if (!profile.awake) await this.#during(profile.reopen());
    }
    await this.#clock.pass(2 * MINUTE);
    for (let round = 0; round < 5; round++) {
      for (const profile of this.#profiles) {
        if (!profile.awake) await this.#during(profile.reopen());
        this.#tab(profile).device.look();
      }
      await this.#clock.pass(MINUTE);
    }
  }

  async #ask(): Promise<void> {
    for (const profile of this.#profiles) {
      const { outbox, drafts, notes } = profile.disk;
      if (outbox.length > 0 || drafts.size > 0) this.ledger.fault("G7", `${profile.name} still has ${outbox.length} operations and ${drafts.size} drafts`);
      const files = Object.entries((notes.get("files") ?? {}) as Record<string, { state: string }>);
      for (const [id, { state }] of files) {
        const operation = [...this.ledger.operations.values()].find((one) => one.operation.id === id)?.operation;
        const outcome = this.ledger.verdicts.get(operation?.op_id ?? "")?.outcome;
        if (state === "waiting" && (outcome === "applied" || outcome === "merged" || outcome === "quarantined")) this.ledger.fault("G7", `${profile.name} never sent the file ${id} (${outcome})`);
      }
      converged(this.ledger, profile, await fresh(profile));
    }
    await kept(this.ledger, this.#since);
  }

  #poke(head: number): void {
    this.#head = Math.max(this.#head, head);
    for (const { wire } of this.#profiles) for (const listener of wire.listeners) listener.poke(head);
  }

  #look(profile: Profile): void {
    const open = profile.awake;
    if (!open || !this.#working) return;
    for (const typed of onScreen(this.ledger, profile).slice(-2)) void look(this.ledger, open, typed).catch((error: unknown) => this.#failed(open, error));
  }

  /** Lets time pass until something is done. */
  async #during<T>(task: Promise<T>): Promise<T> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    void task.then(end, end);
    if (!(await this.#clock.pass(5 * MINUTE, () => ended))) throw new Error("it doesn't end");
    return task;
  }

  #profile(username: string): Profile {
    const found = this.#profiles.find((profile) => profile.username === username);
    if (!found) throw new Error(`nobody is called ${username}`);
    return found;
  }

  #tab(profile: Profile | undefined): OpenTab {
    if (!profile?.awake) throw new Error("no tab is awake");
    return profile.awake;
  }

  #tell(profile: Profile, what: string): void {
    this.ledger.tell(`${new Date(this.#clock.now()).toISOString()} ${profile.name}: ${what}`);
  }
}
