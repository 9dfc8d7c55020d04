import { useState } from "react";
import { Button } from "@mantine/core";
import type { LetterRow } from "../../sync/device.ts";
import { Section } from "../../ui/page.tsx";
import { Rows } from "../../ui/row.tsx";
import { texts } from "../../ui/texts.ts";
import { LetterLine } from "./letter-row.tsx";
import type { ToDo } from "./to-do.ts";

const FIRST = 12;

/** Letters that wait for someone: signatures on their way, letters to sign, drafts. */
export function LettersToDo({ waiting, toSign, drafts }: ToDo) {
  return (
    <>
      <Part title={texts.workList.waitingSignature} letters={waiting} />
      <Part title={texts.workList.toSign} letters={toSign} />
      <Part title={texts.workList.drafts} letters={drafts} />
    </>
  );
}

function Part({ title, letters }: { title: string; letters: LetterRow[] }) {
  const [all, setAll] = useState(false);
  if (letters.length === 0) return null;
  return (
    <Section title={title} count={letters.length}>
      <Rows label={title}>
        {(all ? letters : letters.slice(0, FIRST)).map((letter) => <LetterLine key={letter.id} letter={letter} withPatient />)}
      </Rows>
      {!all && letters.length > FIRST && <Button variant="subtle" onClick={() => setAll(true)}>{texts.workList.all(letters.length)}</Button>}
    </Section>
  );
}
