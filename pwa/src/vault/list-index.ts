/**
 * The patient list with its index, in memory while the vault is open.
 * A packed, immutable part (sorted rows; sorted words, each with the rows it leads to) that loads from the snapshot in
 * milliseconds, and over it what changed since. Packed anew when the changes have grown to a tenth of it.
 */
import type { PatientSummary } from "../sync/ports.ts";
import { bytesOfNumbers, decode, encode, join, numbersOfBytes, split, type Bytes } from "./bytes.ts";
import { orderOf, wordsOf, wordsOfQuery } from "./patient-row.ts";

interface Packed {
  /** Row text, in the order of the list; its fields are split only when it is shown. */
  rows: string[];
  rowOf: Map<string, number>;
  words: string[];
  /** Rows of word n: `postings[starts[n]]` to before `starts[n + 1]`. */
  starts: Uint32Array;
  postings: Uint32Array;
}

interface Changed {
  row: PatientSummary;
  order: string;
  words: string[];
}

/** A changed row and the packed row it stands before. */
interface Placed extends Changed {
  before: number;
}

const FIELD = "\u0002";
const LINE = "\u0003";
const SMALL = 500;
/** Where a row went that is no longer there. */
const GONE = -1;
const EMPTY: Packed = { rows: [], rowOf: new Map(), words: [], starts: new Uint32Array(1), postings: new Uint32Array(0) };
const NONE: ReadonlyMap<string, null> = new Map();

export interface Found {
  total: number;
  rows: PatientSummary[];
}

export class ListIndex {
  #packed: Packed;
  /** null: gone. */
  readonly #changed: Map<string, Changed | null>;
  /** Rows of the packed part that the changes replace. */
  #hidden: Set<number> | null = null;
  #ordered: Placed[] | null = null;

  private constructor(packed: Packed, changed: Map<string, Changed | null>) {
    this.#packed = packed;
    this.#changed = changed;
  }

  static empty(): ListIndex {
    return new ListIndex(EMPTY, new Map());
  }

