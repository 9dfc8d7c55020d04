/** The NHS number: ten digits, the last a modulus 11 check digit (NHS Data Dictionary, NHS NUMBER). */

export function isNhsNumber(text: string): boolean {
  if (!/^[0-9]{10}$/.test(text)) return false;
  let sum = 0;
  for (let index = 0; index < 9; index++) sum += Number(text[index]) * (10 - index);
  const check = 11 - (sum % 11);
  return check !== 10 && check % 11 === Number(text[9]);
}

/** As people read it: `943 476 5919`. What is no ten digits stays as it is. */
export function formatNhsNumber(text: string): string {
  return /^[0-9]{10}$/.test(text) ? `${text.slice(0, 3)} ${text.slice(3, 6)} ${text.slice(6)}` : text;
}

/** What a person typed, without the spaces and hyphens people put in. */
export function parseNhsNumber(typed: string): string | null {
  const digits = typed.replace(/[\s-]/g, "");
  return isNhsNumber(digits) ? digits : null;
}
