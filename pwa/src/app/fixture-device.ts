/**
 * An invented ward in memory, for layout work and screenshots (`vite build --mode fixture`); no part of the real build.
 * `?state=` of the address chooses what it shows: empty, locked, offline, loading, nothing.
 */
import type { Conflict, Kind, Letter, Patient } from "@quill/schemas";
import type {
  AttachmentView, ConflictRow, ConflictView, Device, DeviceEvent, LetterRow, LetterView, MessageView, OutboxRow, PatientRow, Phase, SyncStatus, Who,
} from "../sync/device.ts";

const state = new URLSearchParams(location.search).get("state") ?? sessionStorage.getItem("fixture") ?? "open";
sessionStorage.setItem("fixture", state);

const FAMILY = ["Okafor-Williams", "Smith", "Nguyen", "Featherstonehaugh-Cholmondeley", "Begum", "O’Brien", "Kowalska", "Patel", "Jones", "Ferreira da Silva"];
const GIVEN = ["Adaeze Ngozi", "John", "Thi Minh", "Bartholomew Augustine Maximilian", "Fatima", "Siobhán", "Zofia", "Ravi", "Mary Ann", "José"];
const LONG = "Increasing breathlessness over three days, worse at night. No chest pain. Wheeze throughout, more on the left. Oxygen saturation 91 % on air, 96 % on two litres. Peak flow 210, usual best 380.\n\n- Salbutamol nebuliser, good response\n- Prednisolone 40 mg started\n- **Allergic to penicillin** (rash, 2011)";
const now = Date.now();
const ago = (minutes: number) => new Date(now - minutes * 60_000).toISOString();
const id = (group: number, n: number) => `00000000-0000-7000-8${String(group).padStart(3, "0")}-${String(n).padStart(12, "0")}`;
const ME = id(1, 1);
const BEN = id(1, 2);
const TEAM = id(2, 1);

const who: Who = { user_id: ME, username: "amara", name: "Dr Amara Diallo", roles: ["Clinician"], organisation_id: id(3, 1), organisation_name: "Northfield Hospital", team_ids: [TEAM] };

const rows: PatientRow[] = Array.from({ length: state === "nothing" ? 0 : 300 }, (_, n) => ({
  id: id(4, n),
  family: FAMILY[n % 10] ?? "", given: GIVEN[(n * 7 + Math.floor(n / 10)) % 10] ?? "",
  birth_date: `${1930 + (n * 13) % 90}-${String(1 + (n % 12)).padStart(2, "0")}-${String(1 + (n % 28)).padStart(2, "0")}`,
  sex: n % 2 ? "male" : "female", deceased: n % 17 === 16, openConflicts: n === 0 ? 1 : 0,
  ...(n !== 3 && { nhs_number: `999${String(1000000 + n * 7919).slice(0, 7)}` }),
})).sort((a, b) => a.family.localeCompare(b.family));

const letters = new Map<string, { row: LetterRow; letter: Letter }>();
function addLetter(n: number, patient: PatientRow, title: string, stateOf: Letter["state"], work: LetterRow["work"], signatureWaiting = false, openConflicts = 0) {
  const letter: Letter = {
    patient_id: patient.id, title, state: stateOf, author_id: n % 3 ? ME : BEN,
    recipients: n % 2 ? [{ name: "Dr Ann Lee", role: "GP", organisation: "Elm Street Surgery" }] : [],
    sections: { diagnosis: { title: "Diagnosis", order: 1, text: "Acute exacerbation of asthma" }, history: { title: "History", order: 2, text: LONG }, examination: { title: "Examination", order: 3, text: "" }, plan: { title: "Plan", order: 4, text: "Prednisolone 40 mg for five days. Asthma nurse within 48 hours. Return at once if worse." } },
    ...(stateOf === "signed" && { signed_by: ME, signed_at: ago(3000) }),
  };
  letters.set(id(5, n), { letter, row: { id: id(5, n), patient_id: patient.id, patient, title, state: stateOf, author_id: letter.author_id, author: n % 3 ? who.name : "Dr Ben Hughes", changed_at: ago(n * 190 + 4), work, signatureWaiting, openConflicts } });
}
if (rows[0] && rows[40] && rows[90]) {
  addLetter(0, rows[0], "Clinic letter", "draft", "needs-review", false, 1);
  addLetter(1, rows[0], "Discharge letter", "ready", "on-server");
  addLetter(2, rows[0], "Referral to the respiratory physiotherapy outpatient service", "signed", "in-record");
  addLetter(3, rows[40], "Clinic letter", "ready", "on-device", true);
  addLetter(4, rows[90], "Discharge letter", "draft", "on-device");
  addLetter(5, rows[0], "Clinic letter", "retracted", null);
}

