/** Reading what the server answered. */
import type { ErrorDetail } from "@quill/schemas";
import type { Answer } from "./ports.ts";

/** How a step of syncing ended. Races and refusals are values here; nothing is thrown. */
export type Step =
  | { kind: "done" }
  /** Not reached, or the server has trouble: again later, not before `afterMs` if it says so. */
  | { kind: "wait"; afterMs?: number }
  /** The session has ended, or is another person's: nothing can be sent until someone signs in. */
  | { kind: "sign-in" }
  /** This version of the app is too old to sync. */
  | { kind: "update" }
  /** Another tab leads now. */
  | { kind: "lost" };

export const DONE: Step = { kind: "done" };
export const LOST: Step = { kind: "lost" };

const decoder = new TextDecoder();

/** The caller says what the contract has there. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
export function json<T>(answer: Extract<Answer, { kind: "ok" }>): T {
  return JSON.parse(decoder.decode(answer.bytes)) as T;
}

export function errorOf(answer: Answer): ErrorDetail | null {
  return answer.kind === "error" ? answer.error : null;
}

/** What a refusal that isn't the caller's own to mend means for the step. */
export function stepAfter(answer: Exclude<Answer, { kind: "ok" }>): Step {
  const wait: Step = { kind: "wait", ...(answer.retryAfterMs !== undefined && { afterMs: answer.retryAfterMs }) };
  if (answer.kind === "unreachable") return wait;
  switch (answer.error.error_code) {
    case "not_signed_in":
    case "session_ended":
    case "csrf_failed":
    case "foreign_device":
    case "foreign_cursor":
      return { kind: "sign-in" };
    case "protocol_too_old":
      return { kind: "update" };
    default:
      return wait;
  }
}
