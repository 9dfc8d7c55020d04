import { texts } from "./texts.ts";
import styles from "./progress.module.css";

/** The first load: how far it is, said in words, without hiding what is there already. */
export function Progress({ stored, expected }: { stored: number; expected: number | null }) {
  return (
    <div className={styles.progress} data-testid="first-load">
      <p role="status">{texts.patients.loading(stored, expected)}</p>
      <progress aria-label={texts.patients.loadingShort} {...(expected !== null && { value: stored, max: Math.max(expected, stored, 1) })} />
    </div>
  );
}
