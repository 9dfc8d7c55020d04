import { useState } from "react";
import { Button } from "@mantine/core";
import type { LetterRow } from "../../sync/device.ts";
import { Section } from "../../ui/page.tsx";
import { Rows } from "../../ui/row.tsx";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";
import { LetterLine } from "./letter-row.tsx";
import { maySign } from "./rights.ts";

const FIRST = 12;

/** Letters that wait for someone: signatures on their way, letters to sign, drafts. */
export function LettersToDo({ letters }: { letters: LetterRow[] }) {
  const who = useWho();
  const newest = [...letters].sort((a, b) => b.changed_at.localeCompare(a.changed_at));
  return (
    <>
      <Part title={texts.workList.waitingSignature} letters={newest.filter((letter) => letter.signatureWaiting)} />
      {maySign(who) && (
        <Part title={texts.workList.toSign} letters={newest.filter((letter) => letter.state === "ready" && !letter.signatureWaiting)} />
      )}
      <Part title={texts.workList.drafts} letters={newest.filter((letter) => letter.state === "draft")} />
    </>
  );
}

/** Whether there is anything to show. */
LettersToDo.some = (letters: LetterRow[]) => letters.some((letter) => letter.signatureWaiting || letter.state === "ready" || letter.state === "draft");

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
