import { Button } from "@mantine/core";
import { Link } from "react-router";
import type { OutboxRow } from "../../sync/device.ts";
import { useDevice } from "../../ui/device.tsx";
import { moment, patientName } from "../../ui/format.ts";
import { texts } from "../../ui/texts.ts";
import { WorkMark } from "../../ui/work-mark.tsx";
import styles from "./work-rows.module.css";

/** One's own operations: what, when, where it stands, and why it was refused if it was. */
export function WorkRows({ rows, dismissable }: { rows: OutboxRow[]; dismissable?: boolean }) {
  const device = useDevice();
  return (
    <ul className={styles.rows}>
      {rows.map((row) => {
        const address = addressOf(row);
        return (
          <li key={row.op_id} className={styles.row}>
            <div className={styles.what}>
              <strong>{address ? <Link to={address}>{row.title}</Link> : row.title}</strong>
              <p className="quiet">{row.patient && row.kind !== "patient" && `${patientName(row.patient.family, row.patient.given)} · `}{row.what} · {moment(row.made_at)}</p>
              {row.decision && <p>{texts.review.decidedBy(row.decision.by, row.decision.at)}{row.decision.note && `. ${texts.review.noted(row.decision.note)}`}</p>}
              {row.verdict?.error && <p className={styles.why}>{row.verdict.error.message}</p>}
            </div>
            <WorkMark state={row.state} />
            {dismissable && (
              <Button variant="default" onClick={() => void device.dismiss(row.op_id)} aria-label={`${texts.sync.dismiss}: ${row.title}`}>
                {texts.sync.dismiss}
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

function addressOf(row: OutboxRow): string | null {
  if (row.verdict?.conflict_id) return `/review/${row.verdict.conflict_id}`;
  if (row.kind === "letter") return `/letters/${row.id}`;
  if (row.kind === "patient") return `/patients/${row.id}`;
  if (row.kind === "conflict") return `/review/${row.id}`;
  return row.patient_id === undefined || row.patient === null ? null : `/patients/${row.patient_id}`;
}
