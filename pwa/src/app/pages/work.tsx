import { ConflictRows } from "../../features/conflicts/conflict-rows.tsx";
import { LettersToDo } from "../../features/letters/letters-to-do.tsx";
import { toDo } from "../../features/letters/to-do.ts";
import { KeptWorkToDecide, useKeptWork } from "../../features/sync/kept-work.tsx";
import { RefusedWork } from "../../features/sync/refused-work.tsx";
import { Nothing } from "../../ui/absence.tsx";
import { useAnswer, useStatus } from "../../ui/device.tsx";
import { Page } from "../../ui/page.tsx";
import { Progress } from "../../ui/progress.tsx";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";

/** What waits for this person, the most urgent first. */
export function WorkPage() {
  const conflicts = useAnswer("conflicts", (device) => device.conflicts(), ["conflict"]).answer;
  const letters = useAnswer("letters", (device) => device.letters(), ["letter", "conflict", "patient"]).answer;
  const page = useAnswer("sync-page", (device) => device.syncPage()).answer;
  const kept = useKeptWork();
  const known = conflicts && letters && page && kept;
  const loading = useStatus()?.loading;
  const open = conflicts?.filter((conflict) => conflict.status === "open" && !conflict.decided) ?? [];
  const failed = page?.failed ?? [];
  const todo = toDo(letters ?? [], useWho());
  const idle = open.length + failed.length + (kept?.toDecide.length ?? 0) + todo.waiting.length + todo.toSign.length + todo.drafts.length === 0;
  return (
    <Page title={texts.workList.title}>
      {loading && <Progress {...loading} />}
      {known && idle && !loading && <Nothing title={texts.workList.nothing} hint={texts.workList.nothingHint} />}
      <ConflictRows conflicts={open} />
      <RefusedWork failed={failed} />
      <KeptWorkToDecide rows={kept?.toDecide ?? []} />
      <LettersToDo {...todo} />
    </Page>
  );
}