  copy(): ListIndex {
    return new ListIndex(this.#packed, new Map(this.#changed));
  }

  put(row: PatientSummary): void {
    this.#set(row.id, changedTo(row));
  }

  remove(id: string): void {
    if (this.#changed.has(id) || this.#packed.rowOf.has(id)) this.#set(id, null);
  }

  row(id: string): PatientSummary | null {
    const changed = this.#changed.get(id);
    if (changed !== undefined) return changed?.row ?? null;
    const packed = this.#packed.rows[this.#packed.rowOf.get(id) ?? -1];
    return packed === undefined ? null : read(packed);
  }

  /**
   * Patients of whom every word typed begins a name, number or birth date; all of them for nothing typed; in the list's order.
   * @param own rows to show in place of those held (null: to hide), by id
   */
  search(text: string, offset: number, limit: number, own: ReadonlyMap<string, PatientSummary | null> = NONE): Found {
    const typed = wordsOfQuery(text);
    const { rows } = this.#packed;
    const hits = this.#match(typed);
    for (const row of this.#hiddenRows()) hits[row] = 0;
    for (const id of own.keys()) hits[this.#packed.rowOf.get(id) ?? rows.length] = 0;
    const over = own.size === 0 ? this.#changedRows() : this.#withOwn(own);
    const others = over.filter(({ words }) => typed.every((word) => words.some((each) => each.startsWith(word))));
    let total = others.length;
    for (let row = 0; row < hits.length; row++) total += hits[row] ? 1 : 0;

    // Both parts are in order: walk them together up to the end of what is shown.
    const shown: PatientSummary[] = [];
    let place = 0;
    let other = 0;
    for (let row = 0; row <= rows.length && shown.length < limit; row++) {
      for (let next = others[other]; next && next.before <= row && shown.length < limit; next = others[++other]) {
        if (place++ >= offset) shown.push(next.row);
      }
      if (hits[row] && shown.length < limit && place++ >= offset) shown.push(read(rows[row] ?? ""));
    }
    return { total, rows: shown };
  }

  /** The snapshot: all of it packed, so that it loads quickly, with nothing in it of what was removed. */
  encode(): Bytes {
    if (this.#changed.size > 0) this.#pack();
    const { rows, words, starts, postings } = this.#packed;
    return join([encode(rows.join(LINE)), encode(words.join(LINE)), bytesOfNumbers(starts), bytesOfNumbers(postings)]);
  }

  static decode(bytes: Uint8Array): ListIndex {
    const [rows, words, starts, postings] = split(bytes);
    if (!rows || !words || !starts || !postings) throw new TypeError("a list without its parts");
    const packed = { rows: lines(rows), words: lines(words), starts: numbersOfBytes(starts), postings: numbersOfBytes(postings) };
    return new ListIndex({ ...packed, rowOf: placesOf(packed.rows) }, new Map());
  }

  #set(id: string, change: Changed | null): void {
    this.#changed.set(id, change);
    this.#hidden = null;
    this.#ordered = null;
    if (this.#changed.size > Math.max(SMALL, this.#packed.rows.length / 2)) this.#pack();
  }

  #pack(): void {
    this.#packed = merge(this.#packed, this.#hiddenRows(), this.#changedRows());
    this.#changed.clear();
    this.#hidden = null;
    this.#ordered = null;
  }

  #hiddenRows(): Set<number> {
    this.#hidden ??= new Set([...this.#changed.keys()].flatMap((id) => this.#packed.rowOf.get(id) ?? []));
    return this.#hidden;
  }

  #changedRows(): Placed[] {
    return (this.#ordered ??= this.#place([...this.#changed.values()].filter((change) => change !== null)));
  }

  #withOwn(own: ReadonlyMap<string, PatientSummary | null>): Placed[] {
    const others = [...this.#changed.values()].filter((change) => change !== null && !own.has(change.row.id)) as Changed[];
    return this.#place([...others, ...[...own.values()].flatMap((row) => (row ? changedTo(row) : []))]);
  }

  #place(changed: Changed[]): Placed[] {
    const { rows, rowOf } = this.#packed;
    const orders = new Map<number, string>();
    const orderAt = (place: number) => {
      let order = orders.get(place);
      if (order === undefined) orders.set(place, (order = orderOf(read(rows[place] ?? ""))));
      return order;
    };
    return inOrder(changed).map((change) => {
      const old = rowOf.get(change.row.id);
      // Most changes leave the name as it was, and so the place.
      const before = old !== undefined && orderAt(old) === change.order ? old : firstFrom(rows.length, (place) => orderAt(place) < change.order);
      return { ...change, before };
    });
  }

  /** 1 for each packed row that every word leads to. */
  #match(typed: readonly string[]): Uint8Array {
    const { rows, words, starts, postings } = this.#packed;
    let hits = new Uint8Array(rows.length);
    if (typed.length === 0) return hits.fill(1);
    typed.forEach((word, turn) => {
      const found = new Uint8Array(rows.length);
      for (let at = firstFrom(words.length, (place) => (words[place] ?? "") < word); words[at]?.startsWith(word); at++) {
        const end = starts[at + 1] ?? 0;
        for (let posting = starts[at] ?? 0; posting < end; posting++) {
          const row = postings[posting] ?? 0;
          if (turn === 0 || hits[row]) found[row] = 1;
        }
      }
      hits = found;
    });
    return hits;
  }
}

function changedTo(row: PatientSummary): Changed {
  return { row, order: orderOf(row), words: wordsOf(row) };
}

/** The packed part anew, without the hidden rows and with the changed ones; what stays is neither read nor folded again. */
function merge(old: Packed, hidden: ReadonlySet<number>, changed: readonly Placed[]): Packed {
  const rows: string[] = [];
  const movedTo = new Int32Array(old.rows.length).fill(GONE);
  const added = new Map<string, number[]>();
  let next = 0;
  for (let row = 0; row <= old.rows.length; row++) {
    for (let each = changed[next]; each && each.before <= row; each = changed[++next]) {
      const place = rows.push(write(each.row)) - 1;
      for (const word of each.words) addTo(added, word, place);
    }
    const text = old.rows[row];
    if (text !== undefined && !hidden.has(row)) movedTo[row] = rows.push(text) - 1;
  }
  return { rows, rowOf: placesOf(rows), ...mergeWords(old, movedTo, added) };
}

function mergeWords(old: Packed, movedTo: Int32Array, added: ReadonlyMap<string, number[]>): Pick<Packed, "words" | "starts" | "postings"> {
  const words: string[] = [];
  const starts: number[] = [];
  const postings: number[] = [];
  const coming = [...added.keys()].sort();
  let next = 0;
  const put = (word: string, places: readonly number[]) => {
    if (places.length === 0) return;
    words.push(word);
    starts.push(postings.length);
    for (const place of places) postings.push(place);
  };
  old.words.forEach((word, number) => {
    for (let each = coming[next]; each !== undefined && each < word; each = coming[++next]) put(each, added.get(each) ?? []);
    const places: number[] = [];
    for (let at = old.starts[number] ?? 0; at < (old.starts[number + 1] ?? 0); at++) {
      const place = movedTo[old.postings[at] ?? 0] ?? GONE;
      if (place !== GONE) places.push(place);
    }
    if (coming[next] === word) {
      places.push(...(added.get(word) ?? []));
      places.sort((a, b) => a - b);
      next += 1;
    }
    put(word, places);
  });
  for (const each of coming.slice(next)) put(each, added.get(each) ?? []);
  starts.push(postings.length);
  return { words, starts: Uint32Array.from(starts), postings: Uint32Array.from(postings) };
}

function addTo(places: Map<string, number[]>, word: string, place: number): void {
  const already = places.get(word);
  if (already) already.push(place);
  else places.set(word, [place]);
}

function inOrder<T extends { order: string }>(rows: T[]): T[] {
  return rows.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
}

/** The first place of `length` that isn't `before` what is looked for. */
function firstFrom(length: number, before: (place: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (before(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function write(row: PatientSummary): string {
  const fields = [row.id, row.family, row.given, row.birth_date, row.sex, row.nhs_number ?? "", row.mrn ?? "", row.deceased ? "1" : ""];
  return fields.map((field) => field.replaceAll(/[\u0002\u0003]/g, " ")).join(FIELD);
}

function read(text: string): PatientSummary {
  const [id = "", family = "", given = "", birth_date = "", sex = "", nhs_number, mrn, deceased] = text.split(FIELD);
  return { id, family, given, birth_date, sex, ...(nhs_number && { nhs_number }), ...(mrn && { mrn }), deceased: deceased === "1" };
}

function placesOf(rows: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  rows.forEach((row, place) => places.set(row.slice(0, row.indexOf(FIELD)), place));
  return places;
}

function lines(bytes: Uint8Array): string[] {
  return bytes.length === 0 ? [] : decode(bytes).split(LINE);
}
