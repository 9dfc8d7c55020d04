import type { TablerIcon } from "@tabler/icons-react";
import styles from "./mark.module.css";

/** A state in a word and an icon. */
export function Mark({ icon: Icon, tone, children }: { icon: TablerIcon; tone?: "needs-you" | "danger" | "action"; children: string }) {
  return (
    <span className={styles.mark} data-tone={tone}>
      <Icon size="1.125em" stroke={2} aria-hidden />
      {children}
    </span>
  );
}
