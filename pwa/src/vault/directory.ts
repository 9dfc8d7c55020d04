/** Where the newest of each record lies, which scopes are held, and what each segment holds: in memory while the vault is open. */
import type { BeginEntry, CompleteEntry, Kind } from "@quill/schemas";
import { bytesOfNumbers, decode, encode, join, numbersOfBytes, split, type Bytes } from "./bytes.ts";
import type { PutStub, Stub } from "./change.ts";

export interface Location {
  readonly kind: Kind;
  readonly scope: string;
  readonly version: number;
  readonly segment: number;
  /** Where in the segment's `changes`. */
  readonly index: number;
  /** Counts every put ever stored: a back-fill drops what arrived before it began. */
  readonly arrival: number;
}

export interface Segment {
  /** Generation that wrote it. */
  readonly version: number;
  readonly count: number;
  /** Records whose newest lies here; the others were replaced or deleted. */
  readonly live: number;
  /** Scopes of all that lies here, replaced records included: what a purge has to look at. */
  readonly scopes: ReadonlySet<string>;
}

interface Scope {
  readonly complete: boolean;
  /** Arrivals when its back-fill began. */
  readonly began: number | null;
}

interface Counters {
  arrivals: number;
  next_segment: number;
  /** Arrivals when a bootstrap began that hasn't completed. */
  bootstrap: number | null;
}

/** What a page took away. */
export interface Dropped {
  ids: string[];
  /** Scopes that ended: nothing of them may stay readable. */
  scopes: Set<string>;
}

const LINE = "\n";
const COLUMNS = 6;

export class Directory {
  readonly #records: Map<string, Location>;
  readonly #scopes: Map<string, Scope>;
  readonly #segments: Map<number, Segment>;
  readonly #counters: Counters;
  /** Scopes that were held and aren't any more. One never heard of is not among them: a patient made here, a team's first message. */
  readonly #ended: Set<string>;
  #byScope: Map<string, Set<string>> | null = null;

  private constructor(
    records: Map<string, Location>, scopes: Map<string, Scope>, segments: Map<number, Segment>, counters: Counters, ended: Set<string>,
  ) {
    this.#records = records;
    this.#scopes = scopes;
    this.#segments = segments;
    this.#counters = counters;
    this.#ended = ended;
  }

  static empty(): Directory {
    return new Directory(new Map(), new Map(), new Map(), { arrivals: 0, next_segment: 1, bootstrap: null }, new Set());
  }

