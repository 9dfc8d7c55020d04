import { Settings } from "../../features/settings/settings.tsx";
import { useDevice } from "../../ui/device.tsx";
import { Page } from "../../ui/page.tsx";
import { texts } from "../../ui/texts.ts";

export function SettingsPage() {
  const device = useDevice();
  return (
    <Page title={texts.settings.title}>
      <Settings onLock={() => void device.lock()} />
    </Page>
  );
}
