import { lazy, Suspense, useCallback, useEffect, useRef, useState } from "react";
import type { Phase } from "../sync/device.ts";
import { LockScreen } from "../features/session/lock-screen.tsx";
import { SignIn } from "../features/session/sign-in.tsx";
import { Nothing } from "../ui/absence.tsx";
import { useDevice } from "../ui/device.tsx";
import { texts } from "../ui/texts.ts";
import { leaveThroughBlank } from "./leave.ts";

const OpenApp = lazy(() => import("./open-app.tsx"));

/** Decides between signing in, unlocking and working; a lock anywhere empties this document too. */
export function Gate() {
  const device = useDevice();
  const [phase, setPhase] = useState<Phase>();
  const [failed, setFailed] = useState(false);
  const [signingIn, setSigningIn] = useState(false);
  const wasOpen = useRef(false);

  const enter = useCallback((next: Phase) => {
    if (wasOpen.current && next.phase !== "open") {
      leaveThroughBlank();
      return;
    }
    if (next.phase === "open") wasOpen.current = true;
    setPhase(next);
  }, []);

  useEffect(() => {
    device.phase().then(enter, () => setFailed(true));
    return device.subscribe((event) => {
      if (event.type === "phase") enter(event.phase);
    });
  }, [device, enter]);

  if (failed) return <Nothing title={texts.errors.start} hint={texts.errors.startHint} />;
  if (!phase) return null;
  if (phase.phase === "open") {
    return (
      <Suspense fallback={null}>
        <OpenApp who={phase.who} />
      </Suspense>
    );
  }
  if (phase.phase === "empty" || signingIn) {
    return phase.phase === "locked" ? <SignIn onBack={() => setSigningIn(false)} /> : <SignIn />;
  }
  return (
    <LockScreen
      vaults={phase.vaults}
      {...(phase.storageLost && { storageLost: phase.storageLost })}
      onOther={() => setSigningIn(true)}
    />
  );
}
