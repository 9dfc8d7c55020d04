import { useEffect, useState } from "react";
import { Button } from "@mantine/core";
import { Notice } from "../ui/notice.tsx";
import { texts } from "../ui/texts.ts";
import { sealTyping } from "../ui/typing.ts";
import { applyUpdate, onUpdate } from "./service-worker-client.ts";

/** A new version waits here until someone takes it; it never interrupts typing. */
export function UpdateNotice() {
  const [ready, setReady] = useState(false);
  useEffect(() => {
    const stop = onUpdate(setReady);
    return () => {
      stop();
    };
  }, []);
  if (!ready) return null;
  const apply = async () => {
    await sealTyping(2000);
    applyUpdate();
    setReady(false);
  };
  return (
    <div style={{ padding: "0 1rem" }}>
      <Notice
        action={
          <>
            <Button variant="subtle" onClick={() => setReady(false)}>{texts.update.later}</Button>
            <Button onClick={() => void apply()}>{texts.update.apply}</Button>
          </>
        }
      >
        {texts.update.ready}
      </Notice>
    </div>
  );
}
