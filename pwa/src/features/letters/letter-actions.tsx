import { Button } from "@mantine/core";
import type { Letter } from "@quill/schemas";
import type { LetterView } from "../../sync/device.ts";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";
import { mayAmend, mayEdit, maySign } from "./rights.ts";
import styles from "./letters.module.css";

export type Asking = "sign" | "amend" | "retract";

/** What may be done with the letter as it stands, the next step first in sight. */
export function LetterActions({ view, letter, onToggleReady, onAsk }: {
  view: LetterView;
  letter: Letter;
  onToggleReady: () => void;
  onAsk: (asking: Asking) => void;
}) {
  const who = useWho();
  if (view.signatureWaiting) return null;
  const blocked = view.conflicts.some((conflict) => conflict.status === "open");
  return (
    <div className={styles.actions}>
      {mayAmend(who, letter) && (
        <>
          <Button variant="default" onClick={() => onAsk("retract")}>{texts.letters.retract}</Button>
          <Button onClick={() => onAsk("amend")}>{texts.letters.amend}</Button>
        </>
      )}
      {mayEdit(who, letter) && letter.state === "ready" && <Button variant="default" onClick={onToggleReady}>{texts.letters.backToDraft}</Button>}
      {mayEdit(who, letter) && letter.state === "draft" && (
        <Button variant="default" onClick={onToggleReady} title={texts.letters.readyKeys} aria-keyshortcuts="Control+Enter">{texts.letters.markReady}</Button>
      )}
      {maySign(who) && letter.state === "ready" && (
        <Button onClick={() => onAsk("sign")} disabled={blocked} {...(blocked && { title: texts.letters.signWithConflict })}>{texts.letters.sign}</Button>
      )}
    </div>
  );
}
