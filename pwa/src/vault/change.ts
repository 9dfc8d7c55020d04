/** What one transaction changed, as the log keeps it: enough to bring another tab's memory, or tomorrow's, up to date. */
import type { BeginEntry, CompleteEntry, Entry, Kind, RevokeEntry } from "@quill/schemas";
import type { DeviceIdentity, PatientSummary, StoreChange } from "../sync/ports.ts";
import type { RowStore } from "./database.ts";
import { rowOf } from "./patient-row.ts";

/** The few values that are neither records nor rows. */
export interface Fields {
  identity: DeviceIdentity;
  journal_days: number | null;
  cursor: string | null;
  head: number;
}

export interface FileEntry {
  scope: string;
  size: number;
  chunks: number;
  /** Generation that wrote it. */
  version: number;
}

/** A put without its body, which lies in the page's segment; of a patient, what the list needs. */
export interface PutStub {
  type: "put";
  /** Where in the segment's `changes`. */
  index: number;
  kind: Kind;
  id: string;
  scope: string;
  version: number;
  patient?: PatientSummary;
}

export type Stub = PutStub | { type: "delete"; kind: Kind; id: string } | BeginEntry | CompleteEntry | RevokeEntry | { type: "reset" };

export interface Change {
  fields?: Partial<Fields>;
  page?: { segment: number; stubs: Stub[] };
  /** Rows written (true) or removed (false), by store and keyed hash. */
  rows?: [RowStore, string, boolean][];
  files?: Record<string, FileEntry | null>;
  touched: StoreChange;
}

export function stubsOf(changes: readonly Entry[]): Stub[] {
  return changes.map((entry, index): Stub => {
    switch (entry.type) {
      case "put": {
        const { kind, id, scope, version, body } = entry;
        return { type: "put", index, kind, id, scope, version, ...(kind === "patient" && { patient: rowOf(id, body) }) };
      }
      case "delete":
        return { type: "delete", kind: entry.kind, id: entry.id };
      case "reset":
        return { type: "reset" };
      default:
        return entry;
    }
  });
}

export function touchedBy(stubs: readonly Stub[]): StoreChange {
  const kinds = new Set<Kind>();
  const ids: string[] = [];
  for (const stub of stubs) {
    if (stub.type !== "put" && stub.type !== "delete") continue;
    kinds.add(stub.kind);
    ids.push(stub.id);
  }
  return { kinds: [...kinds], ids, outbox: false };
}
