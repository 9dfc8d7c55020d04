import { IconUrgent } from "@tabler/icons-react";
import { Link } from "react-router";
import type { MessageView } from "../../sync/device.ts";
import { moment, patientName } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";
import { WorkMark } from "../../ui/work-mark.tsx";
import styles from "./messages.module.css";

/** Messages, newest first; whom they are about where the list mixes several patients. */
export function MessageList({ messages, withPatient }: { messages: MessageView[]; withPatient?: boolean }) {
  const who = useWho();
  const newest = [...messages].sort((a, b) => b.at.localeCompare(a.at));
  return (
    <ol className={styles.list} aria-label={texts.messages.title}>
      {newest.map((view) => (
        <li key={view.id} className={styles.message} data-own={view.by === who.user_id}>
          <p className={styles.head}>
            <strong>{view.by === who.user_id ? texts.messages.you : view.by_name}</strong>
            <span className="quiet">{moment(view.at)}</span>
            {view.message.urgent && <Mark icon={IconUrgent} tone="needs-you">{texts.messages.urgent}</Mark>}
            {withPatient && view.message.patient_id && (
              <Link to={`/patients/${view.message.patient_id}`}>
                {view.patient ? patientName(view.patient.family, view.patient.given) : texts.messages.aboutPatient}
              </Link>
            )}
            {view.work && <WorkMark state={view.work} />}
          </p>
          <p className={styles.text}>{view.message.text}</p>
        </li>
      ))}
    </ol>
  );
}
