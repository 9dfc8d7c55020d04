import { useState } from "react";
import { Button } from "@mantine/core";
import { Link } from "react-router";
import type { KeptRow } from "../../sync/device.ts";
import { useAnswer, useDevice } from "../../ui/device.tsx";
import { moment, patientName } from "../../ui/format.ts";
import { Notice } from "../../ui/notice.tsx";
import { Section } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import { wentWrong } from "../../ui/went-wrong.ts";
import { WorkMark } from "../../ui/work-mark.tsx";
import styles from "./work-rows.module.css";

const marks = { open: "needs-review", released: "on-server", discarded: "refused" } as const;

export function useKeptWork(): { own: KeptRow[]; toDecide: KeptRow[] } | undefined {
  const { answer } = useAnswer("kept", (device) => device.kept(), ["quarantine", "patient"]);
  return answer && {
    own: answer.filter(({ own }) => own),
    toDecide: answer.filter(({ own, state, mayRelease, decided }) => !own && state === "open" && mayRelease && !decided),
  };
}

/** One's own work that was withheld: that it is kept, and what became of it. What it is about can't be shown here any more. */
export function OwnKeptWork({ rows }: { rows: KeptRow[] }) {
  if (rows.length === 0) return null;
  return (
    <Section title={texts.kept.title} count={rows.length} {...(rows.some(({ state }) => state === "open") && { tone: "needs-you" as const })}>
      <p className={`quiet ${styles.hint ?? ""}`}>{texts.kept.ownHint}</p>
      <ul>
        {rows.map((row) => (
          <li key={row.id} className={styles.row}>
            <div className={styles.what}>{texts.kept.own(row.at)}</div>
            <WorkMark state={marks[row.state]} />
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Work of people who lost their access before it arrived, for those who may take it in. */
export function KeptWorkToDecide({ rows }: { rows: KeptRow[] }) {
  const device = useDevice();
  const [problem, setProblem] = useState<string>();
  if (rows.length === 0) return null;
  const release = (id: string, take: "apply" | "discard") => {
    setProblem(undefined);
    device.release(id, take).catch((error: unknown) => setProblem(wentWrong(error)));
  };
  return (
    <Section title={texts.kept.title} count={rows.length} tone="needs-you">
      <p className={`quiet ${styles.hint ?? ""}`}>{texts.kept.hint}</p>
      {problem && <Notice tone="danger" live>{problem}</Notice>}
      <ul>
        {rows.map(({ id, by, at, what, text, patient, patient_id }) => {
          const name = patient ? patientName(patient.family, patient.given) : "";
          return (
            <li key={id} className={styles.row}>
              <div className={styles.what}>
                <strong>{patient_id !== undefined && name !== "" ? <Link to={`/patients/${patient_id}`}>{name}</Link> : what}</strong>
                <p className="quiet">{[what, by, moment(at)].filter(Boolean).join(" · ")}</p>
                {text !== "" && <p className={styles.text}>{text}</p>}
              </div>
              <div className={styles.choice}>
                <Button variant="default" onClick={() => release(id, "discard")}>{texts.kept.discard}</Button>
                <Button onClick={() => release(id, "apply")}>{texts.kept.apply}</Button>
              </div>
            </li>
          );
        })}
      </ul>
    </Section>
  );
}
