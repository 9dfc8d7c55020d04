import { useId } from "react";
import { Link } from "react-router";
import { IconAlertTriangle, IconArrowsSplit2, IconRefreshAlert } from "@tabler/icons-react";
import type { LetterSection as Section } from "@quill/schemas";
import type { LetterView } from "../../sync/device.ts";
import { Markdown } from "../../ui/markdown.tsx";
import { texts } from "../../ui/texts.ts";
import { WritingArea } from "../../ui/writing-area.tsx";
import styles from "./letters.module.css";

type SectionMark = LetterView["marks"][string][number];
const icons = { parallel: IconArrowsSplit2, "under-review": IconAlertTriangle, "changed-below": IconRefreshAlert } satisfies Record<SectionMark, unknown>;

/** One heading and its text, with what happened there that the writer should know. */
export function LetterSection({ section, marks, server, reviewAddress, onChange }: {
  section: Section;
  marks: SectionMark[];
  server?: Section | undefined;
  reviewAddress?: string;
  onChange?: (text: string) => void;
}) {
  const name = useId();
  return (
    <section className={styles.section} aria-labelledby={name}>
      <h2 id={name} className={styles.heading}>{section.title}</h2>
      <div className={styles.body}>
        {marks.filter((mark) => mark !== "parallel" || !marks.includes("under-review")).map((mark) => {
          const Icon = icons[mark];
          return (
            <p key={mark} className={styles.mark} data-mark={mark} data-testid={`mark-${mark}`}>
              <Icon size="1.125rem" aria-hidden />
              <span>
                {texts.letters.marks[mark]} {mark === "under-review" && reviewAddress && <Link to={reviewAddress}>{texts.letters.openReview}</Link>}
              </span>
            </p>
          );
        })}
        {onChange
          ? <WritingArea labelledBy={name} value={section.text} placeholder={texts.letters.placeholder(section.title)} onChange={onChange} />
          : section.text.trim() === "" ? <p className="quiet">{texts.letters.nothingWritten}</p> : <Markdown text={section.text} />}
        {marks.includes("changed-below") && server && (
          <details className={styles.server}>
            <summary>{texts.letters.copy}</summary>
            <Markdown text={server.text} />
          </details>
        )}
      </div>
    </section>
  );
}
