import { useEffect, useRef, useState, type SubmitEvent } from "react";
import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useDevice } from "../../ui/device.tsx";
import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import styles from "./session.module.css";

/** Username, password, and the code where the account has one. A given `username` is not asked for. */
export function Credentials({ username: known, onCode, onDone, submit: submitText = texts.signIn.submit }: {
  username?: string;
  onCode?: (asked: boolean) => void;
  onDone?: () => void;
  submit?: string;
}) {
  const device = useDevice();
  const [username, setUsername] = useState(known ?? "");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [asksCode, setAsksCode] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const codeField = useRef<HTMLInputElement>(null);

  useEffect(() => {
    onCode?.(asksCode);
    if (asksCode) codeField.current?.focus();
  }, [asksCode, onCode]);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem(undefined);
    try {
      const result = await device.signIn({ username: username.trim(), password, ...(asksCode && { totp_code: code.trim() }) });
      if (result.ok) {
        onDone?.();
        return;
      }
      if (result.error.error_code === "two_factor_required" && !asksCode) setAsksCode(true);
      else setProblem(texts.signIn.errors[result.error.error_code] ?? result.error.message);
      setCode("");
    } catch {
      setProblem(texts.errors.unknown);
    } finally {
      setBusy(false);
    }
  };
  const startOver = () => {
    setAsksCode(false);
    setPassword("");
    setProblem(undefined);
  };

  return (
    <form className={styles.form} onSubmit={(event) => void submit(event)} noValidate>
      {problem && <Notice tone="danger" live>{problem}</Notice>}
      {asksCode ? (
        <TextInput
          key="code" ref={codeField} label={texts.signIn.code} size="md" value={code} inputMode="numeric"
          autoComplete="one-time-code" maxLength={8} onChange={(event) => setCode(event.currentTarget.value)}
        />
      ) : (
        <>
          {known === undefined && (
            <TextInput
              key="username" label={texts.signIn.username} size="md" value={username} autoComplete="username" autoCapitalize="none"
              spellCheck={false} autoFocus onChange={(event) => setUsername(event.currentTarget.value)}
            />
          )}
          <PasswordInput
            key="password" label={texts.signIn.password} size="md" value={password} autoComplete="current-password"
            onChange={(event) => setPassword(event.currentTarget.value)}
          />
        </>
      )}
      <Button type="submit" size="md" loading={busy}>{asksCode ? texts.signIn.codeSubmit : submitText}</Button>
      {asksCode && <Button variant="subtle" size="md" onClick={startOver}>{known === undefined ? texts.signIn.startOver : texts.letters.cancel}</Button>}
    </form>
  );
}
