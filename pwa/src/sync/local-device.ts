/** The device where its vault is: opening and closing, and every question and act handed to the part that knows. */
import type { LoginRequest, Me } from "@quill/schemas";
import { errorOf, json } from "./answers.ts";
import type { Device, DeviceEvent, OutboxRow, Phase, SignInResult, SyncPage, SyncStatus, VaultCard, Who } from "./device.ts";
import { Engine, type EngineStatus } from "./engine.ts";
import { Views } from "./own-work.ts";
import { attachmentContent } from "./attachment-content.ts";
import type { Answer, Clock, Locks, Network, OpenStore, Tabs, Vaults } from "./ports.ts";
import { keptWork, toDecide } from "./kept-work.ts";
import { Questions } from "./questions.ts";
import { Work } from "./work.ts";
import { initialsOf } from "./words.ts";

export interface LocalDeviceParts {
  vaults: Vaults;
  network: Network;
  clock: Clock;
  locks: Locks;
  tabs: Tabs;
  newId: () => string;
  appVersion: string;
  storage: () => Promise<{ persisted: boolean; quota: number; usage: number }>;
  random?: () => number;
}

/** An open vault and what works on it. */
interface Open {
  store: OpenStore;
  who: Who;
  engine: Engine;
  views: Views;
  questions: Questions;
  work: Work;
  close: () => Promise<void>;
}

/** Decided work is shown on the sync page this long, and this much of it. */
const SHOWN_DECIDED = 50;
const WHO = "who";
const COLOURS = ["blue", "teal", "grape", "orange", "cyan", "pink"];

export class LocalDevice implements Device {
  readonly #parts: LocalDeviceParts;
  readonly #listeners = new Set<(event: DeviceEvent) => void>();
  #open: Open | null = null;
  /** As the tab that leads says; our own engine's where we lead. */
  #engineStatus: EngineStatus = { network: "offline", signInNeeded: false, updateNeeded: false, troubled: false, stored: 0 };
  #telling = false;

  constructor(parts: LocalDeviceParts) {
    this.#parts = parts;
  }

