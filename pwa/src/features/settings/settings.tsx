import { useState } from "react";
import { Button, NativeSelect, SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useDevice } from "../../ui/device.tsx";
import { Dialog, DialogActions } from "../../ui/dialog.tsx";
import { duration } from "../../ui/format.ts";
import { chooseIdle, idleChoices, lockPolicy } from "../../ui/lock-policy.ts";
import { Section } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import { sealTyping } from "../../ui/typing.ts";
import { useWho } from "../../ui/who.tsx";
import styles from "./settings.module.css";

/** Appearance, locking, signing out; what this device knows of the person. */
export function Settings({ onLock }: { onLock: () => void }) {
  const who = useWho();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [idle, setIdle] = useState(() => lockPolicy().idleMs);
  const choices = [...new Set([...idleChoices(), idle])].sort((a, b) => b - a);
  return (
    <>
      <Section title={texts.settings.signedInAs}>
        <dl className={styles.facts}>
          <div><dt>{texts.settings.name}</dt><dd>{who.name} <span className="quiet">({who.username})</span></dd></div>
          <div><dt>{texts.settings.roles}</dt><dd>{who.roles.join(", ")}</dd></div>
          {who.organisation_name && <div><dt>{texts.settings.organisation}</dt><dd>{who.organisation_name}</dd></div>}
        </dl>
      </Section>
      <Section title={texts.settings.theme}>
        <SegmentedControl
          className={styles.themes ?? ""} size="md" aria-label={texts.settings.theme} value={colorScheme} onChange={(value) => setColorScheme(value)}
          data={(["auto", "light", "dark"] as const).map((value) => ({ value, label: texts.settings.themes[value] }))}
        />
      </Section>
      <Section title={texts.settings.lockAfter}>
        <p className={`quiet ${styles.hint ?? ""}`}>{texts.settings.lockAfterHint}</p>
        <div className={styles.line}>
          <NativeSelect
            aria-label={texts.settings.lockAfter} value={String(idle)} data={choices.map((ms) => ({ value: String(ms), label: ms < 60_000 ? `${ms / 1000} s` : duration(ms / 1000) }))}
            onChange={(event) => {
              const ms = Number(event.currentTarget.value);
              chooseIdle(ms);
              setIdle(ms);
            }}
          />
          <Button variant="default" onClick={onLock}>{texts.settings.lockNow}</Button>
        </div>
      </Section>
      <SignOut />
    </>
  );
}

function SignOut() {
  const device = useDevice();
  const [unsent, setUnsent] = useState<number>();
  const [busy, setBusy] = useState(false);
  const signOut = async () => {
    setBusy(true);
    try {
      await sealTyping(2000);
      const result = await device.signOut();
      if (!result.ok) setUnsent(result.unsent);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Section title={texts.settings.signOut}>
      <p className={`quiet ${styles.hint ?? ""}`}>{texts.settings.signOutHint}</p>
      <div className={styles.line}><Button variant="default" loading={busy} onClick={() => void signOut()}>{texts.settings.signOut}</Button></div>
      {unsent !== undefined && (
        <Dialog title={texts.settings.signOutUnsentTitle(unsent)} onClose={() => setUnsent(undefined)}>
          <p>{texts.settings.signOutUnsent}</p>
          <DialogActions><Button onClick={() => setUnsent(undefined)}>{texts.settings.stay}</Button></DialogActions>
        </Dialog>
      )}
    </Section>
  );
}
