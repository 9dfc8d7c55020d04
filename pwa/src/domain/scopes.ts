/** Which scope a new record gets; the same as `quill.domain.scopes`. */
import type { Kind } from "@quill/schemas";
import type { Values } from "./facts.ts";

export function scopeOf(kind: Kind, id: string, body: Values, author: string, referred: Record<string, string> = {}): string | null {
  const patient = body["patient_id"] as string | undefined;
  const team = body["team_id"] as string | undefined;
  switch (kind) {
    case "patient":
      return `patient:${id}`;
    case "letter":
    case "attachment":
      return patient ? `patient:${patient}` : null;
    case "message":
      if (patient) return `patient:${patient}`;
      return team ? `team:${team}` : null;
    case "receipt":
      return referred[body["record_id"] as string] ?? null;
    case "snippet":
      if (team) return `team:${team}`;
      return body["organisation"] === true ? "org" : `user:${author}`;
    case "person":
    case "team":
      return "org";
    default:
      return null;
  }
}
