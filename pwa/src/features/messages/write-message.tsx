import { useState } from "react";
import { Button, Checkbox } from "@mantine/core";
import { useDevice } from "../../ui/device.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import { useUnfinished } from "../../ui/unfinished.ts";
import { wentWrong } from "../../ui/went-wrong.ts";
import { WritingArea } from "../../ui/writing-area.tsx";
import styles from "./messages.module.css";

/** Writes to those who see a patient, or to a team. Ctrl+Enter sends. */
export function WriteMessage({ about, placeholder }: { about: { patient_id: string } | { team_id: string }; placeholder: string }) {
  const device = useDevice();
  const scope = "patient_id" in about ? `patient:${about.patient_id}` : `team:${about.team_id}`;
  const [written, setWritten, putAway] = useUnfinished(`message ${scope}`, { text: "", urgent: false });
  const { text, urgent } = written;
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();

  const send = async () => {
    if (busy || text.trim() === "") return;
    setBusy(true);
    setFailed(undefined);
    try {
      await device.sendMessage({ text: text.trim(), urgent, ...about });
      await putAway();
    } catch (error) {
      setFailed(wentWrong(error));
    } finally {
      setBusy(false);
    }
  };

  return (
    <form
      className={styles.write}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          event.stopPropagation();
          void send();
        }
      }}
    >
      {failed && <Notice tone="danger" live>{failed}</Notice>}
      <WritingArea label={texts.messages.write} value={text} placeholder={placeholder} minRows={1} onChange={(next) => setWritten({ ...written, text: next })} />
      <div className={styles.tools}>
        <Checkbox label={texts.messages.urgent} checked={urgent} onChange={(event) => setWritten({ ...written, urgent: event.currentTarget.checked })} />
        <Button type="submit" variant="light" loading={busy} disabled={text.trim() === ""}>{texts.messages.send}</Button>
      </div>
    </form>
  );
}
