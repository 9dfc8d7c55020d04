import { useParams } from "react-router";
import { AttachmentPanel } from "../../features/attachments/attachment-panel.tsx";
import { ConflictRows } from "../../features/conflicts/conflict-rows.tsx";
import { LetterPanel } from "../../features/letters/letter-panel.tsx";
import { MessagePanel } from "../../features/messages/message-panel.tsx";
import { PatientDetails } from "../../features/patients/patient-details.tsx";
import { Nothing } from "../../ui/absence.tsx";
import { useAnswer } from "../../ui/device.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { PatientBanner } from "../../ui/patient-banner.tsx";
import { texts } from "../../ui/texts.ts";
import styles from "./patient.module.css";

/** One patient: who, what is under review, letters, messages, files, details. */
export function PatientPage() {
  const { patientId = "" } = useParams();
  const { answer: view } = useAnswer(`patient ${patientId}`, (device) => device.patient(patientId));
  if (view === undefined) return null;
  if (view === null) {
    return (
      <Page title={texts.patients.title} heading={<h1 className="only-read">{texts.patients.missingTitle}</h1>}>
        <Nothing title={texts.patients.missingTitle} hint={texts.patients.missing} />
      </Page>
    );
  }
  const { patient } = view;
  const banner = {
    id: view.id,
    family: patient.name.family,
    given: patient.name.given.join(" "),
    birth_date: patient.birth_date,
    sex: patient.sex,
    deceased: Boolean(patient.deceased),
    ...(patient.nhs_number !== undefined && { nhs_number: patient.nhs_number }),
  };
  return (
    <Page title={texts.banner.label} width="wide" heading={<PatientBanner patient={banner} asOf={view.as_of} />}>
      {!view.complete && <Notice tone="needs-you">{texts.patients.incomplete}</Notice>}
      <ConflictRows conflicts={view.conflicts} withPatient={false} />
      <div className={styles.columns}>
        <div>
          <LetterPanel patientId={view.id} letters={view.letters} complete={view.complete} />
          <PatientDetails patient={patient} />
        </div>
        <div>
          <MessagePanel patientId={view.id} messages={view.messages} complete={view.complete} />
          <AttachmentPanel patientId={view.id} attachments={view.attachments} complete={view.complete} />
        </div>
      </div>
    </Page>
  );
}
