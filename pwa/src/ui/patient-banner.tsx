import { useEffect, useState } from "react";
import { Link } from "react-router";
import { born, nhsNumber, patientName, secondsSince } from "./format.ts";
import { useStatus } from "./device.tsx";
import { texts } from "./texts.ts";
import styles from "./patient-banner.module.css";

export interface BannerPatient {
  id: string;
  family: string;
  given: string;
  birth_date: string;
  sex: string;
  nhs_number?: string;
  deceased: boolean;
}

/** Who this screen is about, in the order every clinician knows: name, Born, Gender, NHS No. On no list of several patients. */
export function PatientBanner({ patient, asOf, linked }: { patient: BannerPatient; asOf: string | null; linked?: boolean }) {
  const name = patientName(patient.family, patient.given);
  return (
    <section className={styles.banner} aria-label={texts.banner.label} data-testid="patient-banner">
      <h1 className={styles.name}>
        {linked ? <Link to={`/patients/${patient.id}`}>{name}</Link> : name}
        {patient.deceased && <span className={styles.deceased}>{texts.banner.deceased}</span>}
      </h1>
      <dl className={styles.facts}>
        <div><dt>{texts.banner.born}</dt><dd>{born(patient.birth_date)}</dd></div>
        <div><dt>{texts.banner.gender}</dt><dd>{texts.gender[patient.sex] ?? patient.sex}</dd></div>
        <div><dt>{texts.banner.nhs}</dt><dd>{patient.nhs_number ? nhsNumber(patient.nhs_number) : texts.banner.noNhs}</dd></div>
      </dl>
      {asOf && <RecordAge asOf={asOf} />}
    </section>
  );
}

/** Said once the record is older than a minute and the server can't be asked. */
function RecordAge({ asOf }: { asOf: string }) {
  const status = useStatus();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 30_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = secondsSince(asOf);
  if (seconds < 60 || status?.network !== "offline") return null;
  return <p className={styles.age}>{texts.banner.asOf(asOf, seconds)}</p>;
}
