/** From what a person did to a numbered operation, and from a verdict to a decided one. */
import { SCHEMA_VERSION, type Operation } from "@quill/schemas";
import type { DeviceIdentity, OperationDraft, QueuedOperation } from "../sync/ports.ts";
import { uuid } from "./uuid.ts";

/** Gives ids and numbers, in the order given. @param now milliseconds since the epoch */
export function number(identity: DeviceIdentity, drafts: readonly OperationDraft[], now: number): QueuedOperation[] {
  return drafts.map(({ scope, kind, id, action, base_version, made_at, ...rest }, place) => {
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined)) as Partial<Operation>;
    const operation: Operation = {
      op_id: uuid(now),
      device_seq: identity.next_device_seq + place,
      kind, id, action,
      schema: SCHEMA_VERSION,
      base_version,
      ...(identity.epoch !== null && { base_epoch: identity.epoch }),
      made_at,
      ...given,
    };
    return { operation, scope };
  });
}

export function inOrder<T extends QueuedOperation>(operations: T[]): T[] {
  return operations.sort((a, b) => a.operation.device_seq - b.operation.device_seq);
}

export function numberedFrom<T extends QueuedOperation>(first: number, operations: readonly T[]): T[] {
  return operations.map((one, place) => ({ ...one, operation: { ...one.operation, device_seq: first + place } }));
}

/** The first of them that fit: at least one, so that an operation too large still gets its verdict. */
export function upTo(operations: QueuedOperation[], limit: { count: number; bytes: number }): QueuedOperation[] {
  let bytes = 0;
  const end = operations.findIndex(({ operation }, place) => {
    bytes += new TextEncoder().encode(JSON.stringify(operation)).length;
    return place > 0 && (place >= limit.count || bytes > limit.bytes);
  });
  return end < 0 ? operations : operations.slice(0, end);
}
