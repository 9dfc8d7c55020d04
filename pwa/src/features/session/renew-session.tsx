import { Notice } from "../../ui/notice.tsx";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";
import { Credentials } from "./credentials.tsx";
import styles from "./session.module.css";

/** The server's session has ended while the device is open: sign in again, without leaving the work. */
export function RenewSession() {
  const who = useWho();
  return (
    <>
      <Notice tone="needs-you">{texts.signIn.needed}</Notice>
      <div className={styles.renew}><Credentials username={who.username} submit={texts.signIn.again} /></div>
    </>
  );
}
