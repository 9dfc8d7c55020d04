import { useEffect, useState } from "react";
import { IconSignature } from "@tabler/icons-react";
import { Link } from "react-router";
import type { LetterView } from "../../sync/device.ts";
import { useAnswer, useDevice } from "../../ui/device.tsx";
import { Mark } from "../../ui/mark.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import { wentWrong } from "../../ui/went-wrong.ts";
import { useWho } from "../../ui/who.tsx";
import { WorkMark } from "../../ui/work-mark.tsx";
import { AddHeading } from "./add-heading.tsx";
import { LetterActions, type Asking } from "./letter-actions.tsx";
import { LetterDialogs } from "./letter-dialogs.tsx";
import { LetterReviews } from "./letter-reviews.tsx";
import { LetterState } from "./letter-state.tsx";
import { LetterSection } from "./letter-section.tsx";
import { Recipients } from "./recipients.tsx";
import { mayEdit } from "./rights.ts";
import { useLetterDraft } from "./use-letter-draft.ts";
import styles from "./letters.module.css";

/** The letter as a page: state and recipients on top, headings at the margin, nothing else moves. */
export function LetterSheet({ view, refresh }: { view: LetterView; refresh: () => void }) {
  const device = useDevice();
  const who = useWho();
  const people = useAnswer("people", (asked) => asked.people(), ["person"]).answer ?? [];
  const nameOf = (id: string | undefined) => people.find((person) => person.id === id)?.name ?? "";
  const draft = useLetterDraft(view);
  const [asking, setAsking] = useState<Asking>();
  const [failed, setFailed] = useState<string>();
  const { letter } = draft;
  const writable = mayEdit(who, letter) && !view.signatureWaiting;
  const sections = Object.entries(letter.sections).sort(([, a], [, b]) => a.order - b.order);
  const underReview = view.conflicts.find((conflict) => conflict.status === "open");

  const marksAt = (heading: string) => view.marks[heading] ?? view.marks[`sections/${heading}`] ?? [];
  // What is under review may have no heading: the letter's state, its title.
  const markedAtHeading = sections.some(([heading]) => marksAt(heading).includes("under-review"));

  const act = async (task: () => Promise<unknown>) => {
    setFailed(undefined);
    try {
      await draft.flush();
      await task();
      setAsking(undefined);
      refresh();
    } catch (error) {
      setFailed(wentWrong(error));
    }
  };
  const drawn = () => ({ version: draft.version, letter });
  const toggleReady = () => act(() => device.setLetterState(view.id, letter.state === "ready" ? "draft" : "ready", undefined, drawn()));
  const ask = async (what: Asking) => {
    await draft.flush();
    setAsking(what);
  };

  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !writable || asking || letter.state !== "draft") return;
      event.preventDefault();
      void toggleReady();
    };
    addEventListener("keydown", keys);
    return () => removeEventListener("keydown", keys);
  });

  return (
    <article className={styles.sheet} data-state={letter.state}>
      {letter.state === "retracted" && <Notice tone="danger">{texts.letters.retracted}</Notice>}
      {failed && !asking && <Notice tone="danger" live>{failed}</Notice>}
      {draft.failed && <Notice tone="danger" live>{draft.full ? texts.letters.notSavedFull : texts.letters.notSaved}</Notice>}
      {draft.tooLong && <Notice tone="needs-you" live>{texts.letters.tooLong}</Notice>}
      {underReview && !markedAtHeading && (
        <Notice tone="needs-you" action={<Link to={`/review/${underReview.id}`}>{texts.letters.openReview}</Link>}>
          {texts.letters.marks["under-review"]}
        </Notice>
      )}

      {view.signatureWaiting && <Notice>{texts.letters.signatureWaitingHint}</Notice>}

      <div className={styles.bar}>
        <div className={styles.marks} data-testid="letter-state">
          <LetterState state={letter.state} />
          {view.signatureWaiting && <Mark icon={IconSignature} tone="action">{texts.letters.signatureWaiting}</Mark>}
          {view.work && <WorkMark state={view.work} />}
          {writable && (
            <span className="quiet" data-testid="saved">
              {draft.saving ? texts.letters.saving : draft.savedAt ? texts.letters.saved(draft.savedAt) : ""}
            </span>
          )}
        </div>
        <LetterActions view={view} letter={letter} onToggleReady={() => void toggleReady()} onAsk={(what) => void ask(what)} />
      </div>

      {writable ? (
        <input
          className={styles.title} aria-label={texts.letters.letterTitle} value={letter.title} maxLength={200} autoComplete="off"
          onChange={(event) => draft.set("title", event.currentTarget.value)}
        />
      ) : (
        <h2 className={styles.title}>{letter.title}</h2>
      )}
      {letter.signed_at && <p className={styles.signed}>{texts.letters.signedBy(nameOf(letter.signed_by), letter.signed_at)}</p>}
      {letter.amendment_reason && <p className="quiet">{texts.letters.reason(letter.amendment_reason)}</p>}
      <Recipients recipients={letter.recipients} {...(writable && { onChange: (value) => draft.set("recipients", value) })} />

      {sections.map(([key, section]) => (
        <LetterSection
          key={key} section={section} marks={marksAt(key)} server={view.server?.sections[key]}
          {...(underReview && { reviewAddress: `/review/${underReview.id}` })}
          {...(writable && { onChange: (text: string) => draft.set(`sections/${key}`, { ...section, text }) })}
        />
      ))}
      {writable && <AddHeading taken={Object.keys(letter.sections)} onAdd={(key, title) => draft.set(`sections/${key}`, { title, order: (sections.at(-1)?.[1].order ?? 0) + 1, text: "" })} />}
      <LetterReviews conflicts={view.conflicts} />
      <p className={styles.foot}>{texts.letters.by(nameOf(letter.author_id) || texts.messages.you, view.saved_at ?? view.as_of ?? new Date().toISOString())}</p>

      {asking && (
        <LetterDialogs
          asking={asking} drawn={drawn()} failed={failed} onClose={() => setAsking(undefined)}
          onSign={(shown) => void act(() => device.setLetterState(view.id, "signed", undefined, shown))}
          onAmend={(reason, sections, shown) => void act(() => device.setLetterState(view.id, "amended", { reason, sections }, shown))}
          onRetract={(shown) => void act(() => device.setLetterState(view.id, "retracted", undefined, shown))}
        />
      )}
    </article>
  );
}