  subscribe(listener: (event: DeviceEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async phase(): Promise<Phase> {
    if (this.#open) return { phase: "open", who: this.#open.who };
    const [closed, storageLost] = await Promise.all([this.#parts.vaults.list(), this.#parts.vaults.lost()]);
    if (closed.length === 0 && !storageLost) return { phase: "empty" };
    return { phase: "locked", vaults: closed.map((card): VaultCard => ({ ...card, current: false })), ...(storageLost && { storageLost }) };
  }

  async signIn(credentials: LoginRequest): Promise<SignInResult> {
    const { network, tabs, vaults } = this.#parts;
    const signedIn = await network.request({ method: "POST", path: "/api/auth/login", json: credentials });
    if (signedIn.kind !== "ok") return refused(signedIn);
    // Who signed in, by the same answer: asked again, the cookies could be those of whoever signed in in another tab.
    const who: Who = json<Me>(signedIn);
    tabs.post({ type: "signed-in" });
    const open = this.#open;
    if (open?.who.user_id === who.user_id && open.who.organisation_id === who.organisation_id) {
      await this.#remember(open.store, who);
      open.who = who;
      open.engine.revive();
      return { ok: true };
    }
    if (open) await this.#close();
    for (const card of await vaults.of(who.organisation_id, who.user_id)) {
      const store = await vaults.unlock(card.vault, credentials.password);
      if (typeof store === "string") continue;
      await this.#remember(store, who);
      this.#start(store, who);
      return { ok: true, vault: store.id };
    }
    const { organisation_id, user_id, name } = who;
    const colour = COLOURS[Number.parseInt(user_id.slice(-2), 16) % COLOURS.length] ?? "blue";
    const store = await vaults.create({ organisation_id, user_id, initials: initialsOf(name), colour, password: credentials.password });
    await this.#remember(store, who);
    this.#start(store, who);
    return { ok: true, vault: store.id };
  }

  async unlock(vault: string, password: string): Promise<SignInResult> {
    const store = await this.#parts.vaults.unlock(vault, password);
    if (store === "wrong-password") return { ok: false, error: { error_code: "invalid_credentials", message: "That password is not right." } };
    if (store === "damaged") {
      const message = "What lies on this device can't be opened as it was stored. Sign in to load the records again.";
      return { ok: false, error: { error_code: "vault_damaged", message } };
    }
    const who = (await store.note(WHO)) as Who | null;
    if (!who) {
      await store.close();
      return { ok: false, error: { error_code: "vault_damaged", message: "The first sign-in on this device was cut off. Sign in once more." } };
    }
    if (this.#open) await this.#close();
    this.#start(store, who);
    return { ok: true, vault };
  }

  /** Whatever happens, the vault is closed afterwards; the worker ends with it (`open-device.ts`). */
  async lock(): Promise<void> {
    const open = this.#open;
    if (!open) return;
    try {
      await open.work.commitAll();
    } finally {
      await this.#close();
    }
  }

  async signOut(): Promise<{ ok: true } | { ok: false; unsent: number }> {
    const { store, work, engine } = this.#opened();
    await work.commitAll();
    await engine.round();
    const unsent = (await store.outbox()).length;
    if (unsent > 0) return { ok: false, unsent };
    // Somebody else may have signed in in this browser meanwhile: their session is not this person's to end.
    const mine = await engine.session.call({ method: "GET", path: "/api/auth/me" });
    if (mine.kind === "ok") await engine.session.call({ method: "POST", path: "/api/auth/logout", json: {} });
    await this.lock();
    return { ok: true };
  }

  /** Something outside says that the server may be reached, or the person is back. */
  look(): void {
    this.#open?.engine.wake("look");
  }

  async status(): Promise<SyncStatus> {
    const open = this.#open;
    const { network, signInNeeded, updateNeeded, troubled, stored } = this.#engineStatus;
    const none = { network, waiting: 0, needsReview: 0, refused: 0, loading: null, lastSync: null, signInNeeded, updateNeeded, troubled };
    if (!open) return none;
    const { operations, drafts, head } = await open.views.work();
    const refusals = operations.filter(({ verdict }) => verdict?.outcome === "rejected" || verdict?.outcome === "quarantined");
    const uploads = await open.questions.uploads();
    return {
      ...none, waiting: operations.filter(({ verdict }) => !verdict).length + drafts.length + uploads.length, needsReview: (await open.questions.openConflicts()) + (await keptWork(open)).filter(toDecide).length,
      refused: refusals.length, loading: head > 0 ? null : { stored, expected: null }, lastSync: (await open.store.note("last-sync")) as string | null,
    };
  }

  async syncPage(): Promise<SyncPage> {
    const { store, views, questions } = this.#opened();
    const { operations, drafts } = await views.work();
    const rowsOf = (chosen: typeof operations) => Promise.all(chosen.map((one) => questions.outboxRow(one)));
    const typing: OutboxRow[] = [];
    for (const { id } of drafts) {
      const view = await views.view(id);
      if (view) typing.push(...(await questions.draftRow(view)));
    }
    const isRefused = ({ verdict }: (typeof operations)[number]) => verdict?.outcome === "rejected" || verdict?.outcome === "quarantined";
    const scopes = await store.scopes();
    const status = await this.status();
    return {
      status, device_id: (await store.identity()).device_id, storage: await this.#parts.storage(),
      waiting: [...(await rowsOf(operations.filter(({ verdict }) => !verdict))), ...typing], uploads: await questions.uploads(),
      decided: await rowsOf(operations.filter((own) => own.verdict && !isRefused(own)).reverse().slice(0, SHOWN_DECIDED)),
      failed: await rowsOf(operations.filter(isRefused).reverse()),
      offline: { ready: scopes.filter(({ complete }) => complete).length, of: scopes.length, at: status.lastSync },
    };
  }

  async syncNow(): Promise<void> {
    const { engine, store } = this.#opened();
    if (engine.leading) await engine.round();
    else this.#parts.tabs.post({ type: "look", vault: store.id });
  }

  who = () => Promise.resolve(this.#opened().who);
  patients: Device["patients"] = (query) => this.#opened().questions.patients(query);
  patient: Device["patient"] = (id) => this.#opened().questions.patient(id);
  letters: Device["letters"] = (query) => this.#opened().questions.letters(query);
  letter: Device["letter"] = (id) => this.#opened().questions.letter(id);
  messages: Device["messages"] = (query) => this.#opened().questions.messages(query);
  conflicts: Device["conflicts"] = () => this.#opened().questions.conflicts();
  conflict: Device["conflict"] = (id) => this.#opened().questions.conflict(id);
  kept: Device["kept"] = () => keptWork(this.#opened());
  people: Device["people"] = () => this.#opened().questions.people();
  teams: Device["teams"] = () => this.#opened().questions.teams();
  beginLetter: Device["beginLetter"] = (patientId, title, onBehalfOf) => this.#opened().work.beginLetter(patientId, title, onBehalfOf);
  edit: Device["edit"] = (kind, id, set, shown) => this.#opened().work.edit(kind, id, set, shown);
  commit: Device["commit"] = (id) => this.#opened().work.commit(id);
  setLetterState: Device["setLetterState"] = (id, state, amendment, shown) => this.#opened().work.setLetterState(id, state, amendment, shown);
  sendMessage: Device["sendMessage"] = (message) => this.#opened().work.sendMessage(message);
  attach: Device["attach"] = (patientId, file, letterId) => this.#opened().work.attach(patientId, file, letterId);
  attachmentContent: Device["attachmentContent"] = (id) => attachmentContent(this.#opened(), id);
  resolve: Device["resolve"] = (conflictId, choice) => this.#opened().work.resolve(conflictId, choice);
  returnConflict: Device["returnConflict"] = (conflictId, note) => this.#opened().work.returnConflict(conflictId, note);
  release: Device["release"] = (keptId, take) => this.#opened().work.release(keptId, take);
  unfinished: Device["unfinished"] = (key) => this.#opened().store.note(`unfinished ${key}`);
  keepUnfinished: Device["keepUnfinished"] = (key, value) => this.#opened().store.putNote(`unfinished ${key}`, value);
  dismiss: Device["dismiss"] = (opId) => this.#opened().work.dismiss(opId);

  #start(store: OpenStore, who: Who): void {
    const { clock, locks, network, newId, appVersion, storage, tabs, random } = this.#parts;
    const engine = new Engine({ store, network, clock, locks, newId, appVersion, storage, vault: store.id, ...(random && { random }) });
    const views = new Views(store);
    const asWho = () => this.#open?.who ?? who;
    const questions = new Questions(store, views, asWho);
    const work = new Work({ store, views, clock, locks, newId, who: asWho, shown: questions.shown });
    const stops = [
      store.onChange(({ kinds, ids, outbox }) => {
        if (outbox) engine.wake("edit");
        if (kinds.length > 0) this.#tell({ type: "changed", kinds, ids });
        this.#tellStatus();
      }),
      engine.onStatus((status) => {
        if (!engine.leading && status.network !== "offline") return;
        this.#engineStatus = status;
        tabs.post({ type: "engine", vault: store.id, status });
        this.#tellStatus();
      }),
      tabs.listen((message) => {
        if (message.type === "signed-in") engine.revive();
        else if (message.vault !== store.id) return;
        else if (message.type === "look") engine.wake("look");
        else if (message.type === "ask" && engine.leading) tabs.post({ type: "engine", vault: store.id, status: engine.status });
        else if (message.type === "engine" && !engine.leading) {
          this.#engineStatus = message.status;
          this.#tellStatus();
        }
      }),
      () => views.close(),
      () => questions.close(),
    ];
    const close = async () => {
      for (const stop of stops) stop();
      await engine.stop();
      await store.close();
    };
    this.#open = { store, who, engine, views, questions, work, close };
    engine.start();
    tabs.post({ type: "ask", vault: store.id });
    this.#tell({ type: "phase", phase: { phase: "open", who } });
  }

  async #close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.close();
  }

  #remember(store: OpenStore, who: Who): Promise<void> {
    return store.putNote(WHO, who);
  }

  #opened(): Open {
    if (!this.#open) throw new Error("locked");
    return this.#open;
  }

  #tell(event: DeviceEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  /** Once for a burst of changes. */
  #tellStatus(): void {
    if (this.#telling) return;
    this.#telling = true;
    this.#parts.clock.after(30, () => {
      this.#telling = false;
      if (this.#open) void this.status().then((status) => this.#tell({ type: "status", status }), () => undefined);
    });
  }
}

function refused(answer: Exclude<Answer, { kind: "ok" }>): SignInResult {
  const error = errorOf(answer);
  return { ok: false, error: error ?? { error_code: "unreachable", message: "The server can't be reached. Your work is safe on this device." } };
}
