import { IconAlertTriangle } from "@tabler/icons-react";
import { Link } from "react-router";
import type { PatientRow } from "../../sync/device.ts";
import { born, nhsNumber, patientName } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { texts } from "../../ui/texts.ts";
import styles from "./patient-list.module.css";

export function PatientHead() {
  return (
    <div className={styles.head} aria-hidden>
      <span>{texts.patients.name}</span>
      <span>{texts.banner.born}</span>
      <span>{texts.banner.gender}</span>
      <span>{texts.banner.nhs}</span>
    </div>
  );
}

/** One patient of the list; undefined while its page is fetched. */
export function PatientLine({ patient }: { patient: PatientRow | undefined }) {
  if (!patient) return <span className={styles.pending} aria-hidden />;
  return (
    <Link to={`/patients/${patient.id}`} className={styles.line} data-patient-row>
      <span className={styles.name}>
        <span className={styles.nameText}>{patientName(patient.family, patient.given)}</span>
        {patient.deceased && <span className={styles.deceased}>{texts.banner.deceased}</span>}
        {patient.openConflicts > 0 && (
          <Mark icon={IconAlertTriangle} tone="needs-you">{texts.workList.needsReview}</Mark>
        )}
      </span>
      <span className={styles.fact}><span className={styles.label}>{texts.banner.born} </span>{born(patient.birth_date)}</span>
      <span className={styles.gender}>{texts.gender[patient.sex] ?? patient.sex}</span>
      <span className={styles.fact}>
        <span className={styles.label}>{texts.banner.nhs} </span>
        {patient.nhs_number ? nhsNumber(patient.nhs_number) : <span className="quiet">{texts.banner.noNhs}</span>}
      </span>
    </Link>
  );
}
