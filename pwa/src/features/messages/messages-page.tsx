import { useState } from "react";
import { NativeSelect } from "@mantine/core";
import { Absence, Nothing } from "../../ui/absence.tsx";
import { useAnswer, useStatus } from "../../ui/device.tsx";
import { Page } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import { useWho } from "../../ui/who.tsx";
import { MessageList } from "./message-list.tsx";
import { WriteMessage } from "./write-message.tsx";

/** All messages this person sees, newest first, and a line to their team. */
export function MessagesPage() {
  const who = useWho();
  const loading = useStatus()?.loading;
  const { answer: messages } = useAnswer("messages", (device) => device.messages(), ["message", "receipt", "patient"]);
  const teams = (useAnswer("teams", (device) => device.teams(), ["team"]).answer ?? []).filter((team) => who.team_ids.includes(team.id));
  const [chosen, setChosen] = useState<string>();
  const team = teams.find((one) => one.id === chosen) ?? teams[0];
  return (
    <Page title={texts.messages.title}>
      {team && (
        <>
          {teams.length > 1 && (
            <NativeSelect
              label={texts.messages.team} value={team.id} data={teams.map((one) => ({ value: one.id, label: one.name }))}
              onChange={(event) => setChosen(event.currentTarget.value)}
            />
          )}
          <WriteMessage key={team.id} about={{ team_id: team.id }} placeholder={`${texts.messages.teamPlaceholder}: ${team.name}`} />
        </>
      )}
      {messages && (messages.length > 0 ? <MessageList messages={messages} withPatient /> : !loading && <Nothing title={texts.messages.none} />)}
      {loading && <Absence kind="loading" />}
    </Page>
  );
}
