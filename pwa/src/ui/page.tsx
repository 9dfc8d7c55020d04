import { useEffect, type ReactNode } from "react";
import { texts } from "./texts.ts";
import styles from "./page.module.css";

/** One screen: its name in the window's title (never anything of a patient), its heading, its actions. */
export function Page({ title, heading, actions, width = "normal", children }: {
  title: string;
  /** What stands on top, over the whole width, instead of the title (the patient banner). */
  heading?: ReactNode;
  actions?: ReactNode;
  width?: "normal" | "wide";
  children: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · ${texts.product}`;
  }, [title]);
  return (
    <>
      {heading}
      <div className={styles.page} data-width={width}>
        {heading === undefined && (
          <div className={styles.head}>
            <h1>{title}</h1>
            {actions && <div className={styles.actions}>{actions}</div>}
          </div>
        )}
        {children}
      </div>
    </>
  );
}

/** A titled part of a page. */
export function Section({ title, count, actions, children, tone }: {
  title: string;
  count?: number;
  actions?: ReactNode;
  tone?: "needs-you" | "danger";
  children: ReactNode;
}) {
  return (
    <section className={styles.section} aria-label={title} data-tone={tone}>
      <div className={styles.sectionHead}>
        <h2>
          {title}
          {count !== undefined && count > 0 && <span className={styles.count}>{count}</span>}
        </h2>
        {actions}
      </div>
      {children}
    </section>
  );
}
