/** What may happen to a request on its way, by chance. */
import type { Seeded } from "./seeded.ts";

export interface Weather {
  /** Out of reach altogether. */
  offline: boolean;
  /** Never arrives. */
  lost: number;
  /** Arrives and is acted on; the answer doesn't come back. */
  replyLost: number;
  /** Arrives once more, some time later, when others have come in between. */
  again: number;
  /** Answered by what stands in between: a captive portal, a proxy. */
  intercepted: number;
  /** Milliseconds on the way, at the most. */
  slow: number;
}

export const FAIR: Weather = { offline: false, lost: 0, replyLost: 0, again: 0, intercepted: 0, slow: 50 };

export function foul(chance: Seeded): Weather {
  return {
    offline: false, lost: chance.next() * 0.2, replyLost: chance.next() * 0.3, again: chance.next() * 0.2, intercepted: chance.next() * 0.15,
    slow: chance.pick([50, 400, 3_000]),
  };
}

/** Answers that don't come from our server. */
export function interception(chance: Seeded): Response {
  const page = "<!doctype html><title>Guest Wi-Fi</title><p>Accept the terms to go on.";
  const html = { "content-type": "text/html" };
  switch (chance.below(6)) {
    case 0:
      return new Response(page, { status: 200, headers: html });
    case 1:
      return new Response(page, { status: 511, headers: html });
    case 2:
      return new Response("<h1>413 Request Entity Too Large</h1>", { status: 413, headers: html });
    case 3:
      return new Response("<h1>504 Gateway Time-out</h1>", { status: 504, headers: { ...html, "retry-after": "7" } });
    case 4:
      return new Response("", { status: 200 });
    default:
      return new Response("<h1>502 Bad Gateway</h1>", { status: 502, headers: html });
  }
}