const messages: MessageView[] = rows[0] ? [
  { id: id(6, 1), by: BEN, by_name: "Dr Ben Hughes", at: ago(22), work: null, patient: rows[0], message: { patient_id: rows[0].id, text: "Peak flow back to 340. Could go home today if the nurse agrees.", urgent: true, to: [], attachment_ids: [] } },
  { id: id(6, 2), by: ME, by_name: who.name, at: ago(19), work: "read", patient: rows[0], message: { patient_id: rows[0].id, text: "Thank you. I will see her at eleven.", urgent: false, to: [], attachment_ids: [] } },
  { id: id(6, 3), by: ME, by_name: who.name, at: ago(2), work: "on-device", patient: null, message: { team_id: TEAM, text: "Handover moved to 14:30 in the day room.", urgent: false, to: [], attachment_ids: [] } },
] : [];
const file = (name: string, media_type: string, stateOf: AttachmentView["attachment"]["state"], scan?: "none"): AttachmentView["attachment"] => ({ patient_id: rows[0]?.id ?? "", name, media_type, size: 2_431_000, sha256: "0".repeat(64), parts: 4, state: stateOf, ...(scan && { scan }) });
const attachments: AttachmentView[] = rows[0] ? [
  { id: id(7, 1), attachment: file("IMG_2044 left forearm.jpg", "image/jpeg", "uploading"), work: "on-device", upload: { sent: 1, parts: 4 }, onDevice: true },
  { id: id(7, 2), attachment: file("Referral letter scan.pdf", "application/pdf", "clean", "none"), work: "on-server", upload: null, onDevice: true },
  { id: id(7, 3), attachment: file("Chest film 2019.png", "image/png", "clean"), work: null, upload: null, onDevice: false },
] : [];

const section = (text: string) => ({ title: "Plan", order: 4, text });
const conflictBody: Conflict = {
  kind: "letter", record_id: id(5, 0), reason: "clash", severity: "high", status: "open", events: [],
  base: { body: { state: "draft" }, version: 3 },
  theirs: { body: { state: "draft" }, version: 4, by: BEN, at: ago(50) },
  mine: { action: "patch", set: {}, was: {}, by: ME, device: id(8, 1), made_at: ago(75), offline_for_s: 5400, op_ids: [] },
  fields: [
    { field: "sections/plan", base: section("Prednisolone 40 mg for five days. Asthma nurse within a week."), theirs: section("Prednisolone 30 mg for five days. Asthma nurse within a week."), mine: section("Prednisolone 40 mg for seven days. Asthma nurse within 48 hours. Return at once if worse.") },
    { field: "title", base: "Clinic letter", theirs: "Clinic letter", mine: "Asthma clinic letter" },
  ],
};
const conflictRows: ConflictRow[] = rows[0] ? [
  { id: id(9, 1), version: 1, title: "Clinic letter", kind: "letter", record_id: id(5, 0), reason: "clash", severity: "high", status: "open", at: ago(50), mine_by: who.name, patient_id: rows[0].id, patient: rows[0] },
  { id: id(9, 2), version: 1, title: "Date of birth", kind: "patient", record_id: rows[40]?.id ?? "", reason: "identity", severity: "medium", status: "open", at: ago(180), mine_by: "Sasha Ivanova", patient_id: rows[40]?.id ?? "", patient: rows[40] ?? null },
] : [];

