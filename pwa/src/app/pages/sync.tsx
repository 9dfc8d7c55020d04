import { RenewSession } from "../../features/session/renew-session.tsx";
import { SyncPage } from "../../features/sync/sync-page.tsx";

/** The sync page, with the sign-in it asks for once the server's session has ended. */
export function SyncScreen() {
  return <SyncPage renew={<RenewSession />} />;
}
