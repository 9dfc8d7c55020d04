import { useEffect, useRef } from "react";
import { Nothing } from "../../ui/absence.tsx";
import { useStatus } from "../../ui/device.tsx";
import { Page } from "../../ui/page.tsx";
import { Progress } from "../../ui/progress.tsx";
import { useSearch } from "../../ui/search.tsx";
import { texts } from "../../ui/texts.ts";
import { PatientLine, PatientHead } from "./patient-line.tsx";
import styles from "./patient-list.module.css";
import { usePatientPages } from "./use-patient-pages.ts";
import { useVisibleRows } from "./use-visible-rows.ts";

/** Everyone on this device, or those who match the search box; only the rows in view are in the document. */
export function PatientList() {
  const { text } = useSearch();
  const status = useStatus();
  const list = useRef<HTMLUListElement>(null);
  const { first, last, rowHeight } = useVisibleRows(list);
  const { total, complete, rowAt } = usePatientPages(text, first, last);
  const searching = text.trim() !== "";

  useEffect(() => {
    if (searching) scrollTo({ top: 0 });
  }, [text, searching]);

  const rows = [];
  for (let index = first; index < Math.min(last, total ?? 0); index++) rows.push(index);

  const step = (event: React.KeyboardEvent) => {
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    const row = (event.target as HTMLElement).closest("li");
    const next = event.key === "ArrowDown" ? row?.nextElementSibling : row?.previousElementSibling;
    const link = next?.querySelector<HTMLElement>("a");
    if (!link) return;
    event.preventDefault();
    link.focus();
    link.scrollIntoView({ block: "nearest" });
  };

  return (
    <Page
      title={texts.patients.title}
      actions={total !== undefined && <p className="quiet" role="status" data-testid="patient-total">{searching ? texts.patients.found(total) : texts.patients.total(total)}</p>}
    >
      {status?.loading && <Progress stored={status.loading.stored} expected={status.loading.expected} />}
      {total === 0 && (searching
        ? <Nothing title={texts.patients.nobodyFound} hint={texts.patients.nobodyFoundHint} />
        : complete && !status?.loading && <Nothing title={texts.patients.nobody} />)}
      <div className={styles.container}>
        {total !== undefined && total > 0 && <PatientHead />}
        <ul
          ref={list} className={styles.list} aria-label={texts.patients.title} onKeyDown={step}
          style={{ height: `${(total ?? 0) * rowHeight}px` }}
        >
          {rows.map((index) => (
            <li
              key={index} className={styles.item} aria-setsize={total ?? 0} aria-posinset={index + 1}
              style={{ transform: `translateY(${index * rowHeight}px)`, height: `${rowHeight}px` }}
            >
              <PatientLine patient={rowAt(index)} />
            </li>
          ))}
        </ul>
      </div>
    </Page>
  );
}
