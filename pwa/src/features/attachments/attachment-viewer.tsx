import { useEffect, useState } from "react";
import { Button } from "@mantine/core";
import type { AttachmentView } from "../../sync/device.ts";
import { Absence } from "../../ui/absence.tsx";
import { useDevice } from "../../ui/device.tsx";
import { Dialog, DialogActions } from "../../ui/dialog.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import styles from "./attachments.module.css";

/** Kinds the browser may show in place; anything else is only saved, never rendered. */
const SHOWN = ["image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"];

/** Shows an image, or offers a copy of any other file. The bytes leave memory with the dialog. */
export function AttachmentViewer({ view, onClose }: { view: AttachmentView; onClose: () => void }) {
  const device = useDevice();
  const [address, setAddress] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const shown = SHOWN.includes(view.attachment.media_type);

  useEffect(() => {
    let made: string | undefined;
    let closed = false;
    device.attachmentContent(view.id).then(
      (content) => {
        if (closed) return;
        if ("error" in content) {
          setProblem(content.error.message);
          return;
        }
        made = URL.createObjectURL(new Blob([content.bytes as BlobPart], { type: shown ? content.media_type : "application/octet-stream" }));
        setAddress(made);
      },
      () => setProblem(texts.errors.unknown),
    );
    return () => {
      closed = true;
      if (made) URL.revokeObjectURL(made);
    };
  }, [device, shown, view.id]);

  return (
    <Dialog title={view.attachment.name} onClose={onClose} wide>
      {problem && <Notice tone="danger" live>{problem}</Notice>}
      {!address && !problem && <Absence kind="loading" />}
      {address && shown && <img className={styles.image} src={address} alt={view.attachment.name} />}
      <DialogActions>
        {address && <Button component="a" variant="default" href={address} download={view.attachment.name}>{texts.attachments.save}</Button>}
        <Button onClick={onClose}>{texts.attachments.close}</Button>
      </DialogActions>
    </Dialog>
  );
}
