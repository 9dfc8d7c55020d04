import { IconAlertTriangle, IconSignature } from "@tabler/icons-react";
import type { LetterRow } from "../../sync/device.ts";
import { patientName } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { Row } from "../../ui/row.tsx";
import { texts } from "../../ui/texts.ts";
import { WorkMark } from "../../ui/work-mark.tsx";
import { LetterState } from "./letter-state.tsx";

export function LetterLine({ letter, withPatient }: { letter: LetterRow; withPatient?: boolean }) {
  const about = withPatient && letter.patient ? patientName(letter.patient.family, letter.patient.given) : null;
  const byline = texts.letters.by(letter.author, letter.changed_at);
  return (
    <Row
      to={`/letters/${letter.id}`}
      title={about ?? letter.title}
      detail={about ? `${letter.title} · ${byline}` : byline}
      marks={
        <>
          {letter.openConflicts > 0 && <Mark icon={IconAlertTriangle} tone="needs-you">{texts.workList.needsReview}</Mark>}
          {letter.work && letter.work !== "needs-review" && <WorkMark state={letter.work} />}
          {letter.signatureWaiting ? <Mark icon={IconSignature}>{texts.letters.signatureWaiting}</Mark> : <LetterState state={letter.state} />}
        </>
      }
    />
  );
}
