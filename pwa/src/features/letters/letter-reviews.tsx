import { Link } from "react-router";
import type { ConflictRow } from "../../sync/device.ts";
import { texts } from "../../ui/texts.ts";
import styles from "./letters.module.css";

/** What was decided about this letter, newest first: who, when, and the note. */
export function LetterReviews({ conflicts }: { conflicts: ConflictRow[] }) {
  const decided = conflicts.flatMap(({ id, decision }) => (decision ? [{ id, decision }] : [])).sort((a, b) => b.decision.at.localeCompare(a.decision.at));
  if (decided.length === 0) return null;
  return (
    <section className={styles.section} aria-label={texts.letters.reviewed}>
      <h2 className={styles.heading}>{texts.letters.reviewed}</h2>
      <ul className={styles.body}>
        {decided.map(({ id, decision }) => (
          <li key={id} className={styles.review}>
            <Link to={`/review/${id}`}>{texts.review.decidedBy(decision.by, decision.at)}</Link>
            {decision.note !== "" && <p>{texts.review.noted(decision.note)}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}
