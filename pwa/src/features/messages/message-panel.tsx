import type { MessageView } from "../../sync/device.ts";
import { Absence } from "../../ui/absence.tsx";
import { Section } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";
import { MessageList } from "./message-list.tsx";
import { WriteMessage } from "./write-message.tsx";

/** The messages about one patient. */
export function MessagePanel({ patientId, messages, complete }: { patientId: string; messages: MessageView[]; complete: boolean }) {
  return (
    <Section title={texts.messages.title} count={messages.length}>
      <WriteMessage key={patientId} about={{ patient_id: patientId }} placeholder={texts.messages.placeholder} />
      {messages.length > 0 ? <MessageList messages={messages} /> : complete && <Absence kind="none" />}
      {!complete && <Absence kind="loading" />}
    </Section>
  );
}
