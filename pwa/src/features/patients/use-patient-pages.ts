import { useCallback, useEffect, useReducer, useRef } from "react";
import type { PatientRow } from "../../sync/device.ts";
import { useDevice, whenForgetting } from "../../ui/device.tsx";

const PAGE = 100;

interface Pages {
  text: string;
  total: number | undefined;
  complete: boolean;
  rows: Map<number, PatientRow[]>;
}

const nothing = (text = ""): Pages => ({ text, total: undefined, complete: true, rows: new Map() });

/** Survives leaving and coming back, so that the list stands where it stood; it is asked for again all the same. */
let kept = nothing();
let onScreen = 0;

whenForgetting(() => {
  if (onScreen === 0) kept = nothing();
});

/**
 * The rows from `first` to `last` of those matching `text`, fetched in pages. While new text is searched the former rows
 * stay, so that typing doesn't flicker; when records change the pages in view are asked for again.
 */
export function usePatientPages(text: string, first: number, last: number) {
  const device = useDevice();
  const [, render] = useReducer((n: number) => n + 1, 0);
  const turn = useRef(0);

  const load = useCallback(
    (from: number, to: number, afresh: boolean) => {
      const mine = afresh ? ++turn.current : turn.current;
      for (let page = Math.floor(from / PAGE); page <= Math.floor(Math.max(from, to - 1) / PAGE); page++) {
        if (!afresh && kept.rows.has(page)) continue;
        const empty: PatientRow[] = [];
        if (!afresh) kept.rows.set(page, empty);
        device.patients({ text, offset: page * PAGE, limit: PAGE }).then(
          (answer) => {
            if (mine !== turn.current) return;
            if (kept.text !== text) kept = nothing(text);
            kept.total = answer.total;
            kept.complete = answer.complete;
            kept.rows.set(page, answer.rows);
            render();
          },
          () => {
            if (kept.rows.get(page) === empty) kept.rows.delete(page);
          },
        );
      }
    },
    [device, text],
  );

  const inView = useRef({ first, last });
  inView.current = { first, last };

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const afresh = () => {
      const { first: from, last: to } = inView.current;
      for (const page of kept.rows.keys()) {
        if ((page + 1) * PAGE <= from || page * PAGE >= to) kept.rows.delete(page);
      }
      load(from, to, true);
    };
    onScreen += 1;
    afresh();
    const stop = device.subscribe((event) => {
      if (event.type !== "changed" || !event.kinds.some((kind) => kind === "patient" || kind === "conflict")) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        afresh();
      }, 250);
    });
    return () => {
      onScreen -= 1;
      stop();
      clearTimeout(timer);
    };
  }, [device, load]);

  useEffect(() => {
    if (kept.text === text && kept.total !== undefined) load(first, Math.min(last, kept.total), false);
  }, [first, last, load, text]);

  return {
    total: kept.total,
    complete: kept.complete,
    rowAt: (index: number): PatientRow | undefined => kept.rows.get(Math.floor(index / PAGE))?.[index % PAGE],
  };
}
