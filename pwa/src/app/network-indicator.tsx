import { IconCloudCheck, IconCloudExclamation, IconCloudOff, IconCloudUp, IconDownload, IconLogin2, type TablerIcon } from "@tabler/icons-react";
import { Link } from "react-router";
import type { SyncStatus } from "../sync/device.ts";
import { useStatus } from "../ui/device.tsx";
import { texts } from "../ui/texts.ts";
import styles from "./network-indicator.module.css";

/** The one word about the network; leads to the sync page. */
export function NetworkIndicator() {
  const status = useStatus();
  if (!status) return null;
  const [Icon, word] = standing(status);
  return (
    <Link to="/sync" className={styles.indicator} data-network={status.network} data-testid="network">
      <Icon size="1.375rem" stroke={1.75} aria-hidden />
      <span className={styles.word} role="status">{word}</span>
      <span className="only-read">{texts.network.opens}</span>
      {status.network === "offline" && status.waiting > 0 && <span className={styles.waiting} aria-hidden>{status.waiting}</span>}
    </Link>
  );
}

function standing({ network, waiting, signInNeeded, updateNeeded, troubled }: SyncStatus): [TablerIcon, string] {
  if (network === "offline") return [IconCloudOff, texts.network.offline(waiting)];
  if (updateNeeded) return [IconDownload, texts.network.update];
  if (signInNeeded) return [IconLogin2, texts.network.signIn];
  if (troubled) return [IconCloudExclamation, texts.network.troubled];
  return network === "sending" ? [IconCloudUp, texts.network.sending] : [IconCloudCheck, texts.network.online];
}
