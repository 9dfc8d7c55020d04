import { Component, type ReactNode } from "react";
import { Button } from "@mantine/core";
import { Nothing } from "../ui/absence.tsx";
import { texts } from "../ui/texts.ts";

/** The last resort when nothing else can be shown. Says nothing of what was on screen. */
export class Boundary extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <main role="alert">
        <Nothing title={texts.errors.start} hint={texts.errors.startHint} />
        <p style={{ textAlign: "center" }}>
          <Button onClick={() => location.replace("/app/")}>{texts.errors.again}</Button>
        </p>
      </main>
    );
  }
}
