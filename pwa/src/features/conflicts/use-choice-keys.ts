import { useLayoutEffect, useRef } from "react";
import type { Take } from "./choice.ts";

const takes: Record<string, Take> = { "1": "base", "2": "theirs", "3": "mine", e: "text" };

/** 1, 2, 3 and e for the field in turn; never while someone types. They work from the first moment the case is seen. */
export function useChoiceKeys(enabled: boolean, choose: (take: Take) => void): void {
  const latest = useRef(choose);
  useLayoutEffect(() => {
    latest.current = choose;
  });
  useLayoutEffect(() => {
    if (!enabled) return undefined;
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) return;
      const take = takes[event.key];
      if (!take) return;
      event.preventDefault();
      latest.current(take);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [enabled]);
}
