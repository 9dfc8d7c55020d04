/** UUIDv7 (RFC 9562): what comes later sorts later, also within one millisecond of one worker. */
import { random, toHex } from "./bytes.ts";

let last = 0;

export function uuid(now: number = Date.now()): string {
  last = Math.max(now, last + 1);
  const bytes = random(16);
  new DataView(bytes.buffer).setUint16(0, Math.floor(last / 2 ** 32));
  new DataView(bytes.buffer).setUint32(2, last % 2 ** 32);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = toHex(bytes);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
