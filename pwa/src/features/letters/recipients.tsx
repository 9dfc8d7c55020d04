import { useId, useState } from "react";
import type { Recipient } from "@quill/schemas";
import { texts } from "../../ui/texts.ts";
import { WritingArea } from "../../ui/writing-area.tsx";
import { fromLines, toLines } from "./recipient-lines.ts";
import styles from "./letters.module.css";

/** Who gets the letter, one a line: `Dr Ann Lee, GP, Elm Surgery`. */
export function Recipients({ recipients, onChange }: { recipients: Recipient[]; onChange?: (recipients: Recipient[]) => void }) {
  const name = useId();
  const [typing, setTyping] = useState<string>();
  return (
    <section className={styles.section} aria-labelledby={name}>
      <h2 id={name} className={styles.heading}>{texts.letters.recipients}</h2>
      <div className={styles.body} onBlur={() => setTyping(undefined)}>
        {onChange ? (
          <WritingArea
            labelledBy={name} minRows={1} value={typing ?? toLines(recipients)} placeholder={texts.letters.recipientsHint}
            onChange={(text) => {
              setTyping(text);
              onChange(fromLines(text, recipients));
            }}
          />
        ) : recipients.length === 0 ? <p className="quiet">{texts.letters.noRecipients}</p> : (
          <ul>{toLines(recipients).split("\n").map((line, index) => <li key={index}>{line}</li>)}</ul>
        )}
      </div>
    </section>
  );
}
