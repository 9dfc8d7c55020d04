import type { OutboxRow } from "../../sync/device.ts";
import { Section } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import { WorkRows } from "./work-rows.tsx";

/** What the server could not accept, and why. */
export function RefusedWork({ failed }: { failed: OutboxRow[] }) {
  if (failed.length === 0) return null;
  return (
    <Section title={texts.sync.failed} count={failed.length} tone="danger">
      <p className="quiet" style={{ paddingTop: "0.5rem" }}>{texts.sync.failedHint}</p>
      <WorkRows rows={failed} dismissable />
    </Section>
  );
}
