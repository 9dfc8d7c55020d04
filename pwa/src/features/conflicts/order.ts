import type { ConflictRow } from "../../sync/device.ts";

const risk: Record<string, number> = { high: 0, medium: 1, low: 2 };

/** Highest risk first, within it the longest waiting. */
export function byRiskAndAge(conflicts: readonly ConflictRow[]): ConflictRow[] {
  return [...conflicts].sort((a, b) => (risk[a.severity] ?? 3) - (risk[b.severity] ?? 3) || a.at.localeCompare(b.at));
}

/** Those that still wait for somebody, in the order to take them. */
export function undecided(conflicts: readonly ConflictRow[]): ConflictRow[] {
  return byRiskAndAge(conflicts.filter(({ status, decided }) => status === "open" && !decided));
}
