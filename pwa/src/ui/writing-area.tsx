import { useLayoutEffect, useRef } from "react";
import styles from "./writing-area.module.css";

const growsByItself = typeof CSS !== "undefined" && CSS.supports("field-sizing", "content");

/** A text field as tall as its text, so that a letter looks like a letter while it is written. */
export function WritingArea({ value, onChange, labelledBy, label, placeholder, minRows = 1 }: {
  value: string;
  onChange: (text: string) => void;
  labelledBy?: string;
  label?: string;
  placeholder?: string;
  minRows?: number;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  useLayoutEffect(() => {
    const element = area.current;
    if (growsByItself || !element) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [value]);
  return (
    <textarea
      ref={area} className={styles.area} aria-labelledby={labelledBy} aria-label={label} value={value} placeholder={placeholder} rows={minRows}
      autoComplete="off" spellCheck autoCapitalize="sentences" onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
