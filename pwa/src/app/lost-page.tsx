import { Button } from "@mantine/core";
import { Link } from "react-router";
import { Nothing } from "../ui/absence.tsx";
import { Page } from "../ui/page.tsx";
import { texts } from "../ui/texts.ts";

export function LostPage() {
  return (
    <Page title={texts.product} heading={<h1 className="only-read">{texts.errors.notFound}</h1>}>
      <Nothing title={texts.errors.notFound} />
      <p style={{ textAlign: "center" }}><Link to="/">{texts.errors.home}</Link></p>
    </Page>
  );
}

/** A screen that failed, or whose code could not be fetched after a new version was put out. */
export function ScreenFailed() {
  return (
    <Page title={texts.product} heading={<h1 className="only-read">{texts.errors.screen}</h1>}>
      <div role="alert"><Nothing title={texts.errors.screen} hint={texts.errors.screenHint} /></div>
      <p style={{ textAlign: "center" }}><Button onClick={() => location.reload()}>{texts.errors.again}</Button></p>
    </Page>
  );
}
