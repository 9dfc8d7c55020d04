import { IconCloudCheck, IconCloudOff, IconCloudUp, IconLogin2 } from "@tabler/icons-react";
import { Link } from "react-router";
import { useStatus } from "../ui/device.tsx";
import { texts } from "../ui/texts.ts";
import styles from "./network-indicator.module.css";

/** The one word about the network; leads to the sync page. */
export function NetworkIndicator() {
  const status = useStatus();
  if (!status) return null;
  const [Icon, word] = status.signInNeeded && status.network !== "offline"
    ? [IconLogin2, texts.network.signIn] as const
    : status.network === "offline"
      ? [IconCloudOff, texts.network.offline(status.waiting)] as const
      : status.network === "sending"
        ? [IconCloudUp, texts.network.sending] as const
        : [IconCloudCheck, texts.network.online] as const;
  return (
    <Link to="/sync" className={styles.indicator} data-network={status.network} data-testid="network">
      <Icon size="1.375rem" stroke={1.75} aria-hidden />
      <span className={styles.word} role="status">{word}</span>
      <span className="only-read">{texts.network.opens}</span>
      {status.network === "offline" && status.waiting > 0 && <span className={styles.waiting} aria-hidden>{status.waiting}</span>}
    </Link>
  );
}
