import { useState } from "react";
import { Button, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { texts } from "../../ui/texts.ts";
import { keyOf } from "./headings.ts";
import styles from "./letters.module.css";

export function AddHeading({ taken, onAdd }: { taken: string[]; onAdd: (key: string, title: string) => void }) {
  const [title, setTitle] = useState<string>();
  if (title === undefined) {
    return (
      <div className={styles.addHeading}>
        <Button variant="subtle" leftSection={<IconPlus size="1.125rem" aria-hidden />} onClick={() => setTitle("")}>{texts.letters.addHeading}</Button>
      </div>
    );
  }
  const key = keyOf(title);
  const free = title.trim() !== "" && !taken.includes(key);
  return (
    <form
      className={styles.addHeading}
      onSubmit={(event) => {
        event.preventDefault();
        if (!free) return;
        onAdd(key, title.trim());
        setTitle(undefined);
      }}
    >
      <TextInput
        aria-label={texts.letters.headingName} placeholder={texts.letters.headingName} value={title} maxLength={80} autoFocus
        onChange={(event) => setTitle(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setTitle(undefined);
        }}
      />
      <Button type="submit" disabled={!free}>{texts.letters.add}</Button>
    </form>
  );
}
