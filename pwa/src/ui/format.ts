/** Dates, ages, numbers and names as clinicians in the United Kingdom read them. */

const LOCALE = "en-GB";
/** Three letters each; what `Intl` gives differs between browsers (`Sep`, `Sept`). */
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `943 476 5919`; anything that isn't ten digits stays as it is. */
export function nhsNumber(digits: string): string {
  return /^\d{10}$/.test(digits) ? `${digits.slice(0, 3)} ${digits.slice(3, 6)} ${digits.slice(6)}` : digits;
}

/** `4 Feb 1962` from an ISO date; partial or odd dates stay as they are. */
export function date(iso: string): string {
  const [, year, month, day] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(iso) ?? [];
  const name = MONTHS[Number(month) - 1];
  return year && name ? `${Number(day)} ${name} ${year}` : iso;
}

/** Whole years, or months and weeks for the very young: `64 y`, `7 m`, `3 w`; empty for a date that can't be read. */
export function age(birthDate: string, today = new Date()): string {
  const [year, month, dayOfMonth] = birthDate.split("-").map(Number);
  if (!year || !month || !dayOfMonth) return "";
  const months =
    (today.getFullYear() - year) * 12 + (today.getMonth() + 1 - month) - (today.getDate() < dayOfMonth ? 1 : 0);
  if (months >= 24) return `${Math.floor(months / 12)} y`;
  if (months >= 2) return `${months} m`;
  const days = Math.floor((Date.UTC(today.getFullYear(), today.getMonth(), today.getDate()) - Date.UTC(year, month - 1, dayOfMonth)) / 86_400_000);
  return days >= 0 ? `${Math.floor(days / 7)} w` : "";
}

/** `4 Feb 1962 (64 y)` */
export function born(birthDate: string, today = new Date()): string {
  const years = age(birthDate, today);
  return years ? `${date(birthDate)} (${years})` : date(birthDate);
}

function sameDay(a: Date, b: Date): boolean {
  return a.getFullYear() === b.getFullYear() && a.getMonth() === b.getMonth() && a.getDate() === b.getDate();
}

/** `09:12` today, `3 Mar, 09:12` this year, with the year before that. */
export function moment(iso: string, now = new Date()): string {
  const then = new Date(iso);
  if (Number.isNaN(then.getTime())) return "";
  const clock = `${String(then.getHours()).padStart(2, "0")}:${String(then.getMinutes()).padStart(2, "0")}`;
  if (sameDay(then, now)) return clock;
  const day = `${then.getDate()} ${MONTHS[then.getMonth()] ?? ""}`;
  return then.getFullYear() === now.getFullYear() ? `${day}, ${clock}` : `${day} ${then.getFullYear()}, ${clock}`;
}

/** `less than a minute`, `5 min`, `3 h`, `2 days` */
export function duration(seconds: number): string {
  if (seconds < 60) return "less than a minute";
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  const days = Math.floor(seconds / 86_400);
  return days === 1 ? "1 day" : `${days} days`;
}

export function secondsSince(iso: string, now = Date.now()): number {
  return Math.max(0, (now - new Date(iso).getTime()) / 1000);
}

/** `840 KB`, `2.4 MB`, `1.1 GB` */
export function bytes(count: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 && unit > 1 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ""}`;
}

/** `OKAFOR-WILLIAMS, Adaeze Ngozi` */
export function patientName(family: string, given: string): string {
  return given ? `${family.toLocaleUpperCase(LOCALE)}, ${given}` : family.toLocaleUpperCase(LOCALE);
}

/** `AD` for Dr Amara Diallo. */
export function initials(name: string): string {
  const parts = name.split(/\s+/).filter((part) => part !== "" && !/^(dr|prof|mr|mrs|ms|miss|mx|sr|sister)\.?$/i.test(part));
  return [parts[0], parts.length > 1 ? parts.at(-1) : undefined].map((part) => part?.[0] ?? "").join("").toLocaleUpperCase(LOCALE);
}

const whole = new Intl.NumberFormat(LOCALE);
export function count(value: number): string {
  return whole.format(value);
}
