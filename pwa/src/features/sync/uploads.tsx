import { IconUpload } from "@tabler/icons-react";
import { Link } from "react-router";
import type { UploadRow } from "../../sync/device.ts";
import { Mark } from "../../ui/mark.tsx";
import { texts } from "../../ui/texts.ts";
import styles from "./work-rows.module.css";

/** Files whose bytes are still on their way, part by part. */
export function Uploads({ rows }: { rows: UploadRow[] }) {
  if (rows.length === 0) return null;
  return (
    <ul>
      {rows.map(({ id, patient_id, name, sent, parts }) => (
        <li key={id} className={styles.row}>
          <div className={styles.what}>
            <strong><Link to={`/patients/${patient_id}`}>{name}</Link></strong>
            <p className="quiet">{texts.sync.uploading}</p>
          </div>
          <Mark icon={IconUpload}>{texts.attachments.progress(sent, parts)}</Mark>
        </li>
      ))}
    </ul>
  );
}