const op = (n: number, title: string, what: string, stateOf: OutboxRow["state"], error?: string): OutboxRow => ({ op_id: id(10, n), kind: "letter", id: id(5, n), title, what, made_at: ago(n * 7 + 1), state: stateOf, ...(error && { verdict: { op_id: id(10, n), outcome: "rejected", error: { error_code: "letter_signed", message: error } } }) });

function status(): SyncStatus {
  const offline = state === "offline" || state === "locked";
  return { network: offline ? "offline" : "online", waiting: offline ? 3 : 0, needsReview: conflictRows.length, refused: state === "nothing" ? 0 : 1, loading: state === "loading" ? { stored: 112, expected: 300 } : null, lastSync: ago(offline ? 94 : 0), signInNeeded: false };
}

function view(patient: PatientRow): Patient {
  return {
    name: { family: patient.family, given: patient.given.split(" ") }, birth_date: patient.birth_date, sex: patient.sex as Patient["sex"], deceased: patient.deceased,
    identifiers: [{ system: "urn:mrn", value: "MRN 004417" }], address: { lines: ["14 Larch Grove"], city: "Northfield", postcode: "NF3 7QL" },
    telecom: [{ system: "phone", use: "mobile", value: "07700 900123" }], next_of_kin: [{ name: "Emeka Okafor", relationship: "brother", telecom: [{ system: "phone", value: "07700 900456" }] }],
    team_ids: [TEAM], ...(patient.nhs_number && { nhs_number: patient.nhs_number }),
  };
}

