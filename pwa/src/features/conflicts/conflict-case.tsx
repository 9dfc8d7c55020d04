import { useState } from "react";
import { Button, TextInput } from "@mantine/core";
import { Nothing } from "../../ui/absence.tsx";
import { useAnswer, useDevice } from "../../ui/device.tsx";
import { Notice } from "../../ui/notice.tsx";
import { PatientBanner } from "../../ui/patient-banner.tsx";
import { texts } from "../../ui/texts.ts";
import { useUnfinished } from "../../ui/unfinished.ts";
import { wentWrong } from "../../ui/went-wrong.ts";
import type { ConflictView } from "../../sync/device.ts";
import { asDecided, choiceOf, decidedChoices, isComposed, mayTake, needsAmendmentReason, type Choice } from "./choice.ts";
import { ConflictField } from "./conflict-field.tsx";
import { useChoiceKeys } from "./use-choice-keys.ts";
import styles from "./conflicts.module.css";

/** One case: who changed what when, field by field, and the decision. */
export function ConflictCase({ id, onDecided }: { id: string; onDecided: () => void }) {
  const { answer: view } = useAnswer(`conflict ${id}`, (device) => device.conflict(id), ["conflict", "patient", "letter", "person"]);
  const patientId = view?.patient_id;
  const patient = useAnswer(`conflict patient ${patientId ?? ""}`, async (device) => (patientId ? device.patient(patientId) : null), ["patient"]).answer;
  if (view === undefined) return null;
  if (view === null) return <Nothing title={texts.review.missing} />;
  return (
    <>
      {patient && (
        <PatientBanner
          linked asOf={patient.as_of}
          patient={{
            id: patient.id, family: patient.patient.name.family, given: patient.patient.name.given.join(" "), birth_date: patient.patient.birth_date,
            sex: patient.patient.sex, deceased: Boolean(patient.patient.deceased), ...(patient.patient.nhs_number !== undefined && { nhs_number: patient.patient.nhs_number }),
          }}
        />
      )}
      <Decide view={view} onDecided={onDecided} />
    </>
  );
}

interface Begun {
  choices: Record<string, Choice>;
  note: string;
  reason: string;
}

const NOTHING: Begun = { choices: {}, note: "", reason: "" };

function Decide({ view, onDecided }: { view: ConflictView; onDecided: () => void }) {
  const device = useDevice();
  const { conflict, names } = view;
  const scope = view.patient_id === undefined ? "" : ` patient:${view.patient_id}`;
  const [begun, setBegun, putAway] = useUnfinished(`decision ${view.id}${scope}`, NOTHING);
  const { choices, note, reason } = begun;
  const [active, setActive] = useState(0);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const { fields } = conflict;
  const open = view.status === "open" && !view.decided;
  const mayChoose = open && view.mayChoose;
  const composed = Object.values(choices).some(isComposed);
  const amends = needsAmendmentReason(conflict, choices);
  const complete = fields.every((field) => choices[field.field] !== undefined) && (!composed || note.trim() !== "") && (!amends || reason.trim() !== "");

  const choose = (index: number, choice: Choice) => {
    const field = fields[index];
    if (!field || !mayChoose || !mayTake(conflict, field, choice.take) || (isComposed(choice) && !view.mayCompose)) return;
    setBegun({ ...begun, choices: { ...choices, [field.field]: choice } });
    setActive(index);
  };
  useChoiceKeys(mayChoose && !busy, (take) => {
    const field = fields[active];
    if (!field) return;
    choose(active, choiceOf(field, take));
    if (take === "text" || active === fields.length - 1) return;
    setActive(active + 1);
    document.getElementById(`field-${active + 1}`)?.scrollIntoView({ block: "nearest" });
  });

  const finish = async (task: () => Promise<void>) => {
    setBusy(true);
    setFailed(undefined);
    try {
      await task();
      await putAway();
      onDecided();
    } catch (error) {
      setFailed(wentWrong(error));
      setBusy(false);
    }
  };
  const decide = () => finish(() => device.resolve(view.id, {
    choices: asDecided(choices),
    note: note.trim(),
    ...(amends && { amendment_reason: reason.trim() }),
  }));

  const taken = decidedChoices(conflict);
  const returned = conflict.returned ? conflict.events.findLast(({ event }) => event === "returned") : undefined;
  const mine = conflict.mine;
  const theirs = conflict.theirs;
  return (
    <section aria-label={view.title} data-testid="conflict">
      <h2 className={styles.title}>{view.title}</h2>
      <p>{texts.review.reason[conflict.reason] ?? conflict.reason}</p>
      <dl className={styles.story}>
        {theirs && (
          <div><dt>{texts.review.theirs}</dt><dd>{theirs.by && theirs.at ? texts.review.byAt(names[theirs.by] ?? theirs.by, theirs.at) : ""}</dd></div>
        )}
        <div>
          <dt>{texts.review.mine}</dt>
          <dd>
            {texts.review.byAt(names[mine.by] ?? mine.by, mine.made_at)}
            {mine.offline_for_s !== undefined && mine.offline_for_s >= 60 && `, ${texts.review.offlineFor(mine.offline_for_s)}`}
            {names[mine.device] && `, ${texts.review.fromDevice(names[mine.device] ?? "")}`}
          </dd>
        </div>
      </dl>
      {view.decision && (
        <Notice>
          <p data-testid="decision">{texts.review.decidedBy(view.decision.by, view.decision.at)}</p>
          {view.decision.note !== "" && <p>{texts.review.noted(view.decision.note)}</p>}
        </Notice>
      )}
      {view.decided && view.status === "open" && <Notice live>{texts.review.decided}</Notice>}
      {open && returned && <Notice tone="needs-you">{texts.review.returned(names[returned.by] ?? "", returned.at, returned.note ?? "")}</Notice>}
      {open && !view.mayChoose && <Notice>{texts.review.mayNotChoose}</Notice>}
      {mayChoose && !view.mayCompose && <Notice>{texts.review.mayNotCompose}</Notice>}

      {fields.map((field, index) => (
        <ConflictField
          key={field.field} id={`field-${index}`} field={field} choice={(open ? choices : taken)[field.field]} active={mayChoose && index === active}
          mayChoose={mayChoose} mayCompose={view.mayCompose} mayTake={(take) => mayTake(conflict, field, take)} onChoose={(choice) => choose(index, choice)} onFocus={() => setActive(index)}
        />
      ))}

      {mayChoose && (
        <form
          className={styles.decide}
          onSubmit={(event) => {
            event.preventDefault();
            if (complete && !busy) void decide();
          }}
        >
          {failed && <Notice tone="danger" live>{failed}</Notice>}
          <TextInput
            label={composed ? texts.review.note : texts.review.noteOptional} value={note} maxLength={500} required={composed}
            {...(composed && { description: texts.review.noteNeeded })} onChange={(event) => setBegun({ ...begun, note: event.currentTarget.value })}
          />
          {amends && <TextInput label={texts.review.amendment} value={reason} maxLength={500} required onChange={(event) => setBegun({ ...begun, reason: event.currentTarget.value })} />}
          <div className={styles.decideRow}>
            <span className={`quiet ${styles.keys ?? ""}`}>{view.mayCompose ? texts.review.keys : texts.review.keysChoose}</span>
            {view.mayReturn && (
              <Button variant="default" loading={busy} onClick={() => void finish(() => device.returnConflict(view.id, note.trim()))}>{texts.review.giveBack}</Button>
            )}
            <Button type="submit" loading={busy} disabled={!complete}>{texts.review.decide}</Button>
          </div>
        </form>
      )}
    </section>
  );
}
