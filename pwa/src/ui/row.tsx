import { Link } from "react-router";
import type { ReactNode } from "react";
import styles from "./row.module.css";

export function Rows({ children, label }: { children: ReactNode; label?: string }) {
  return <ul className={styles.rows} aria-label={label}>{children}</ul>;
}

/** One line of a list, the whole of it a link. */
export function Row({ to, title, detail, marks, testId }: { to: string; title: ReactNode; detail?: ReactNode; marks?: ReactNode; testId?: string }) {
  return (
    <li>
      <Link to={to} className={styles.row} data-testid={testId}>
        <span className={styles.title}>{title}</span>
        {detail && <span className={styles.detail}>{detail}</span>}
        {marks && <span className={styles.marks}>{marks}</span>}
      </Link>
    </li>
  );
}
