import { useEffect, useState, type ReactNode } from "react";
import { IconCircleCheck, IconDownload } from "@tabler/icons-react";
import { Button } from "@mantine/core";
import { useDevice, useAnswer, useStatus } from "../../ui/device.tsx";
import { bytes } from "../../ui/format.ts";
import { Mark } from "../../ui/mark.tsx";
import { Notice } from "../../ui/notice.tsx";
import { Page, Section } from "../../ui/page.tsx";
import { Progress } from "../../ui/progress.tsx";
import { texts } from "../../ui/texts.ts";
import { sealTyping } from "../../ui/typing.ts";
import { OwnKeptWork, useKeptWork } from "./kept-work.tsx";
import { RefusedWork } from "./refused-work.tsx";
import { Uploads } from "./uploads.tsx";
import { useShellKept } from "./use-shell-kept.ts";
import styles from "./work-rows.module.css";
import { WorkRows } from "./work-rows.tsx";

/** What waits, what was decided, what failed and why, and whether one may leave the network. */
export function SyncPage({ renew }: { renew: ReactNode }) {
  const device = useDevice();
  const status = useStatus();
  // What was typed a moment ago counts too, and no claim of this page is shown from before.
  const { answer: page, fresh, refresh } = useAnswer("sync-page", async (asked) => {
    await sealTyping();
    return asked.syncPage();
  });
  const [busy, setBusy] = useState(false);
  const kept = useKeptWork();
  const shellKept = useShellKept();
  useEffect(refresh, [status, refresh]);

  const now = async () => {
    setBusy(true);
    try {
      await device.syncNow();
    } finally {
      setBusy(false);
      refresh();
    }
  };

  const actions = <Button variant="default" loading={busy} onClick={() => void now()}>{texts.sync.now}</Button>;
  if (!page || !fresh) return <Page title={texts.sync.title} actions={actions}>{null}</Page>;
  const { offline, storage } = page;
  const waits = page.waiting.length + page.uploads.length;
  const whole = offline.of > 0 && offline.ready >= offline.of;
  return (
    <Page title={texts.sync.title} actions={actions}>
      <p className="quiet">{texts.sync.last(page.status.lastSync)}</p>
      {(status ?? page.status).signInNeeded && renew}
      {(status ?? page.status).troubled && <Notice tone="needs-you">{texts.sync.troubled}</Notice>}
      {(status ?? page.status).updateNeeded && <Notice tone="needs-you">{texts.sync.tooOld}</Notice>}
      {page.status.loading && <Progress stored={page.status.loading.stored} expected={page.status.loading.expected} />}
      <Section title={texts.sync.ready(offline.ready, offline.of, offline.at)}>
        <p style={{ padding: "0.75rem 0" }}>
          {whole && shellKept
            ? <Mark icon={IconCircleCheck}>{texts.sync.readyHint}</Mark>
            : <Mark icon={IconDownload} tone="needs-you">{whole ? texts.sync.shellMissing : texts.sync.notReady}</Mark>}
        </p>
      </Section>
      <RefusedWork failed={page.failed} />
      <OwnKeptWork rows={kept?.own ?? []} />
      <Section title={texts.sync.waiting} count={waits}>
        {page.waiting.length > 0 && <WorkRows rows={page.waiting} />}
        <Uploads rows={page.uploads} />
        {waits === 0 && <p className="quiet" style={{ padding: "0.75rem 0" }}>{texts.sync.waitingNone}</p>}
      </Section>
      <Section title={texts.sync.decided} count={page.decided.length}>
        {page.decided.length > 0 ? <WorkRows rows={page.decided} /> : <p className="quiet" style={{ padding: "0.75rem 0" }}>{texts.sync.decidedNone}</p>}
      </Section>
      <Section title={texts.sync.storage}>
        <p style={{ padding: "0.75rem 0 0.25rem" }}>{texts.sync.used(storage.usage, storage.quota)}</p>
        <meter min={0} max={storage.quota || 1} value={storage.usage} aria-label={texts.sync.used(storage.usage, storage.quota)} className={styles.meter}>{bytes(storage.usage)}</meter>
        <p className="quiet">{storage.persisted ? texts.sync.persisted : texts.sync.notPersisted}</p>
        <p className="quiet">{texts.sync.device} <code>{page.device_id}</code></p>
      </Section>
    </Page>
  );
}
