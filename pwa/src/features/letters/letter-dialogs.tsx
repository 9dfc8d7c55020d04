import { useState } from "react";
import { Button, TextInput } from "@mantine/core";
import type { Letter } from "@quill/schemas";
import { useStatus } from "../../ui/device.tsx";
import { Dialog, DialogActions } from "../../ui/dialog.tsx";
import { Markdown } from "../../ui/markdown.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import { WritingArea } from "../../ui/writing-area.tsx";
import type { Asking } from "./letter-actions.tsx";
import { toLines } from "./recipient-lines.ts";
import styles from "./letters.module.css";

interface Answers {
  onClose: () => void;
  onSign: (shown: Drawn) => void;
  onAmend: (reason: string, sections: Letter["sections"], shown: Drawn) => void;
  onRetract: (shown: Drawn) => void;
}

/** The letter as this question drew it: a change that arrives while it is asked is not in it, and not signed. */
export interface Drawn {
  version: number;
  letter: Letter;
}

/** The one question before each act that can't be taken back. */
export function LetterDialogs({ asking, drawn: now, failed, ...answers }: Answers & { asking: Asking; drawn: Drawn; failed: string | undefined }) {
  const [drawn] = useState(now);
  const problem = failed && <Notice tone="danger" live>{failed}</Notice>;
  if (asking === "sign") return <Sign drawn={drawn} problem={problem} {...answers} />;
  if (asking === "amend") return <Amend drawn={drawn} problem={problem} {...answers} />;
  return (
    <Dialog title={texts.letters.retractTitle} onClose={answers.onClose}>
      {problem}
      <p>{texts.letters.retractIntro}</p>
      <DialogActions>
        <Button variant="default" onClick={answers.onClose}>{texts.letters.cancel}</Button>
        <Button color="red" onClick={() => answers.onRetract(drawn)}>{texts.letters.retractConfirm}</Button>
      </DialogActions>
    </Dialog>
  );
}

type Part = Answers & { drawn: Drawn; problem: React.ReactNode };

function ordered(letter: Letter) {
  return Object.entries(letter.sections).sort(([, a], [, b]) => a.order - b.order);
}

function Sign({ drawn, problem, onClose, onSign }: Part) {
  const { letter } = drawn;
  const offline = useStatus()?.network === "offline";
  return (
    <Dialog title={texts.letters.signTitle} onClose={onClose} wide>
      {problem}
      <p>{texts.letters.signIntro}</p>
      {offline && <Notice>{texts.letters.signOffline}</Notice>}
      <div className={styles.preview} data-testid="sign-preview">
        <h3>{letter.title}</h3>
        {letter.recipients.length > 0 && <p className={styles.previewTo}>{toLines(letter.recipients)}</p>}
        {ordered(letter).map(([key, section]) => (
          <div key={key}>
            <h4>{section.title}</h4>
            {section.text.trim() === "" ? <p className="quiet">{texts.letters.nothingWritten}</p> : <Markdown text={section.text} />}
          </div>
        ))}
      </div>
      <DialogActions>
        <Button variant="default" onClick={onClose}>{texts.letters.cancel}</Button>
        <Button onClick={() => onSign(drawn)}>{texts.letters.signConfirm}</Button>
      </DialogActions>
    </Dialog>
  );
}

function Amend({ drawn, problem, onClose, onAmend }: Part) {
  const { letter } = drawn;
  const [sections, setSections] = useState(letter.sections);
  const [reason, setReason] = useState("");
  const changed = Object.fromEntries(Object.entries(sections).filter(([key, section]) => section.text !== letter.sections[key]?.text));
  const complete = reason.trim() !== "" && Object.keys(changed).length > 0;
  return (
    <Dialog title={texts.letters.amendTitle} onClose={onClose} wide>
      {problem}
      {ordered(letter).map(([key, section]) => (
        <div key={key} className={styles.amend}>
          <h3>{section.title}</h3>
          <WritingArea
            label={section.title} value={sections[key]?.text ?? ""}
            onChange={(text) => setSections((before) => ({ ...before, [key]: { ...section, text } }))}
          />
        </div>
      ))}
      <TextInput label={texts.letters.amendReason} value={reason} maxLength={500} onChange={(event) => setReason(event.currentTarget.value)} />
      <DialogActions>
        <Button variant="default" onClick={onClose}>{texts.letters.cancel}</Button>
        <Button disabled={!complete} onClick={() => onAmend(reason.trim(), changed, drawn)}>{texts.letters.amendConfirm}</Button>
      </DialogActions>
    </Dialog>
  );
}
