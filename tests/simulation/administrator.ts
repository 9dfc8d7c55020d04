/** The Administrator's session, signed in once for all worlds: each of their codes works once. */
import { createHmac } from "node:crypto";
import { PASSWORD } from "./profile.ts";
import { ORIGIN } from "./server.ts";
import { Cookies } from "./wire.ts";

const SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

export interface Administrator {
  cookies: Cookies;
  who: { user_id: string; organisation_id: string };
}

let signedIn: Promise<Administrator> | null = null;

export function administrator(): Promise<Administrator> {
  signedIn ??= signIn();
  return signedIn;
}

async function signIn(): Promise<Administrator> {
  const cookies = new Cookies();
  const step = Math.floor(Date.now() / 30_000);
  for (const near of [step, step - 1, step + 1]) {
    const body = JSON.stringify({ username: "carol", password: PASSWORD, totp_code: code(near) });
    const login = await fetch(`${ORIGIN}/api/auth/login`, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (!login.ok) continue; // used already, by a run just before
    cookies.take(login);
    const me = await fetch(`${ORIGIN}/api/auth/me`, { headers: { cookie: cookies.header("/api/auth/me") } });
    return { cookies, who: (await me.json()) as Administrator["who"] };
  }
  throw new Error("carol can't sign in");
}

/** RFC 6238: six digits. */
function code(step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", base32(SECRET)).update(counter).digest();
  const offset = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

function base32(text: string): Buffer {
  const bits = [...text].map((letter) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter).toString(2).padStart(5, "0")).join("");
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}
