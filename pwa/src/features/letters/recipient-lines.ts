import type { Recipient } from "@quill/schemas";

/** `Dr Ann Lee, GP, Elm Surgery`, one recipient a line. */
export function toLines(recipients: readonly Recipient[]): string {
  return recipients.map(({ name, role, organisation }) => [name, role, organisation].filter(Boolean).join(", ")).join("\n");
}

/** The lines back to recipients; what a known one has besides (address, e-mail, person) stays with it. */
export function fromLines(text: string, known: readonly Recipient[]): Recipient[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => {
      const same = known.find((recipient) => toLines([recipient]) === line);
      if (same) return same;
      const [name = line, role, ...organisation] = line.split(",").map((part) => part.trim()).filter((part) => part !== "");
      return { name, ...(role && { role }), ...(organisation.length > 0 && { organisation: organisation.join(", ") }) };
    });
}
