import { createContext, use, type ReactNode } from "react";
import type { Who } from "../sync/device.ts";

const WhoContext = createContext<Who | null>(null);

export function WhoProvider({ who, children }: { who: Who; children: ReactNode }) {
  return <WhoContext value={who}>{children}</WhoContext>;
}

/** The person working here. */
export function useWho(): Who {
  const who = use(WhoContext);
  if (!who) throw new Error("useWho needs a WhoProvider");
  return who;
}
