import {
  IconAlertTriangle, IconBan, IconCheck, IconChecks, IconDeviceTablet, IconEye, type TablerIcon,
} from "@tabler/icons-react";
import type { WorkState } from "../sync/device.ts";
import { texts } from "./texts.ts";
import styles from "./mark.module.css";

const icons: Record<WorkState, TablerIcon> = {
  "on-device": IconDeviceTablet,
  "on-server": IconCheck,
  "in-record": IconChecks,
  read: IconEye,
  "needs-review": IconAlertTriangle,
  refused: IconBan,
};

/** Where one's own work stands: always a word and an icon, coloured only when it asks for something. */
export function WorkMark({ state }: { state: WorkState }) {
  const Icon = icons[state];
  return (
    <span className={styles.mark} data-state={state}>
      <Icon size="1.125em" stroke={2} aria-hidden />
      {texts.work[state]}
    </span>
  );
}
