/**
 * Canonical JSON (RFC 8785), as far as the contract has it: no floats, integers within ±2^53, no lone surrogates.
 * The same as `canonical` in `quill_schemas`; both are held to `shared-schemas/vectors/canonical-json.json`.
 */

/** The value has no canonical form; `path` is a JSON Pointer (RFC 6901) to what is wrong. */
export class NotCanonical extends Error {
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path || "/"}: ${message}`);
    this.path = path;
  }
}

const DEEPEST = 100;

/** The canonical text. `undefined` members are absent, as in JSON.stringify; anything else JSON has no word for is refused. */
export function canonical(value: unknown): string {
  return write(value, "", 0);
}

export function canonicalBytes(value: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(canonical(value));
}

function write(value: unknown, path: string, depth: number): string {
  if (depth > DEEPEST) throw new NotCanonical(path, "nested too deep");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") {
    if (!value.isWellFormed()) throw new NotCanonical(path, "half a character (a lone surrogate)");
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    if (!Number.isInteger(value)) throw new NotCanonical(path, "a number that is no integer");
    if (!Number.isSafeInteger(value)) throw new NotCanonical(path, "an integer beyond ±2^53");
    return JSON.stringify(value); // -0 becomes 0, as the RFC has it
  }
  if (Array.isArray(value)) {
    return `[${value.map((item, index) => write(item, `${path}/${index}`, depth + 1)).join(",")}]`;
  }
  if (typeof value === "object") {
    const members = value as Record<string, unknown>;
    // Without a comparator, sort() goes by UTF-16 code units: the order RFC 8785 (3.2.3) asks for.
    const keys = Object.keys(members).filter((key) => members[key] !== undefined).sort();
    return `{${keys
      .map((key) => {
        if (!key.isWellFormed()) throw new NotCanonical(path, "half a character (a lone surrogate) in a key");
        return `${JSON.stringify(key)}:${write(members[key], `${path}/${escapeKey(key)}`, depth + 1)}`;
      })
      .join(",")}}`;
  }
  throw new NotCanonical(path, `a value of type ${typeof value}`);
}

function escapeKey(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
