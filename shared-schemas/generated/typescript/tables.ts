// Copied from shared-schemas/runtime/typescript/tables.ts by generate.py; edit it there.
/** The lines of the tables in `constants.ts`. */
import type { Kind } from "./types.ts";

export type FieldClass = "free" | "identity" | "team_ids" | "state" | "fixed" | "server";

/** A field of a kind, as operations may name it. */
export interface FieldRule {
  class: FieldClass;
  /** Which actions may set it. */
  actions: ("create" | "patch")[];
  /** The member of the body it is, or is an element of. */
  property: string;
  /** Whether null may remove it. */
  removable: boolean;
  /** For an element of a set: what names it. */
  key?: "uuid" | "system" | "system:use" | "heading";
}

/** What a role is sent: scopes `member` (of memberships), `all`, or `own` (org and user:<id> only), and which kinds. */
export interface Receives {
  scopes: "member" | "all" | "own";
  kinds: Kind[];
}

/** An error_code: HTTP status as an answer (0: never one), where it occurs, words for a person, cause and remedy. */
export interface ErrorInfo {
  status: number;
  where: ("request" | "verdict" | "conflict" | "client")[];
  message: string;
  cause: string;
  remedy: string;
}
