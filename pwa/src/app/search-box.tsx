import { useEffect, useRef, useState } from "react";
import { IconSearch, IconX } from "@tabler/icons-react";
import { useLocation, useNavigate } from "react-router";
import { useSearch } from "../ui/search.tsx";
import { texts } from "../ui/texts.ts";
import styles from "./search-box.module.css";

/**
 * One box for the whole app, focused by `/`; typing shows the patients, Down goes into the list. What was searched stands
 * in it on the list only: beside one patient's name, another's number would be a trap.
 */
export function SearchBox() {
  const { text: searched, setText } = useSearch();
  const box = useRef<HTMLInputElement>(null);
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const onList = pathname === "/patients";
  // What is typed elsewhere leads to the list, which may take a moment to come: not a letter typed meanwhile may get lost.
  const [onTheWay, setOnTheWay] = useState(false);
  const text = onList || onTheWay ? searched : "";

  useEffect(() => setOnTheWay(false), [pathname]);

  useEffect(() => {
    const slash = (event: KeyboardEvent) => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
      const target = event.target as HTMLElement;
      if (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      box.current?.focus();
      box.current?.select();
    };
    addEventListener("keydown", slash);
    return () => removeEventListener("keydown", slash);
  }, []);

  const go = () => {
    if (onList || onTheWay) return;
    setOnTheWay(true);
    void navigate("/patients");
  };

  return (
    <search className={styles.search}>
      <IconSearch size="1.25rem" stroke={1.75} aria-hidden />
      <input
        ref={box}
        type="text"
        inputMode="search"
        enterKeyHint="search"
        autoComplete="off"
        spellCheck={false}
        aria-label={texts.nav.search}
        aria-keyshortcuts="/"
        placeholder={texts.nav.searchHint}
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          go();
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape" && text !== "") {
            event.preventDefault();
            setText("");
          } else if (event.key === "Enter" || event.key === "ArrowDown") {
            const first = document.querySelector<HTMLElement>("[data-patient-row]");
            if (!onList) go();
            else if (first) {
              event.preventDefault();
              if (event.key === "Enter") first.click();
              else first.focus();
            }
          }
        }}
      />
      {text === "" ? (
        <kbd className={styles.key} aria-hidden>/</kbd>
      ) : (
        <button
          type="button" className={styles.clear} aria-label={texts.nav.clearSearch}
          onClick={() => {
            setText("");
            box.current?.focus();
          }}
        >
          <IconX size="1.25rem" aria-hidden />
        </button>
      )}
    </search>
  );
}
