import type { ReactNode } from "react";
import styles from "./session.module.css";
import { texts } from "../../ui/texts.ts";

export function SessionScreen({ children }: { children: ReactNode }) {
  return (
    <main className={styles.screen}>
      <div className={styles.card}>
        <p className={styles.brand}>
          <img src={`${import.meta.env.BASE_URL}icons/quill.svg`} alt="" />
          {texts.product}
        </p>
        {children}
      </div>
    </main>
  );
}
