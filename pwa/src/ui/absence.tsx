import { IconCloudOff, IconDownload, IconLoader } from "@tabler/icons-react";
import { texts } from "./texts.ts";
import styles from "./absence.module.css";

/** Empty, loading and missing look different, because they mean different things to whoever decides by them. */
export function Absence({ kind }: { kind: "none" | "loading" | "not-downloaded" | "not-offline" }) {
  if (kind === "none") return <p className={styles.none}>{texts.absence.none}</p>;
  const [Icon, text] =
    kind === "loading"
      ? [IconLoader, texts.absence.loading] as const
      : kind === "not-downloaded"
        ? [IconDownload, texts.absence.notDownloaded] as const
        : [IconCloudOff, texts.absence.notOffline] as const;
  return (
    <p className={styles.missing} data-kind={kind}>
      <Icon size="1.25em" stroke={2} aria-hidden />
      {text}
    </p>
  );
}

/** A whole page or list with nothing in it. */
export function Nothing({ title, hint }: { title: string; hint?: string }) {
  return (
    <div className={styles.nothing}>
      <p className={styles.title}>{title}</p>
      {hint && <p className="quiet">{hint}</p>}
    </div>
  );
}
