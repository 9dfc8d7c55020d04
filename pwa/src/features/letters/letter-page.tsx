import { useState } from "react";
import { useParams } from "react-router";
import { Nothing } from "../../ui/absence.tsx";
import { useAnswer } from "../../ui/device.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page } from "../../ui/page.tsx";
import { PatientBanner } from "../../ui/patient-banner.tsx";
import { texts } from "../../ui/texts.ts";
import { LetterSheet } from "./letter-sheet.tsx";
import { hasUnsealed } from "./use-letter-draft.ts";

/** One letter under its patient's banner: to write while it is open, to read once it is signed. */
export function LetterPage() {
  const { letterId = "" } = useParams();
  const { answer: view, refresh } = useAnswer(`letter ${letterId}`, (device) => device.letter(letterId));
  if (view === undefined) return null;
  if (view === null) {
    return (
      <Page title={texts.letters.one} heading={<h1 className="only-read">{texts.letters.missingTitle}</h1>}>
        <Missing key={letterId} id={letterId} />
      </Page>
    );
  }
  return (
    <Page title={texts.letters.one} heading={view.patient && <PatientBanner patient={view.patient} asOf={view.as_of} linked />}>
      <LetterSheet key={view.id} view={view} refresh={refresh} />
    </Page>
  );
}

/** Also where access ended while someone was typing. */
function Missing({ id }: { id: string }) {
  const [cutOff] = useState(() => hasUnsealed(id));
  return (
    <>
      {cutOff && <Notice tone="danger" live>{texts.letters.cutOff}</Notice>}
      <Nothing title={texts.letters.missingTitle} hint={texts.patients.missing} />
    </>
  );
}
