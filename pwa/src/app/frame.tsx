import { useState } from "react";
import { IconChecklist, IconLock, IconMessage, IconRefresh, IconUsers, type TablerIcon } from "@tabler/icons-react";
import { Link, NavLink, Outlet, ScrollRestoration, useNavigation } from "react-router";
import { useDevice, useStatus } from "../ui/device.tsx";
import { SearchProvider } from "../ui/search.tsx";
import { initials } from "../ui/format.ts";
import { texts } from "../ui/texts.ts";
import { useWho } from "../ui/who.tsx";
import { NetworkIndicator } from "./network-indicator.tsx";
import { SearchBox } from "./search-box.tsx";
import { UpdateNotice } from "./update-notice.tsx";
import styles from "./frame.module.css";

/** Rail on tablet and desktop, bar at the bottom on phones; search, network and the person on top. */
export function Frame() {
  const status = useStatus();
  const needYou = (status?.needsReview ?? 0) + (status?.refused ?? 0);
  const [search, setSearch] = useState("");
  const busy = useNavigation().state !== "idle";
  return (
    <SearchProvider value={{ text: search, setText: setSearch }}>
      <a className={styles.skip} href="#content">{texts.nav.skip}</a>
      <header className={styles.top}>
        <Link to="/" className={styles.brand} aria-label={texts.nav.work} tabIndex={-1}>
          <img src={`${import.meta.env.BASE_URL}icons/quill.svg`} alt="" />
          <span>{texts.product}</span>
        </Link>
        <SearchBox />
        <NetworkIndicator />
        <PersonCorner />
      </header>
      <nav className={styles.nav} aria-label={texts.nav.label}>
        <Destination to="/" icon={IconChecklist} label={texts.nav.work} needYou={needYou} />
        <Destination to="/patients" icon={IconUsers} label={texts.nav.patients} />
        <Destination to="/messages" icon={IconMessage} label={texts.nav.messages} />
        <Destination to="/sync" icon={IconRefresh} label={texts.nav.sync} />
      </nav>
      <main id="content" className={styles.content} tabIndex={-1} aria-busy={busy}>
        <UpdateNotice />
        <Outlet />
      </main>
      <ScrollRestoration />
    </SearchProvider>
  );
}

function Destination({ to, icon: Icon, label, needYou = 0 }: { to: string; icon: TablerIcon; label: string; needYou?: number }) {
  return (
    <NavLink to={to} end={to === "/"} className={styles.destination ?? ""}>
      <span className={styles.icon}>
        <Icon size="1.5rem" stroke={1.75} aria-hidden />
        {needYou > 0 && <span className={styles.badge} aria-hidden>{needYou > 99 ? "99+" : needYou}</span>}
      </span>
      <span>{label}</span>
      {needYou > 0 && <span className="only-read">, {texts.nav.needYou(needYou)}</span>}
    </NavLink>
  );
}

function PersonCorner() {
  const who = useWho();
  const device = useDevice();
  return (
    <div className={styles.person}>
      <button type="button" className={styles.corner} onClick={() => void device.lock()} aria-label={texts.nav.lock} title={texts.nav.lock}>
        <IconLock size="1.375rem" stroke={1.75} aria-hidden />
      </button>
      <Link to="/settings" className={styles.corner}>
        <span className={styles.initials}>{initials(who.name)}</span>
        <span className="only-read">{texts.nav.account(who.name)}</span>
      </Link>
    </div>
  );
}
