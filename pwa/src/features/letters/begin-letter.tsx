import { useState } from "react";
import { Button, NativeSelect, TextInput } from "@mantine/core";
import { useNavigate } from "react-router";
import { useAnswer, useDevice } from "../../ui/device.tsx";
import { Dialog, DialogActions } from "../../ui/dialog.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import { wentWrong } from "../../ui/went-wrong.ts";
import { useWho } from "../../ui/who.tsx";
import { letterKinds } from "./headings.ts";
import { maySign } from "./rights.ts";
import styles from "./letters.module.css";

/** Kind and title; a secretary also says for which clinician. */
export function BeginLetter({ patientId, onClose }: { patientId: string; onClose: () => void }) {
  const device = useDevice();
  const navigate = useNavigate();
  const who = useWho();
  const forAnother = !maySign(who);
  const people = useAnswer("people", (asked) => asked.people(), ["person"]).answer ?? [];
  const clinicians = people.filter((person) => person.active && person.roles.includes("Clinician"));
  const [kind, setKind] = useState(letterKinds[0]?.title ?? "");
  const [title, setTitle] = useState<string>();
  const [clinician, setClinician] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();

  const begin = async () => {
    setBusy(true);
    setFailed(undefined);
    try {
      const author = forAnother ? (clinician ?? clinicians[0]?.id) : undefined;
      const id = await device.beginLetter(patientId, (title ?? kind).trim() || kind, author);
      const headings = letterKinds.find((one) => one.title === kind)?.headings ?? [];
      const set = Object.fromEntries(headings.map((one, order) => [`sections/${one.key}`, { title: one.title, order: order + 1, text: "" }]));
      await device.edit("letter", id, set);
      void navigate(`/letters/${id}`);
    } catch (error) {
      setFailed(wentWrong(error));
      setBusy(false);
    }
  };

  return (
    <Dialog title={texts.letters.beginTitle} onClose={onClose}>
      <form
        className={styles.begin}
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void begin();
        }}
      >
        {failed && <Notice tone="danger" live>{failed}</Notice>}
        <NativeSelect label={texts.letters.kind} data={letterKinds.map((one) => one.title)} value={kind} onChange={(event) => setKind(event.currentTarget.value)} />
        <TextInput label={texts.letters.letterTitle} value={title ?? kind} maxLength={200} onChange={(event) => setTitle(event.currentTarget.value)} />
        {forAnother && (
          <NativeSelect
            label={texts.letters.onBehalfOf} value={clinician ?? clinicians[0]?.id ?? ""}
            data={clinicians.map((person) => ({ value: person.id, label: person.name }))}
            onChange={(event) => setClinician(event.currentTarget.value)}
          />
        )}
        <DialogActions>
          <Button variant="default" onClick={onClose}>{texts.letters.cancel}</Button>
          <Button type="submit" loading={busy}>{texts.letters.beginSubmit}</Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
