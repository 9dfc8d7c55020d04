/**
 * How long the app stays open untouched. The ceilings are those of ward tablets and phones; a person may shorten them on
 * this device, never lengthen them. (A policy, not a secret: it may lie in clear.)
 */
const KEY = "quill:lock-after";

export interface LockPolicy {
  idleMs: number;
  hiddenMs: number;
}

function ceiling(): LockPolicy {
  const phone = matchMedia("(max-width: 35rem) and (pointer: coarse)").matches;
  return phone ? { idleMs: 300_000, hiddenMs: 60_000 } : { idleMs: 120_000, hiddenMs: 15_000 };
}

function shortened(): Partial<LockPolicy> {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    return typeof parsed === "object" && parsed !== null ? parsed : {};
  } catch {
    return {};
  }
}

function shorter(most: number, wanted: unknown): number {
  return typeof wanted === "number" && wanted > 0 ? Math.min(most, wanted) : most;
}

let pickingUntil = 0;

/** A camera or file picker hides the page; for two minutes that is work, not absence. */
export function pickingFile(): void {
  pickingUntil = Date.now() + 120_000;
}

export function lockPolicy(): LockPolicy {
  const most = ceiling();
  const wanted = shortened();
  const hiddenMs = shorter(most.hiddenMs, wanted.hiddenMs);
  return { idleMs: shorter(most.idleMs, wanted.idleMs), hiddenMs: Date.now() < pickingUntil ? Math.max(hiddenMs, 120_000) : hiddenMs };
}

/** The choices a person has for the time untouched, in ms, longest first. */
export function idleChoices(): number[] {
  const most = ceiling().idleMs;
  return [300_000, 120_000, 60_000, 30_000].filter((ms) => ms <= most);
}

export function chooseIdle(idleMs: number): void {
  localStorage.setItem(KEY, JSON.stringify({ ...shortened(), idleMs }));
}
