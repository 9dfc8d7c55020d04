import { IconArrowBackUp, IconCircleCheck, IconFileText, IconPencil, IconSignature, type TablerIcon } from "@tabler/icons-react";
import type { Letter } from "@quill/schemas";
import { Mark } from "../../ui/mark.tsx";
import { texts } from "../../ui/texts.ts";

const icons: Record<Letter["state"], TablerIcon> = {
  draft: IconPencil, ready: IconCircleCheck, signed: IconSignature, amended: IconFileText, retracted: IconArrowBackUp,
};

export function LetterState({ state }: { state: Letter["state"] }) {
  return (
    <Mark icon={icons[state]} {...(state === "retracted" && { tone: "danger" as const })}>
      {texts.letters.state[state]}
    </Mark>
  );
}
