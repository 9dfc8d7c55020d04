import { useRef, useState, type ChangeEvent } from "react";
import { Button } from "@mantine/core";
import { IconCamera, IconPaperclip } from "@tabler/icons-react";
import { LIMITS } from "@quill/schemas";
import type { AttachmentView } from "../../sync/device.ts";
import { Absence } from "../../ui/absence.tsx";
import { useDevice } from "../../ui/device.tsx";
import { pickingFile } from "../../ui/lock-policy.ts";
import { Notice } from "../../ui/notice.tsx";
import { Section } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import { wentWrong } from "../../ui/went-wrong.ts";
import { AttachmentLine } from "./attachment-line.tsx";
import styles from "./attachments.module.css";

/** A patient's photographs and files; a new one is sealed on this device first and sent in parts later. */
export function AttachmentPanel({ patientId, attachments, complete }: { patientId: string; attachments: AttachmentView[]; complete: boolean }) {
  const device = useDevice();
  const camera = useRef<HTMLInputElement>(null);
  const files = useRef<HTMLInputElement>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const attach = async (event: ChangeEvent<HTMLInputElement>) => {
    const picked = [...(event.currentTarget.files ?? [])];
    event.currentTarget.value = "";
    setProblem(undefined);
    setBusy(true);
    try {
      for (const file of picked) {
        if (file.size === 0) setProblem(texts.attachments.empty);
        else if (file.size > LIMITS.max_file_bytes) setProblem(texts.attachments.tooLarge(LIMITS.max_file_bytes));
        else {
          const bytes = new Uint8Array(await file.arrayBuffer());
          await device.attach(patientId, { name: file.name, media_type: file.type || "application/octet-stream", bytes });
        }
      }
    } catch (error) {
      setProblem(wentWrong(error));
    } finally {
      setBusy(false);
    }
  };
  const pick = (input: HTMLInputElement | null) => {
    pickingFile();
    input?.click();
  };

  return (
    <Section title={texts.attachments.title} count={attachments.length}>
      <div className={styles.tools}>
        <Button variant="light" loading={busy} leftSection={<IconCamera size="1.25rem" aria-hidden />} onClick={() => pick(camera.current)}>{texts.attachments.photograph}</Button>
        <Button variant="light" loading={busy} leftSection={<IconPaperclip size="1.25rem" aria-hidden />} onClick={() => pick(files.current)}>{texts.attachments.file}</Button>
        <input ref={camera} type="file" accept="image/*" capture="environment" autoComplete="off" hidden data-testid="photograph-input" onChange={(event) => void attach(event)} />
        <input ref={files} type="file" multiple autoComplete="off" hidden data-testid="file-input" onChange={(event) => void attach(event)} />
      </div>
      {problem && <Notice tone="danger" live>{problem}</Notice>}
      {attachments.length > 0
        ? <ul>{attachments.map((view) => <AttachmentLine key={view.id} view={view} />)}</ul>
        : complete && <Absence kind="none" />}
      {!complete && <Absence kind="loading" />}
    </Section>
  );
}
