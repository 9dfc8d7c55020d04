import { useEffect, useRef } from "react";
import { IconCheck } from "@tabler/icons-react";
import type { ConflictField as Field } from "@quill/schemas";
import { wordDiff } from "../../domain/word-diff.ts";
import { Mark } from "../../ui/mark.tsx";
import { texts } from "../../ui/texts.ts";
import { WritingArea } from "../../ui/writing-area.tsx";
import { choiceOf, composable, type Choice, type Take } from "./choice.ts";
import { fieldName, readable } from "./readable.ts";
import styles from "./conflicts.module.css";

/** One field: before, on the server, sent later; the words that differ from before are marked. */
export function ConflictField({ id, field, choice, active, mayChoose, mayCompose, mayTake, onChoose, onFocus }: {
  id: string;
  field: Field;
  choice: Choice | undefined;
  active: boolean;
  mayChoose: boolean;
  mayCompose: boolean;
  /** Whether the record can go there from where it stands. */
  mayTake: (take: Take) => boolean;
  onChoose: (choice: Choice) => void;
  onFocus: () => void;
}) {
  const name = fieldName(field.field, [field.mine, field.theirs, field.base]);
  const before = readable(field.field, field.base);
  const compose = composable(field);
  const sides: { take: Take; key: string; title: string; text: string; allowed: boolean }[] = [
    { take: "base", key: "1", title: texts.review.before, text: before, allowed: mayCompose && mayTake("base") },
    { take: "theirs", key: "2", title: texts.review.theirs, text: readable(field.field, field.theirs), allowed: true },
    { take: "mine", key: "3", title: texts.review.mine, text: readable(field.field, field.mine), allowed: mayTake("mine") },
  ];
  return (
    <fieldset id={id} className={styles.field} data-active={active} onFocus={onFocus} data-testid={`conflict-field-${field.field}`}>
      <legend><h3>{name}</h3></legend>
      <div className={styles.sides}>
        {sides.map((side) => (
          <div key={side.take} className={styles.side} data-chosen={choice?.take === side.take}>
            <p className={styles.sideTitle}>
              {side.title}
              {!mayChoose && choice?.take === side.take && <Mark icon={IconCheck} tone="action">{texts.review.taken}</Mark>}
            </p>
            <Difference before={side.take === "base" ? side.text : before} text={side.text} />
            {mayChoose && side.allowed && (
              <button
                type="button" className={styles.take} aria-pressed={choice?.take === side.take} onClick={() => onChoose(choiceOf(field, side.take))}
                aria-keyshortcuts={side.key}
              >
                {choice?.take === side.take ? <IconCheck size="1.125rem" aria-hidden /> : <kbd aria-hidden>{side.key}</kbd>}
                <span><span className="only-read">{name}: </span>{texts.review.take[side.take]}</span>
              </button>
            )}
          </div>
        ))}
      </div>
      {!mayChoose && choice?.take === "text" && (
        <div className={styles.side} data-chosen>
          <p className={styles.sideTitle}>{texts.review.composed}</p>
          <Difference before={before} text={readable(field.field, choice.value)} />
        </div>
      )}
      {mayChoose && !mayTake("mine") && <p>{texts.review.unreachable}</p>}
      {mayChoose && mayCompose && mayTake("text") && compose && (choice?.take === "text"
        ? <Compose name={name} text={readable(field.field, choice.value)} onChange={(text) => onChoose({ take: "text", value: compose.valueOf(text) })} />
        : (
          <button type="button" className={styles.take} onClick={() => onChoose({ take: "text", value: compose.valueOf(compose.text) })} aria-keyshortcuts="e">
            <kbd aria-hidden>e</kbd>
            <span><span className="only-read">{name}: </span>{texts.review.take.text}</span>
          </button>
        ))}
    </fieldset>
  );
}

function Difference({ before, text }: { before: string; text: string }) {
  if (text === "") return <p className="quiet">{texts.review.empty}</p>;
  return (
    <p className={styles.text}>
      {wordDiff(before, text).map((piece, index) => (piece.changed ? <mark key={index}>{piece.text}</mark> : piece.text))}
    </p>
  );
}

function Compose({ name, text, onChange }: { name: string; text: string; onChange: (text: string) => void }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const area = box.current?.querySelector("textarea");
    area?.focus();
    area?.setSelectionRange(area.value.length, area.value.length);
  }, []);
  return (
    <div ref={box} className={styles.compose}>
      <WritingArea label={`${name}: ${texts.review.compose}`} value={text} onChange={onChange} minRows={3} />
    </div>
  );
}
