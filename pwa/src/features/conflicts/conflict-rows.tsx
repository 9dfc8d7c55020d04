import { IconAlertTriangle } from "@tabler/icons-react";
import type { ConflictRow } from "../../sync/device.ts";
import { patientName } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { Section } from "../../ui/page.tsx";
import { Row, Rows } from "../../ui/row.tsx";
import { texts } from "../../ui/texts.ts";
import { undecided } from "./order.ts";

/** Reviews that wait for a decision, as part of another page (work list, patient). */
export function ConflictRows({ conflicts, withPatient = true }: { conflicts: ConflictRow[]; withPatient?: boolean }) {
  const open = undecided(conflicts);
  if (open.length === 0) return null;
  return (
    <Section title={texts.workList.needsReview} count={open.length} tone="needs-you">
      <Rows label={texts.workList.needsReview}>
        {open.map((conflict) => (
          <Row
            key={conflict.id}
            to={`/review/${conflict.id}`}
            title={withPatient && conflict.patient ? patientName(conflict.patient.family, conflict.patient.given) : conflict.title}
            detail={`${withPatient && conflict.patient ? `${conflict.title} · ` : ""}${texts.review.reason[conflict.reason] ?? conflict.reason} · ${texts.review.byAt(conflict.mine_by, conflict.at)}`}
            marks={<Mark icon={IconAlertTriangle} tone="needs-you">{texts.review.severity[conflict.severity] ?? texts.workList.needsReview}</Mark>}
          />
        ))}
      </Rows>
    </Section>
  );
}
