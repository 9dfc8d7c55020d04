import { IconAlertTriangle, IconBan, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";
import styles from "./notice.module.css";

const icons = { info: IconInfoCircle, "needs-you": IconAlertTriangle, danger: IconBan };

/** A sentence that must be seen where it stands. `live` has it read out when it appears. */
export function Notice({ tone = "info", live, children, action }: { tone?: keyof typeof icons; live?: boolean; children: ReactNode; action?: ReactNode }) {
  const Icon = icons[tone];
  return (
    <div className={styles.notice} data-tone={tone} role={live ? (tone === "danger" ? "alert" : "status") : undefined}>
      <Icon size="1.25rem" stroke={2} aria-hidden />
      <div className={styles.text}>{children}</div>
      {action}
    </div>
  );
}
