import { useState } from "react";
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { LetterRow } from "../../sync/device.ts";
import { Absence } from "../../ui/absence.tsx";
import { Section } from "../../ui/page.tsx";
import { Rows } from "../../ui/row.tsx";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";
import { BeginLetter } from "./begin-letter.tsx";
import { LetterLine } from "./letter-row.tsx";
import { mayWrite } from "./rights.ts";

/** A patient's letters, newest first. */
export function LetterPanel({ patientId, letters, complete }: { patientId: string; letters: LetterRow[]; complete: boolean }) {
  const who = useWho();
  const [beginning, setBeginning] = useState(false);
  const newest = [...letters].sort((a, b) => b.changed_at.localeCompare(a.changed_at));
  return (
    <Section
      title={texts.letters.title}
      count={letters.length}
      actions={mayWrite(who) && (
        <Button leftSection={<IconPlus size="1.125rem" aria-hidden />} onClick={() => setBeginning(true)}>{texts.letters.begin}</Button>
      )}
    >
      {newest.length > 0
        ? <Rows label={texts.letters.title}>{newest.map((letter) => <LetterLine key={letter.id} letter={letter} />)}</Rows>
        : complete && <Absence kind="none" />}
      {!complete && <Absence kind="loading" />}
      {beginning && <BeginLetter patientId={patientId} onClose={() => setBeginning(false)} />}
    </Section>
  );
}
