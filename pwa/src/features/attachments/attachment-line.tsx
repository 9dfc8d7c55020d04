import { useState } from "react";
import { IconBan, IconCloudOff, IconDownload, IconFile, IconPhoto, IconShieldCheck, IconShieldOff, IconUpload } from "@tabler/icons-react";
import type { AttachmentView } from "../../sync/device.ts";
import { useStatus } from "../../ui/device.tsx";
import { bytes } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { texts } from "../../ui/texts.ts";
import { WorkMark } from "../../ui/work-mark.tsx";
import { AttachmentViewer } from "./attachment-viewer.tsx";
import styles from "./attachments.module.css";

export function AttachmentLine({ view }: { view: AttachmentView }) {
  const [open, setOpen] = useState(false);
  const offline = useStatus()?.network === "offline";
  const { attachment, upload } = view;
  const Icon = attachment.media_type.startsWith("image/") ? IconPhoto : IconFile;
  const reachable = view.onDevice || (!offline && attachment.state === "clean");
  return (
    <li className={styles.line}>
      <button
        type="button" className={styles.file} disabled={!reachable || attachment.state === "infected"} onClick={() => setOpen(true)}
      >
        <Icon size="1.5rem" stroke={1.75} aria-hidden />
        <span className={styles.name}>
          <span className="only-read">{texts.attachments.open} </span>
          {attachment.name}
          <span className="quiet">{bytes(attachment.size)}</span>
        </span>
      </button>
      <span className={styles.marks}>
        {view.work && <WorkMark state={view.work} />}
        <FileState view={view} />
        {!view.onDevice && !offline && attachment.state === "clean" && <Mark icon={IconDownload}>{texts.absence.notDownloaded}</Mark>}
        {!view.onDevice && offline && <Mark icon={IconCloudOff} tone="needs-you">{texts.absence.notOffline}</Mark>}
      </span>
      {upload && upload.sent < upload.parts && (
        <progress className={styles.progress} max={upload.parts} value={upload.sent} aria-label={texts.attachments.progress(upload.sent, upload.parts)} />
      )}
      {open && <AttachmentViewer view={view} onClose={() => setOpen(false)} />}
    </li>
  );
}

function FileState({ view: { attachment, upload } }: { view: AttachmentView }) {
  if (upload && upload.sent < upload.parts) return <Mark icon={IconUpload}>{texts.attachments.progress(upload.sent, upload.parts)}</Mark>;
  if (attachment.state === "infected") return <Mark icon={IconBan} tone="danger">{texts.attachments.state.infected}</Mark>;
  if (attachment.state === "failed") return <Mark icon={IconShieldOff} tone="danger">{texts.attachments.state.failed}</Mark>;
  if (attachment.state === "clean" && attachment.scan === "none") return <Mark icon={IconShieldOff}>{texts.attachments.notChecked}</Mark>;
  return <Mark icon={attachment.state === "clean" ? IconShieldCheck : IconUpload}>{texts.attachments.state[attachment.state]}</Mark>;
}
