/** What a person does at a screen, by chance: through the device's own questions and acts, on what the screen showed. */
import type { Letter, LetterSection, Patient } from "@quill/schemas";
import { valueOf } from "../../pwa/src/domain/fields.ts";
import type { LocalDevice } from "../../pwa/src/sync/local-device.ts";
import type { OpenTab, Profile } from "./profile.ts";
import type { Seeded } from "./seeded.ts";

const HEADINGS: [name: string, title: string][] = [["history", "History"], ["examination", "Examination"], ["plan", "Plan"]];

const NEXT: Record<Letter["state"], Letter["state"][]> = {
  draft: ["ready"], ready: ["signed", "signed", "draft"], signed: ["amended"], amended: ["amended", "retracted"], retracted: ["draft"],
};

export interface Person {
  profile: Profile;
  chance: Seeded;
  /** Patients that people of this world write about. */
  patients: string[];
  teams: Record<string, string>;
  /** A text nobody else writes. */
  token: () => string;
  /** The act that wrote it was acknowledged. */
  wrote: (token: string, id: string, scope: string) => void;
  pause: (most: number) => Promise<void>;
}

type Act = (person: Person, open: OpenTab) => Promise<string>;

const NOTHING = "nothing to do";

const writeLetter: Act = async (person, { device }) => {
  const patient = await anyPatient(person, device);
  if (patient === null) return NOTHING;
  const { roles, user_id } = await device.who();
  const clinicians = (await device.people()).filter((one) => one.roles.includes("Clinician") && one.id !== user_id);
  const behalf = roles.includes("Secretary") ? person.chance.pick(clinicians).id : undefined;
  const token = person.token();
  const id = await device.beginLetter(patient, `Letter ${token}`, behalf);
  person.wrote(token, id, `patient:${patient}`);
  return `began letter ${id} ${token}`;
};

const editLetter: Act = async (person, { device }) => {
  const { chance } = person;
  const id = await anyLetter(person, device, ["draft", "ready"]);
  const view = id === null ? null : await device.letter(id);
  if (id === null || view === null) return NOTHING;
  const [heading, title] = chance.pick(HEADINGS);
  let { letter } = view;
  const shown = { version: view.version, was: {}, letter };
  const tokens: string[] = [];
  for (let sentences = 1 + chance.below(3); sentences > 0; sentences--) {
    await person.pause(3_000); // typing; meanwhile pages may be stored beneath
    const token = person.token();
    const before = valueOf("letter", letter as unknown as Record<string, unknown>, `sections/${heading}`) as LetterSection | null;
    const section = { title, order: HEADINGS.findIndex(([one]) => one === heading), text: `${before?.text ?? ""} ${token}`.trim() };
    await device.edit("letter", id, { [`sections/${heading}`]: section }, { ...shown, was: { [`sections/${heading}`]: before } });
    person.wrote(token, id, `patient:${letter.patient_id}`);
    tokens.push(token);
    letter = { ...letter, sections: { ...letter.sections, [heading]: section } };
  }
  if (chance.chance(0.5)) await device.commit(id);
  return `wrote ${heading} of ${id} at ${view.version}: ${tokens.join(" ")}`;
};

const changeState: Act = async (person, { device }) => {
  const id = await anyLetter(person, device, ["draft", "ready", "signed", "amended"]);
  const view = id === null ? null : await device.letter(id);
  if (id === null || view === null) return NOTHING;
  const { letter, version } = view;
  const state = person.chance.pick(NEXT[letter.state]);
  await person.pause(4_000);
  const shown = { version, letter };
  if (state !== "amended") {
    await device.setLetterState(id, state, undefined, shown);
    return `${id} at ${version}: ${state}`;
  }
  const token = person.token();
  const plan = { title: "Plan", order: 2, text: `${letter.sections["plan"]?.text ?? ""} ${token}`.trim() };
  await device.setLetterState(id, state, { reason: "Corrected", sections: { plan } }, shown);
  person.wrote(token, id, `patient:${letter.patient_id}`);
  return `amended ${id} at ${version}: ${token}`;
};

const sendMessage: Act = async (person, { device }) => {
  const patient = await anyPatient(person, device);
  if (patient === null) return NOTHING;
  const token = person.token();
  const earlier = (await device.messages({ patient_id: patient })).at(-1);
  const id = await device.sendMessage({
    text: `Message ${token}`, urgent: person.chance.chance(0.2), patient_id: patient,
    ...(earlier && person.chance.chance(0.5) && { in_reply_to: earlier.id }),
  });
  person.wrote(token, id, `patient:${patient}`);
  return `message ${id} ${token}`;
};

