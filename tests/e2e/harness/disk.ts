/**
 * What a thief with the disk finds: every file of a browser profile, and LevelDB's blocks unpacked.
 * A plain search of the files would miss nearly everything that LevelDB compressed.
 * Formats: github.com/google/leveldb/blob/main/doc/table_format.md, log_format.md; github.com/google/snappy format_description.
 */
import { lstatSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from "node:zlib";

const TABLE_MAGIC = Buffer.from([0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]);
const FOOTER = 48;
const LOG_BLOCK = 32768;
const LARGEST = 256 << 20; // bytes

/** For each planted text that stands anywhere below `folder`: where. */
export function findOnDisk(folder: string, planted: string[]): Map<string, string[]> {
  for (let tries = 1; ; tries += 1) {
    try {
      return searched(folder, planted);
    } catch (error) {
      // The browser may be running: what stood in a file that it has replaced meanwhile stands in another now.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || tries === 10) throw error;
    }
  }
}

function searched(folder: string, planted: string[]): Map<string, string[]> {
  const needles = planted.flatMap((text) =>
    (["utf8", "utf16le"] as const).map((encoding) => ({ text, bytes: Buffer.from(text, encoding) })),
  );
  const found = new Map<string, string[]>();
  for (const file of filesBelow(folder)) {
    for (const { name, bytes } of withSqueezed(views(file))) {
      for (const needle of needles) {
        if (bytes.includes(needle.bytes)) found.set(needle.text, [...(found.get(needle.text) ?? []), name]);
      }
    }
  }
  return found;
}

function* filesBelow(folder: string): Generator<string> {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    const entry = lstatSync(path);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** Before a value of IndexedDB that Chromium itself has compressed: third_party/blink/renderer/modules/indexeddb/idb_value_wrapping.cc. */
const SQUEEZED = Buffer.from([0xff, 0x11, 0x02]);

/** Each view, and unpacked whatever value of IndexedDB stands compressed in it, wherever it begins. */
function* withSqueezed(all: Iterable<{ name: string; bytes: Buffer }>): Generator<{ name: string; bytes: Buffer }> {
  for (const view of all) {
    yield view;
    for (let at = view.bytes.indexOf(SQUEEZED); at !== -1; at = view.bytes.indexOf(SQUEEZED, at + 1)) {
      try {
        yield { name: `${view.name} (compressed value)`, bytes: unsnappy(view.bytes.subarray(at + SQUEEZED.length)) };
      } catch (error) {
        if (!(error instanceof RangeError)) throw error; // these three bytes stood there by chance
      }
    }
  }
}

/** The file as it is, and unpacked in whichever way it can be. */
function* views(file: string): Generator<{ name: string; bytes: Buffer }> {
  const bytes = readFileSync(file);
  yield { name: file, bytes };
  if (bytes.length > FOOTER && bytes.subarray(-8).equals(TABLE_MAGIC)) {
    for (const block of tableBlocks(bytes)) yield { name: `${file} (table block)`, bytes: block };
  }
  if (/\.log$/.test(file)) yield { name: `${file} (log records)`, bytes: logRecords(bytes) };
  for (const unpack of [gunzipSync, inflateSync, brotliDecompressSync, zstdDecompressSync]) {
    try {
      yield { name: `${file} (${unpack.name})`, bytes: unpack(bytes) };
    } catch {
      continue; // not packed that way
    }
  }
}

export function* tableBlocks(table: Buffer): Generator<Buffer> {
  const footer = table.subarray(-FOOTER);
  const at = { offset: 0 };
  varint(footer, at); // metaindex handle
  varint(footer, at);
  const index = block(table, varint(footer, at), varint(footer, at));
  for (const value of blockValues(index)) {
    const handle = { offset: 0 };
    yield block(table, varint(value, handle), varint(value, handle));
  }
}

function block(table: Buffer, offset: number, size: number): Buffer {
  const raw = table.subarray(offset, offset + size);
  const kind = table[offset + size];
  if (kind === 1) return unsnappy(raw);
  if (kind === 2) return zstdDecompressSync(raw);
  return raw;
}

function* blockValues(bytes: Buffer): Generator<Buffer> {
  const restarts = bytes.readUInt32LE(bytes.length - 4);
  const end = bytes.length - 4 - restarts * 4;
  const at = { offset: 0 };
  while (at.offset < end) {
    varint(bytes, at); // shared
    const own = varint(bytes, at);
    const size = varint(bytes, at);
    at.offset += own;
    yield bytes.subarray(at.offset, at.offset + size);
    at.offset += size;
  }
}

/** Records joined over block borders: a text cut by a border would otherwise be missed. */
export function logRecords(log: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let start = 0; start < log.length; start += LOG_BLOCK) {
    const chunk = log.subarray(start, start + LOG_BLOCK);
    let at = 0;
    while (at + 7 <= chunk.length) {
      const size = chunk.readUInt16LE(at + 4);
      if (size === 0 && chunk[at + 6] === 0) break;
      parts.push(chunk.subarray(at + 7, at + 7 + size));
      at += 7 + size;
    }
  }
  return Buffer.concat(parts);
}

/** Unpacks what begins here; what follows after its end is not looked at. */
export function unsnappy(packed: Buffer): Buffer {
  const at = { offset: 0 };
  const size = varint(packed, at);
  if (size > LARGEST) throw new RangeError("no size that anything has");
  const out = Buffer.alloc(size);
  let end = 0;
  while (end < size) {
    const tag = packed.readUInt8(at.offset++);
    if ((tag & 3) === 0) {
      let length = tag >> 2;
      if (length >= 60) {
        const wide = length - 59;
        length = packed.readUIntLE(at.offset, wide);
        at.offset += wide;
      }
      length += 1;
      if (end + length > size || at.offset + length > packed.length) throw new RangeError("a literal runs past the end");
      packed.copy(out, end, at.offset, at.offset + length);
      at.offset += length;
      end += length;
      continue;
    }
    let length: number;
    let back: number;
    if ((tag & 3) === 1) {
      length = ((tag >> 2) & 7) + 4;
      back = ((tag >> 5) << 8) | packed.readUInt8(at.offset++);
    } else {
      const wide = (tag & 3) === 2 ? 2 : 4;
      length = (tag >> 2) + 1;
      back = packed.readUIntLE(at.offset, wide);
      at.offset += wide;
    }
    if (back === 0 || back > end || end + length > size) throw new RangeError("a copy from nowhere");
    for (let copied = 0; copied < length; copied += 1) out[end + copied] = out[end + copied - back]!; // may overlap itself
    end += length;
  }
  return out;
}

function varint(bytes: Buffer, at: { offset: number }): number {
  let value = 0;
  let scale = 1;
  for (;;) {
    const byte = bytes[at.offset++];
    if (byte === undefined) throw new RangeError("a number runs past the end");
    value += (byte & 127) * scale;
    if (byte < 128) return value;
    scale *= 128;
  }
}
