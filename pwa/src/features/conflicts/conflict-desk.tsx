import { NavLink, useNavigate, useParams } from "react-router";
import { IconAlertTriangle, IconChevronLeft } from "@tabler/icons-react";
import { Nothing } from "../../ui/absence.tsx";
import { useAnswer, useStatus } from "../../ui/device.tsx";
import { moment, patientName } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { Page } from "../../ui/page.tsx";
import { Progress } from "../../ui/progress.tsx";
import { texts } from "../../ui/texts.ts";
import { ConflictCase } from "./conflict-case.tsx";
import { undecided } from "./order.ts";
import styles from "./conflicts.module.css";

/** What two people changed at the same time, one case after the other, until nothing needs review. */
export function ConflictDesk() {
  const { conflictId } = useParams();
  const navigate = useNavigate();
  const loading = useStatus()?.loading;
  const { answer } = useAnswer("conflicts", (device) => device.conflicts(), ["conflict", "patient", "letter"]);
  if (!answer) return null;
  const open = undecided(answer);

  // After a decision the next case follows; after the last one the desk says so.
  const next = (decided: string) => {
    const following = open.find((conflict) => conflict.id !== decided);
    void navigate(following ? `/review/${following.id}` : "/review", { replace: true });
  };

  return (
    <Page title={texts.review.title} width="wide">
      {loading && <Progress {...loading} />}
      {open.length === 0 && !conflictId && !loading && <Nothing title={texts.review.nothing} hint={texts.review.nothingHint} />}
      <div className={styles.desk} data-chosen={conflictId !== undefined}>
        {open.length > 0 && (
          <nav className={styles.cases} aria-label={texts.review.list}>
            <ul>
              {open.map((conflict) => (
                <li key={conflict.id}>
                  <NavLink to={`/review/${conflict.id}`} className={styles.case ?? ""}>
                    <strong>{conflict.patient ? patientName(conflict.patient.family, conflict.patient.given) : conflict.title}</strong>
                    <span>{conflict.title}</span>
                    <span className="quiet">{texts.review.reason[conflict.reason] ?? conflict.reason}</span>
                    <span className={styles.caseFoot}>
                      <Mark icon={IconAlertTriangle} {...(conflict.severity !== "low" && { tone: "needs-you" as const })}>{texts.review.severity[conflict.severity] ?? conflict.severity}</Mark>
                      <span className="quiet">{moment(conflict.at)}</span>
                    </span>
                  </NavLink>
                </li>
              ))}
            </ul>
          </nav>
        )}
        {conflictId && (
          <div className={styles.chosen}>
            <NavLink to="/review" end className={styles.back ?? ""}><IconChevronLeft size="1.25rem" aria-hidden />{texts.review.list}</NavLink>
            <ConflictCase key={conflictId} id={conflictId} onDecided={() => next(conflictId)} />
          </div>
        )}
      </div>
    </Page>
  );
}