const attach: Act = async (person, { device }) => {
  const patient = await anyPatient(person, device);
  if (patient === null) return NOTHING;
  const letter = person.chance.chance(0.5) ? await anyLetter(person, device, ["draft", "ready"], patient) : null;
  const token = person.token();
  const bytes = Uint8Array.from({ length: 100 + person.chance.below(4_000) }, () => person.chance.below(256));
  const id = await device.attach(patient, { name: `photo ${token}.bin`, media_type: "application/octet-stream", bytes }, letter ?? undefined);
  person.wrote(token, id, `patient:${patient}`);
  return `attached ${id} ${token}`;
};

const correctPatient: Act = async (person, { device }) => {
  const id = await anyPatient(person, device);
  const view = id === null ? null : await device.patient(id);
  if (id === null || view === null) return NOTHING;
  const token = person.token();
  const { name, address } = view.patient;
  const set: Partial<Patient> = person.chance.chance(0.7)
    ? { address: { city: "Leeds", postcode: "LS1 1AA", lines: [...(address?.lines ?? []), token] } }
    : { name: { ...name, given: [...name.given, token] } };
  const was = Object.fromEntries(Object.keys(set).map((field) => [field, view.patient[field as keyof Patient] ?? null]));
  await person.pause(2_000);
  await device.edit("patient", id, set, { version: view.version, was });
  person.wrote(token, id, `patient:${id}`);
  return `corrected ${Object.keys(set).join()} of patient ${id} at ${view.version}: ${token}`;
};

const decideConflict: Act = async (person, { device }) => {
  const mine = (await device.conflicts()).filter((row) => row.status === "open" && row.patient_id !== undefined && person.patients.includes(row.patient_id));
  if (mine.length === 0) return NOTHING;
  const { id } = person.chance.pick(mine);
  const view = await device.conflict(id);
  if (view === null) return NOTHING;
  await person.pause(5_000);
  const token = person.token();
  if (person.chance.chance(0.2)) {
    await device.returnConflict(id, `Return ${token}`);
    person.wrote(token, id, `patient:${view.patient_id ?? ""}`);
    return `gave back ${id} at ${view.version}: ${token}`;
  }
  if (!view.mayChoose) return NOTHING;
  const take = person.chance.pick(["mine", "theirs"] as const);
  const choices = Object.fromEntries(view.conflict.fields.map(({ field }) => [field, { take }]));
  await device.resolve(id, { choices, note: `Note ${token}`, amendment_reason: "Decided" });
  person.wrote(token, id, `patient:${view.patient_id ?? ""}`);
  return `decided ${id} at ${view.version} for ${take}: ${token}`;
};

/** An Administrator moves a patient from one ward to the other: grants here, revokes there. */
const movePatient: Act = async (person, { device }) => {
  const id = await anyPatient(person, device);
  const view = id === null ? null : await device.patient(id);
  if (id === null || view === null) return NOTHING;
  const [from, to] = person.chance.chance(0.5) ? ["Ward A", "Ward B"] : ["Ward B", "Ward A"];
  const [leaves, joins] = [`team_ids/${person.teams[from] ?? ""}`, `team_ids/${person.teams[to] ?? ""}`];
  const has = (field: string) => valueOf("patient", view.patient as unknown as Record<string, unknown>, field);
  await device.edit("patient", id, { [joins]: true, [leaves]: null }, { version: view.version, was: { [joins]: has(joins), [leaves]: has(leaves) } });
  return `moved ${id} to ${to}`;
};

const dismissRefused: Act = async (person, { device }) => {
  const { failed } = await device.syncPage();
  if (failed.length === 0) return NOTHING;
  const { op_id } = person.chance.pick(failed);
  await device.dismiss(op_id);
  return `dismissed ${op_id}`;
};

const CLINICAL: Act[] = [writeLetter, editLetter, editLetter, editLetter, editLetter, changeState, changeState, sendMessage, attach, correctPatient, decideConflict, dismissRefused];
const ADMINISTRATIVE: Act[] = [movePatient, movePatient, movePatient, correctPatient, decideConflict, decideConflict, sendMessage];

/** Something a person of this role might do now. @returns what it was */
export async function actOf(person: Person, open: OpenTab): Promise<string> {
  const { roles } = await open.device.who();
  return person.chance.pick(roles.includes("Administrator") ? ADMINISTRATIVE : CLINICAL)(person, open);
}

async function anyPatient({ chance, patients }: Person, device: LocalDevice): Promise<string | null> {
  const held: string[] = [];
  for (const id of patients) if ((await device.patient(id)) !== null) held.push(id);
  return held.length > 0 ? chance.pick(held) : null;
}

async function anyLetter({ chance, patients }: Person, device: LocalDevice, states: Letter["state"][], patient?: string): Promise<string | null> {
  const letters = (await device.letters()).filter(({ patient_id, state }) => (patient === undefined ? patients.includes(patient_id) : patient_id === patient) && states.includes(state));
  if (letters.length === 0) return null;
  // Often the newest: that is where people, and the tabs of one person, meet.
  return (chance.chance(0.5) ? letters[0] : chance.pick(letters))?.id ?? null;
}