  copy(): Directory {
    return new Directory(new Map(this.#records), new Map(this.#scopes), new Map(this.#segments), { ...this.#counters }, new Set(this.#ended));
  }

  get(id: string): Location | null {
    return this.#records.get(id) ?? null;
  }

  get nextSegment(): number {
    return this.#counters.next_segment;
  }

  get segments(): ReadonlyMap<number, Segment> {
    return this.#segments;
  }

  segment(number: number): Segment | null {
    return this.#segments.get(number) ?? null;
  }

  scopes(): { scope: string; complete: boolean }[] {
    return [...this.#scopes].map(([scope, { complete }]) => ({ scope, complete }));
  }

  /** Whether the person had this scope and lost it: nothing of it may be stored here again. */
  hasEnded(scope: string): boolean {
    return this.#ended.has(scope);
  }

  /** Whether a note's key names a scope that ended. */
  namesEnded(key: string): boolean {
    return [...this.#ended].some((scope) => key.includes(scope));
  }

  /** Records of a kind, or of a kind within a scope. */
  list(kind: Kind, scope?: string): [string, Location][] {
    const found: [string, Location][] = [];
    if (scope === undefined) {
      for (const [id, location] of this.#records) if (location.kind === kind) found.push([id, location]);
      return found;
    }
    for (const id of this.#scopeIndex().get(scope) ?? []) {
      const location = this.#records.get(id);
      if (location?.kind === kind) found.push([id, location]);
    }
    return found;
  }

  /** Does with a page what the contract says (sync-protocol, changes). @param version generation that wrote the segment */
  apply(segment: number, version: number, stubs: readonly Stub[]): Dropped {
    const dropped: Dropped = { ids: [], scopes: new Set() };
    const puts = stubs.filter((stub) => stub.type === "put");
    if (puts.length > 0) {
      this.#segments.set(segment, { version, count: puts.length, live: 0, scopes: new Set(puts.map(({ scope }) => scope)) });
      this.#counters.next_segment = Math.max(this.#counters.next_segment, segment + 1);
    }
    for (const stub of stubs) {
      if (stub.type === "put") this.#put(segment, stub);
      else if (stub.type === "delete") this.#drop([stub.id], dropped);
      else if (stub.type === "begin") this.#begin(stub);
      else if (stub.type === "complete") this.#complete(stub, dropped);
      else if (stub.type === "revoke") this.#end(stub.scope, dropped);
    }
    return dropped;
  }

  /** After a rewrite: these records, in this order, are all the segment holds. */
  rewrite(number: number, version: number, ids: readonly string[]): void {
    this.#segments.delete(number);
    if (ids.length === 0) return;
    const scopes = new Set<string>();
    ids.forEach((id, index) => {
      const location = this.#records.get(id);
      if (!location) throw new TypeError("a record that isn't held");
      scopes.add(location.scope);
      if (location.segment !== number) this.#liveIn(location.segment, -1);
      this.#records.set(id, { ...location, segment: number, index });
    });
    this.#segments.set(number, { version, count: ids.length, live: ids.length, scopes });
    this.#counters.next_segment = Math.max(this.#counters.next_segment, number + 1);
  }

  encode(): Bytes {
    const kinds = new Numbering<Kind>();
    const names = new Numbering<string>();
    const numbers = new Uint32Array(this.#records.size * COLUMNS);
    let at = 0;
    for (const { kind, scope, version, segment, index, arrival } of this.#records.values()) {
      numbers.set([kinds.of(kind), names.of(scope), version, segment, index, arrival], at);
      at += COLUMNS;
    }
    const scopes = [...this.#scopes].map(([scope, { complete, began }]) => [names.of(scope), complete, began] as const);
    const segments = [...this.#segments].map(
      ([number, { version, count, live, scopes: all }]) => [number, version, count, live, [...all].map((scope) => names.of(scope))] as const,
    );
    const ended = [...this.#ended].map((scope) => names.of(scope));
    const rest: Rest = { kinds: kinds.values, names: names.values, scopes, segments, counters: this.#counters, ended };
    return join([encode([...this.#records.keys()].join(LINE)), bytesOfNumbers(numbers), encode(JSON.stringify(rest))]);
  }

  static decode(bytes: Uint8Array): Directory {
    const [idBytes, numberBytes, restBytes] = split(bytes);
    if (!idBytes || !numberBytes || !restBytes) throw new TypeError("a directory without its parts");
    const rest = JSON.parse(decode(restBytes)) as Rest;
    const numbers = numbersOfBytes(numberBytes);
    const records = new Map<string, Location>();
    const name = (number: number | undefined) => rest.names[number ?? -1] ?? "";
    if (idBytes.length > 0) {
      let at = 0;
      const next = () => numbers[at++] ?? 0;
      for (const id of decode(idBytes).split(LINE)) {
        const kind = rest.kinds[next()] as Kind;
        records.set(id, { kind, scope: name(next()), version: next(), segment: next(), index: next(), arrival: next() });
      }
    }
    const scopes = new Map(rest.scopes.map(([scope, complete, began]) => [name(scope), { complete, began }]));
    const segments = new Map(
      rest.segments.map(([number, version, count, live, all]) => [number, { version, count, live, scopes: new Set(all.map(name)) }]),
    );
    return new Directory(records, scopes, segments, rest.counters, new Set((rest.ended ?? []).map(name)));
  }

  #put(segment: number, stub: PutStub): void {
    const { kind, id, scope, version, index } = stub;
    const old = this.#records.get(id);
    if (old) this.#forget(id, old);
    this.#records.set(id, { kind, scope, version, segment, index, arrival: ++this.#counters.arrivals });
    if (this.#byScope) addTo(this.#byScope, scope, id);
    this.#liveIn(segment, 1);
    // A scope born while the person already qualifies has no `begin`; within a bootstrap, only its `complete` tells.
    if (!this.#scopes.has(scope)) this.#hold(scope, { complete: this.#counters.bootstrap === null, began: null });
  }

  #begin({ scope }: BeginEntry): void {
    const began = this.#counters.arrivals;
    if (scope !== undefined) {
      this.#hold(scope, { complete: false, began });
      return;
    }
    this.#counters.bootstrap = began;
    for (const name of this.#scopes.keys()) this.#scopes.set(name, { complete: false, began: null });
  }

  #complete({ scope, scopes }: CompleteEntry, dropped: Dropped): void {
    if (scope !== undefined) {
      this.#dropBefore(scope, this.#scopes.get(scope)?.began ?? 0, dropped);
      this.#hold(scope, { complete: true, began: null });
      return;
    }
    const began = this.#counters.bootstrap ?? 0;
    const named = Object.keys(scopes ?? {});
    const kept = new Set(named);
    for (const name of this.#scopes.keys()) if (!kept.has(name)) this.#end(name, dropped);
    for (const name of named) {
      this.#dropBefore(name, began, dropped);
      this.#hold(name, { complete: true, began: null });
    }
    this.#counters.bootstrap = null;
  }

  #hold(scope: string, held: Scope): void {
    this.#scopes.set(scope, held);
    this.#ended.delete(scope);
  }

  #end(scope: string, dropped: Dropped): void {
    this.#drop([...(this.#scopeIndex().get(scope) ?? [])], dropped);
    this.#scopes.delete(scope);
    this.#ended.add(scope);
    dropped.scopes.add(scope);
  }

  #dropBefore(scope: string, began: number, dropped: Dropped): void {
    const ids = [...(this.#scopeIndex().get(scope) ?? [])];
    this.#drop(ids.filter((id) => (this.#records.get(id)?.arrival ?? 0) <= began), dropped);
  }

  #drop(ids: readonly string[], dropped: Dropped): void {
    for (const id of ids) {
      const location = this.#records.get(id);
      if (!location) continue;
      this.#forget(id, location);
      this.#records.delete(id);
      dropped.ids.push(id);
    }
  }

  #forget(id: string, location: Location): void {
    this.#byScope?.get(location.scope)?.delete(id);
    this.#liveIn(location.segment, -1);
  }

  #liveIn(number: number, change: number): void {
    const segment = this.#segments.get(number);
    if (segment) this.#segments.set(number, { ...segment, live: segment.live + change });
  }

  #scopeIndex(): Map<string, Set<string>> {
    if (this.#byScope) return this.#byScope;
    const index = new Map<string, Set<string>>();
    for (const [id, { scope }] of this.#records) addTo(index, scope, id);
    return (this.#byScope = index);
  }
}

interface Rest {
  kinds: Kind[];
  names: string[];
  scopes: (readonly [number, boolean, number | null])[];
  segments: (readonly [number, number, number, number, number[]])[];
  counters: Counters;
  /** Absent in a snapshot of before it was kept. */
  ended?: number[];
}

function addTo(index: Map<string, Set<string>>, scope: string, id: string): void {
  const ids = index.get(scope);
  if (ids) ids.add(id);
  else index.set(scope, new Set([id]));
}

/** Gives each value a number, in the order they come. */
class Numbering<T> {
  readonly values: T[] = [];
  readonly #numbers = new Map<T, number>();

  of(value: T): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.values.push(value) - 1;
      this.#numbers.set(value, number);
    }
    return number;
  }
}
