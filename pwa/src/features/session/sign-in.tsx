import { useEffect, useState } from "react";
import { Button } from "@mantine/core";
import { texts } from "../../ui/texts.ts";
import { Credentials } from "./credentials.tsx";
import { SessionScreen } from "./session-screen.tsx";
import styles from "./session.module.css";

/** The first sign-in of a person on this device. */
export function SignIn({ onBack }: { onBack?: () => void }) {
  const [asksCode, setAsksCode] = useState(false);
  useEffect(() => {
    document.title = texts.product;
  }, []);
  return (
    <SessionScreen>
      <h1>{asksCode ? texts.signIn.codeTitle : texts.signIn.title}</h1>
      <p className={styles.intro}>{asksCode ? texts.signIn.codeIntro : texts.signIn.intro}</p>
      <Credentials onCode={setAsksCode} />
      {onBack && !asksCode && <p className={styles.other}><Button variant="subtle" onClick={onBack}>{texts.lock.backToLock}</Button></p>}
    </SessionScreen>
  );
}
