import { useEffect, useState, type RefObject } from "react";

const SPARE_ROWS = 8;

/** Which rows of a long list of equal rows are near the window, and how high a row is (it grows with the text size). */
export function useVisibleRows(list: RefObject<HTMLElement | null>): { first: number; last: number; rowHeight: number } {
  const [view, setView] = useState(() => measure(null));

  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      setView((before) => {
        const now = measure(list.current);
        return before.first === now.first && before.last === now.last && before.rowHeight === now.rowHeight ? before : now;
      });
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    look();
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [list]);

  return view;
}

function measure(list: HTMLElement | null) {
  const textSize = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
  // As in patient-list.module.css: one line, two lines, three, and wrapped where the text is very large.
  const width = (list?.clientWidth ?? innerWidth) / textSize;
  const rowHeight = Math.round((width >= 40 ? 3.25 : width >= 24 ? 5.25 : width >= 16 ? 6.75 : 12) * textSize);
  const above = list ? -list.getBoundingClientRect().top : 0;
  const first = Math.max(0, Math.floor(above / rowHeight) - SPARE_ROWS);
  return { first, last: Math.max(0, Math.ceil((above + innerHeight) / rowHeight)) + SPARE_ROWS, rowHeight };
}
