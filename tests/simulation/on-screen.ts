/** G8, second half: what a person wrote stays on their screen until the pulled record has it, or somebody has to decide about it. */
import type { Draft } from "../../pwa/src/sync/ports.ts";
import { split } from "../../pwa/src/domain/fields.ts";
import type { Operation } from "@quill/schemas";
import type { Ledger, Typed } from "./ledger.ts";
import type { MemoryDisk } from "./memory-disk.ts";
import type { OpenTab, Profile } from "./profile.ts";

/** Looks at a text as its writer would, through the device's answers. */
export async function look(ledger: Ledger, { device }: OpenTab, typed: Typed): Promise<void> {
  const { disk } = typed.profile;
  const before = mustShow(disk, typed);
  if (!before) return;
  const kind = kindOf(disk, typed);
  const seen = kind === "letter" ? await device.letter(typed.id)
    : kind === "patient" ? await device.patient(typed.id)
    : kind === "message" || kind === "attachment" ? await device.patient(typed.scope.slice("patient:".length))
    : undefined;
  if (seen === undefined) return;
  if (mustShow(disk, typed) && !JSON.stringify(seen).includes(typed.token)) {
    ledger.fault("G8", `${typed.token} left the screen of ${typed.profile.name} (${kind ?? ""} ${typed.id}) while ${before}`);
  }
}

/** Where the text stands while the screen has to show it; null once it need not. */
export function mustShow(disk: MemoryDisk, { id, token }: Pick<Typed, "id" | "token">): string | null {
  let where: string | null = null;
  // Without a beginning there is nothing to show: the record isn't there, or its own creation was refused.
  let begun = disk.records.has(id);
  const writing = new Map<string, string>();
  const write = (values: Record<string, unknown>, standing: string) => {
    for (const [field, value] of Object.entries(values)) {
      const text = JSON.stringify(value);
      if (text.includes(token)) writing.set(field, standing);
      else writing.delete(field); // written over by its own writer
    }
  };
  const lay = (operation: Operation, standing: string) => {
    if (operation.id !== id || (operation.action !== "create" && operation.action !== "patch")) return;
    begun ||= operation.action === "create";
    write(fieldsOf(operation), standing);
  };
  for (const { operation, verdict } of disk.decided) if (operation.id === id && isWaiting(disk, operation, verdict)) lay(operation, `decided as ${verdict.outcome}`);
  for (const { operation } of disk.outbox) lay(operation, "in the outbox");
  const draft = disk.drafts.get(id);
  begun ||= draft?.create ?? false;
  if (draft) write(draft.set, "a draft");
  for (const standing of writing.values()) where = standing;
  return begun ? where : null;
}

function isWaiting(disk: MemoryDisk, { id }: Operation, verdict: MemoryDisk["decided"][number]["verdict"]): boolean {
  if (verdict.seq !== undefined && verdict.seq <= disk.head) return false;
  if (verdict.outcome === "applied" || verdict.outcome === "merged") return (disk.records.get(id)?.version ?? 0) < (verdict.record?.version ?? 0);
  if (verdict.outcome !== "conflict") return false;
  const conflict = disk.records.get(verdict.conflict_id ?? "");
  return conflict === undefined || conflict.seq < (verdict.seq ?? 0);
}

function fieldsOf({ kind, action, set = {} }: Operation): Record<string, unknown> {
  return action === "create" ? split(kind, set) : set;
}

function kindOf(disk: MemoryDisk, { id }: Typed): Draft["kind"] | undefined {
  const own = [...disk.decided, ...disk.outbox].find(({ operation }) => operation.id === id)?.operation;
  return own?.kind ?? disk.drafts.get(id)?.kind ?? disk.records.get(id)?.kind;
}

/** Texts of a profile that its screens have to show now. */
export function onScreen(ledger: Ledger, profile: Profile): Typed[] {
  return ledger.typed.filter((typed) => typed.profile === profile && mustShow(profile.disk, typed) !== null);
}
