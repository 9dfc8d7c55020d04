import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { LIMITS, type Letter } from "@quill/schemas";
import type { LetterView } from "../../sync/device.ts";
import { useDevice } from "../../ui/device.tsx";
import { holdTyping } from "../../ui/typing.ts";

const SEAL_EVERY_MS = 1000;
const encoder = new TextEncoder();

/** Typed and not sealed yet. */
interface Unsealed {
  values: Record<string, unknown>;
  /** What the screen showed when the first of them was typed; no later answer changes it. */
  shown: Showed;
  sealing: Promise<void>;
  timer: ReturnType<typeof setTimeout> | undefined;
}

/** By letter. Outlives the screen: where the disk was full, text is neither lost by going elsewhere nor laid over newer text later. */
const unsealedOf = new Map<string, Unsealed>();

function unsealedIn(id: string): Unsealed {
  let unsealed = unsealedOf.get(id);
  if (!unsealed) unsealedOf.set(id, (unsealed = { values: {}, shown: undefined, sealing: Promise.resolve(), timer: undefined }));
  return unsealed;
}

/** Whether something typed into this letter isn't sealed. */
export function hasUnsealed(id: string): boolean {
  return Object.keys(unsealedOf.get(id)?.values ?? {}).length > 0;
}

export interface LetterDraft {
  /** The letter as it stands on this screen: what was typed laid over what the device holds. */
  letter: Letter;
  /** The version the device held when that was drawn. */
  version: number;
  set: (field: string, value: unknown) => void;
  /** Seals what is typed; answers once it is on disk. */
  flush: () => Promise<void>;
  saving: boolean;
  savedAt: string | null;
  failed: boolean;
  /** It failed because the device has no room left. */
  full: boolean;
  tooLong: boolean;
}

/**
 * Holds what is being typed, seals it every second, and makes it an operation when the letter is left. A change that
 * arrives from the server shows everywhere but in fields typed in and not sealed yet.
 */
export function useLetterDraft(view: LetterView): LetterDraft {
  const device = useDevice();
  const { id } = view;
  const [base, setBase] = useState<Base>(view);
  const unsealed = useMemo(() => unsealedIn(id), [id]);
  const [typed, setTyped] = useState<Record<string, unknown>>({ ...unsealed.values });
  const [savedAt, setSavedAt] = useState(view.saved_at);
  const [saving, setSaving] = useState(false);
  const [failed, setFailed] = useState<"failed" | "full" | null>(null);
  const [tooLong, setTooLong] = useState(false);
  const touched = useRef(false);
  const now: Base = { letter: lay(base.letter, typed), version: base.version };
  const drawn = useRef(now);
  drawn.current = now;

  const flush = useCallback(async (): Promise<void> => {
    clearTimeout(unsealed.timer);
    unsealed.timer = undefined;
    unsealed.sealing = unsealed.sealing.then(async () => {
      const { values: batch, shown } = unsealed;
      // What is sealed the device's answer holds, unless it was typed in again meanwhile.
      const settle = () => setTyped((before) => Object.fromEntries(Object.entries(before).filter(([field]) => field in unsealed.values)));
      if (Object.keys(batch).length === 0) return settle();
      unsealed.values = {};
      unsealed.shown = undefined;
      setSaving(true);
      try {
        const { saved_at } = await device.edit("letter", id, batch, shown);
        const sealed = await device.letter(id);
        if (sealed) setBase(sealed);
        settle();
        setSavedAt(saved_at);
        setFailed(null);
      } catch (error) {
        const why = error instanceof Error ? error.name : "";
        setFailed(why === "QuotaExceededError" ? "full" : "failed");
        if (why === "ScopeEnded" || why === "NotOnThisDevice") return; // nothing of it may be kept; its page says so
        unsealed.values = { ...batch, ...unsealed.values };
        unsealed.shown = earlier(shown, unsealed.shown);
        unsealed.timer ??= setTimeout(() => void flush(), SEAL_EVERY_MS);
      } finally {
        setSaving(false);
      }
    });
    return unsealed.sealing;
  }, [device, id, unsealed]);

  const set = useCallback(
    (field: string, value: unknown) => {
      const next = lay(drawn.current.letter, { [field]: value });
      // The server refuses a body above its limit; the editor stops before it, so that no text is written in vain.
      const over = encoder.encode(JSON.stringify(next)).length > LIMITS.max_body_bytes - 1024;
      setTooLong(over);
      if (over) return;
      touched.current = true;
      unsealed.shown ??= { version: drawn.current.version, was: {} };
      if (!Object.hasOwn(unsealed.shown.was, field)) unsealed.shown.was[field] = fieldOf(drawn.current.letter, field) ?? null;
      unsealed.values[field] = value;
      setTyped((before) => ({ ...before, [field]: value }));
      unsealed.timer ??= setTimeout(() => void flush(), SEAL_EVERY_MS);
    },
    [flush, unsealed],
  );

  useEffect(() => setBase(view), [view]);

  useEffect(() => {
    const release = holdTyping(flush);
    const hidden = () => {
      if (document.visibilityState === "hidden") void flush();
    };
    document.addEventListener("visibilitychange", hidden);
    if (hasUnsealed(id)) void flush();
    return () => {
      document.removeEventListener("visibilitychange", hidden);
      const left = async () => {
        await flush();
        if (hasUnsealed(id)) return; // tried again each second, and before a lock
        release();
        if (touched.current) await device.commit(id);
      };
      void left().catch(() => undefined);
    };
  }, [device, flush, id]);

  return { ...now, set, flush, saving: saving || Object.keys(typed).length > 0, savedAt, failed: failed !== null, full: failed === "full", tooLong };
}

type Base = Pick<LetterView, "letter" | "version">;
type Showed = { version: number; was: Record<string, unknown> } | undefined;

/** Two accounts of what the screen showed in one: the earlier holds. */
function earlier(first: Showed, second: Showed): Showed {
  return first && second ? { version: first.version, was: { ...second.was, ...first.was } } : (first ?? second);
}

function fieldOf(letter: Letter, field: string): unknown {
  return field.startsWith("sections/") ? letter.sections[field.slice(9)] : letter[field as keyof Letter];
}

/** The letter with `fields` (`title`, `sections/plan`, …) laid over it; null takes a section away. */
export function lay(letter: Letter, fields: Record<string, unknown>): Letter {
  const sections = new Map(Object.entries(letter.sections));
  const next: Letter = { ...letter };
  for (const [field, value] of Object.entries(fields)) {
    if (!field.startsWith("sections/")) Object.assign(next, { [field]: value });
    else if (value === null) sections.delete(field.slice(9));
    else sections.set(field.slice(9), value as Letter["sections"][string]);
  }
  return { ...next, sections: Object.fromEntries(sections) };
}