export function fixtureDevice(): Device {
  const listeners = new Set<(event: DeviceEvent) => void>();
  const tell = (event: DeviceEvent) => listeners.forEach((listener) => listener(event));
  const changed = (...kinds: Kind[]) => tell({ type: "changed", kinds, ids: [] });
  let phase: Phase =
    state === "empty" ? { phase: "empty" }
      : state === "locked" ? { phase: "locked", vaults: [{ vault: "a", initials: "AD", colour: "1", unsent: 3, current: true }, { vault: "b", initials: "BH", colour: "4", unsent: 0, current: false }] }
        : { phase: "open", who };
  const open = () => {
    phase = { phase: "open", who };
    tell({ type: "phase", phase });
    return Promise.resolve({ ok: true as const });
  };
  const letterView = (letterId: string): LetterView | null => {
    const found = letters.get(letterId);
    if (!found) return null;
    const patient = rows.find((row) => row.id === found.row.patient_id) ?? null;
    const disputed = found.row.openConflicts > 0;
    return {
      id: letterId, version: 4, letter: found.letter, server: null, draft: found.row.work === "on-device", saved_at: found.row.changed_at, work: found.row.work, signatureWaiting: found.row.signatureWaiting,
      marks: disputed ? { plan: ["under-review"], history: ["parallel"] } : {}, history: [], conflicts: disputed ? conflictRows.slice(0, 1) : [], as_of: ago(94), patient,
    };
  };
  return {
    phase: () => Promise.resolve(phase),
    status: () => Promise.resolve(status()),
    signIn: ({ username, totp_code }) => (username === "carol" && !totp_code ? Promise.resolve({ ok: false, error: { error_code: "two_factor_required", message: "" } }) : open()),
    unlock: (_vault, password) => (password === "wrong" ? Promise.resolve({ ok: false, error: { error_code: "invalid_credentials", message: "" } }) : open()),
    lock: () => {
      sessionStorage.setItem("fixture", "locked");
      tell({ type: "phase", phase: { phase: "locked", vaults: [] } });
      return Promise.resolve();
    },
    signOut: () => Promise.resolve({ ok: false, unsent: 3 }),
    who: () => Promise.resolve(who),
    patients: ({ text, offset, limit }) => {
      const words = text.toLowerCase().split(/\s+/).filter(Boolean);
      const found = rows.filter((row) => words.every((word) => `${row.family} ${row.given} ${row.nhs_number ?? ""} ${row.birth_date}`.toLowerCase().includes(word)));
      return Promise.resolve({ total: found.length, rows: found.slice(offset, offset + limit), complete: state !== "loading" });
    },
    patient: (patientId) => {
      const row = rows.find((one) => one.id === patientId);
      if (!row) return Promise.resolve(null);
      const own = <T,>(list: T[], test: (one: T) => boolean) => list.filter(test);
      return Promise.resolve({
        id: row.id, version: 2, patient: view(row), as_of: ago(94), complete: state !== "loading", states: [],
        letters: own([...letters.values()], (one) => one.row.patient_id === row.id).map((one) => one.row), messages: own(messages, (one) => one.message.patient_id === row.id),
        attachments: row.id === rows[0]?.id ? attachments : [], conflicts: own(conflictRows, (one) => one.patient_id === row.id),
      });
    },
    letters: () => Promise.resolve([...letters.values()].map((one) => one.row)),
    letter: (letterId) => Promise.resolve(letterView(letterId)),
    messages: () => Promise.resolve(messages),
    conflicts: () => Promise.resolve(conflictRows),
    conflict: (conflictId) => {
      const row = conflictRows.find((one) => one.id === conflictId);
      const full: ConflictView | null = row ? { ...row, conflict: conflictBody, names: { [ME]: who.name, [BEN]: "Dr Ben Hughes", [id(8, 1)]: "Ward A tablet 3" }, mayChoose: true, mayCompose: true, work: null } : null;
      return Promise.resolve(full);
    },
    people: () => Promise.resolve([{ id: ME, username: "amara", name: who.name, roles: ["Clinician"], active: true }, { id: BEN, username: "ben", name: "Dr Ben Hughes", roles: ["Clinician"], active: true }]),
    teams: () => Promise.resolve([{ id: TEAM, name: "Ward A", member_ids: [ME, BEN] }]),
    beginLetter: (patientId, title) => {
      const patient = rows.find((row) => row.id === patientId);
      const n = letters.size + 100;
      if (patient) addLetter(n, patient, title, "draft", "on-device");
      const made = letters.get(id(5, n));
      if (made) made.letter.sections = {};
      return Promise.resolve(id(5, n));
    },
    edit: (_kind, letterId, set) => {
      const found = letters.get(letterId);
      if (found) {
        const sections = { ...found.letter.sections };
        for (const [field, value] of Object.entries(set)) {
          if (field.startsWith("sections/")) sections[field.slice(9)] = value as Letter["sections"][string];
          else Object.assign(found.letter, { [field]: value });
        }
        found.letter = { ...found.letter, sections };
      }
      changed("letter");
      return Promise.resolve({ saved_at: new Date().toISOString() });
    },
    commit: () => Promise.resolve(),
    setLetterState: (letterId, next) => {
      const found = letters.get(letterId);
      if (found) {
        found.row.signatureWaiting = next === "signed";
        found.letter = { ...found.letter, state: next === "signed" ? "ready" : next };
        found.row.state = found.letter.state;
      }
      changed("letter");
      return Promise.resolve();
    },
    sendMessage: () => Promise.resolve(id(6, 9)),
    attach: () => Promise.resolve(id(7, 9)),
    attachmentContent: () => Promise.resolve({ error: { error_code: "unreachable", message: "This file isn't on this device and the server can't be reached." } }),
    resolve: () => Promise.resolve(),
    returnConflict: () => Promise.resolve(),
    dismiss: () => Promise.resolve(),
    syncPage: () => Promise.resolve({
      status: status(), device_id: id(8, 1), storage: { persisted: true, quota: 12_000_000_000, usage: 48_000_000 }, offline: { ready: state === "loading" ? 9 : 14, of: 14, at: ago(94) },
      waiting: state === "offline" ? [op(3, "Clinic letter", "Signature", "on-device"), op(4, "Discharge letter", "Plan, History", "on-device"), op(5, "Message to Ward A", "New message", "on-device")] : [],
      decided: state === "nothing" ? [] : [op(1, "Discharge letter", "Marked ready", "on-server"), op(0, "Clinic letter", "Plan", "needs-review"), op(2, "Referral", "Signed", "in-record")],
      failed: state === "nothing" ? [] : [op(2, "Referral to the respiratory physiotherapy outpatient service", "Plan", "refused", "This letter was signed before the change was made. Write an amendment instead.")],
    }),
    syncNow: () => Promise.resolve(),
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
