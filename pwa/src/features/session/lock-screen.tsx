import { useEffect, useState, type SubmitEvent } from "react";
import { Button, PasswordInput } from "@mantine/core";
import type { VaultCard } from "../../sync/device.ts";
import { useDevice } from "../../ui/device.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import { SessionScreen } from "./session-screen.tsx";
import styles from "./session.module.css";

/** Initials and a password field: nothing of a patient, and of one's own work only how much isn't sent. */
export function LockScreen({ vaults, storageLost, onOther }: { vaults: VaultCard[]; storageLost?: { unsent: number }; onOther: () => void }) {
  const [chosen, setChosen] = useState<string | undefined>(() => (vaults.find((vault) => vault.current) ?? (vaults.length === 1 ? vaults[0] : undefined))?.vault);
  const card = vaults.find((vault) => vault.vault === chosen);

  useEffect(() => {
    document.title = texts.product;
  }, []);

  return (
    <SessionScreen>
      <h1 className="only-read">{texts.lock.title}</h1>
      {storageLost && <Notice tone="danger">{texts.lock.storageLost(storageLost.unsent)}</Notice>}
      {card ? <Unlock key={card.vault} card={card} /> : <p className={styles.intro}>{texts.lock.choose}</p>}
      {(vaults.length > 1 || !card) && (
        <ul className={styles.people}>
          {vaults.filter((vault) => vault.vault !== chosen).map((vault) => (
            <li key={vault.vault}>
              <button type="button" className={styles.choice} onClick={() => setChosen(vault.vault)}>
                <span className="only-read">{texts.lock.as}</span>
                <Initials card={vault} />
                <span className="quiet">{texts.lock.unsent(vault.unsent)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <p className={styles.other}><Button variant="subtle" onClick={onOther}>{texts.lock.other}</Button></p>
    </SessionScreen>
  );
}

function Unlock({ card }: { card: VaultCard }) {
  const device = useDevice();
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const result = await device.unlock(card.vault, password);
      if (!result.ok) setProblem(result.error.error_code === "invalid_credentials" ? texts.lock.wrong : result.error.message);
    } catch {
      setProblem(texts.errors.unknown);
    } finally {
      setBusy(false);
      setPassword("");
    }
  };

  return (
    <>
      <div className={styles.person}>
        <Initials card={card} />
        <div>
          <strong>{texts.lock.title}</strong>
          <p className="quiet" data-testid="lock-unsent">{texts.lock.unsent(card.unsent)}</p>
        </div>
      </div>
      <form className={styles.form} onSubmit={(event) => void submit(event)}>
        {problem && <Notice tone="danger" live>{problem}</Notice>}
        <PasswordInput
          label={texts.lock.password} size="md" value={password} autoFocus autoComplete="current-password"
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={busy}>{texts.lock.unlock}</Button>
      </form>
    </>
  );
}

function Initials({ card }: { card: VaultCard }) {
  const colour = Array.from(card.colour + card.initials, (letter) => letter.charCodeAt(0)).reduce((sum, code) => sum + code, 0) % 6;
  return <span className={styles.initials} data-colour={colour}>{card.initials}</span>;
}
