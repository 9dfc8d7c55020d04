/** Pages as the server sends them: patients of 1 KiB, then two letters of 4 KiB for each, 500 records a page. */
import type { Entry, Kind } from "@quill/schemas";

export interface Sample {
  name: { family: string; given: string[] };
  next_of_kin: unknown[];
  [field: string]: unknown;
}

const PAGE = 500;
const LETTER = 4096;
const encoder = new TextEncoder();

/** @param samples patients' bodies of the demonstration, about 700 bytes each @returns the bytes of each page's answer */
export function pagesOf(samples: readonly Sample[], patients: number, letters: number): Uint8Array<ArrayBuffer>[] {
  const entries: Entry[] = [];
  const ids = Array.from({ length: patients }, (_, place) => idOf(1, place));
  ids.forEach((id, place) => entries.push(put("patient", id, id, place + 1, patientOf(samples, place))));
  for (let place = 0; place < letters; place++) {
    const patient = ids[place % patients] ?? "";
    entries.push(put("letter", idOf(2, place), patient, patients + place + 1, letterOf(samples, patient, place)));
  }
  const pages: Uint8Array<ArrayBuffer>[] = [];
  for (let from = 0; from < entries.length; from += PAGE) {
    const changes = entries.slice(from, from + PAGE);
    pages.push(encoder.encode(JSON.stringify({ changes, cursor: `c${from + PAGE}`, more: from + PAGE < entries.length, head: entries.length })));
  }
  return pages;
}

/** A patient with another address, alone on a page, as a colleague's edit comes. */
export function editOf(samples: readonly Sample[], place: number, head: number): Uint8Array<ArrayBuffer> {
  const id = idOf(1, place);
  const body = { ...patientOf(samples, place), address: { lines: [`${head} New Road`], city: "Leeds", postcode: "LS1 1AA" } };
  return encoder.encode(JSON.stringify({ changes: [put("patient", id, id, head, body)], cursor: `c${head}`, more: false, head }));
}

function patientOf(samples: readonly Sample[], place: number): Sample {
  const sample = samples[place % samples.length];
  if (!sample) throw new Error("no samples");
  const identifiers = [{ system: "https://quill.example/identifiers/mrn", value: `SC${200_000 + place}` }];
  // The samples repeat; a second given name makes people of them.
  return { ...sample, name: { ...sample.name, given: [...sample.name.given, `N${place}`] }, identifiers, nhs_number: String(9_990_000_000 + place) };
}

function letterOf(samples: readonly Sample[], patient_id: string, place: number): Record<string, unknown> {
  const words = samples.flatMap(({ name }) => [name.family, ...name.given]);
  const sections = Object.fromEntries(
    ["history", "examination", "impression", "plan"].map((heading, order) => [heading, { title: heading, order, text: prose(words, place * 4 + order, LETTER / 4 - 120) }]),
  );
  return { patient_id, title: `Clinic letter ${place}`, state: "draft", sections, recipients: [], author_id: idOf(3, 1) };
}

function prose(words: readonly string[], seed: number, length: number): string {
  let text = "";
  for (let state = seed + 1; text.length < length; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    text += `${words[state % words.length]} `;
  }
  return text;
}

function put(kind: Kind, id: string, patient: string, seq: number, body: object): Entry {
  const by = idOf(3, 1);
  return { type: "put", seq, kind, id, scope: `patient:${patient}`, version: 1, schema: 1, by, at: "2026-01-01T09:00:00.000Z", body } as Entry;
}

function idOf(kind: number, place: number): string {
  return `0000000${kind}-0000-4000-8000-${String(place).padStart(12, "0")}`;
}
