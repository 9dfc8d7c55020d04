/** What people wrote and what the server said of it, kept apart from everything that is under test. */
import type { Operation, Verdict } from "@quill/schemas";
import type { Profile } from "./profile.ts";

/** A text that somebody was told is safe on their device. */
export interface Typed {
  /** In no other text. */
  token: string;
  profile: Profile;
  /** The record it was written into, and its scope. */
  id: string;
  scope: string;
}

export class Ledger {
  readonly typed: Typed[] = [];
  /** Every operation that was ever stored in an outbox. */
  readonly operations = new Map<string, { operation: Operation; scope: string; profile: Profile }>();
  /** The first verdict that a device stored for it. */
  readonly verdicts = new Map<string, Verdict>();
  readonly faults: string[] = [];
  /** What happened, in its order: read when a seed fails. */
  readonly story: string[] = [];

  fault(guarantee: string, what: string): void {
    const fault = `${guarantee}: ${what}`;
    this.tell(`FAULT ${fault}`);
    this.faults.push(fault);
  }

  tell(what: string): void {
    this.story.push(what);
  }
}
