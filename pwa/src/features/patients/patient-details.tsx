import type { Patient, Telecom } from "@quill/schemas";
import type { ReactNode } from "react";
import { isMedicalRecordNumber } from "../../domain/patient.ts";
import { Section } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import styles from "./patient-details.module.css";

/** Where the patient lives, whom to call, who else cares. */
export function PatientDetails({ patient }: { patient: Patient }) {
  const { address, gp } = patient;
  return (
    <Section title={texts.patients.details}>
      <dl className={styles.details}>
        <Detail name={texts.patients.address}>
          {address && [...address.lines, address.city, address.postcode].filter(Boolean).join(", ")}
        </Detail>
        <Detail name={texts.patients.telecom}>{patient.telecom.length > 0 && <Numbers telecom={patient.telecom} />}</Detail>
        <Detail name={texts.patients.nextOfKin}>
          {patient.next_of_kin.length > 0 && patient.next_of_kin.map((person) => (
            <span key={person.name} className={styles.line}>
              {person.name} ({person.relationship}) <Numbers telecom={person.telecom} />
            </span>
          ))}
        </Detail>
        <Detail name={texts.patients.gp}>
          {gp && <>{[gp.name, gp.practice].filter(Boolean).join(", ")} <Numbers telecom={gp.telecom ?? []} /></>}
        </Detail>
        <Detail name={texts.patients.identifiers}>
          {patient.identifiers.length > 0 && patient.identifiers.map((identifier) => (
            <span key={identifier.system} className={styles.line}>{isMedicalRecordNumber(identifier) && <span className="quiet">{texts.patients.mrn} </span>}{identifier.value}</span>
          ))}
        </Detail>
      </dl>
    </Section>
  );
}

function Detail({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={styles.detail}>
      <dt>{name}</dt>
      <dd>{children || <span className="quiet">{texts.absence.none}</span>}</dd>
    </div>
  );
}

function Numbers({ telecom }: { telecom: Telecom[] }) {
  return telecom.map(({ system, value }) => (
    <span key={`${system} ${value}`} className={styles.line}>
      {system === "phone" || system === "sms" ? <a className={styles.call} href={`tel:${value.replace(/\s/g, "")}`}>{value}</a> : value}
    </span>
  ));
}
