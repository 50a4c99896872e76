// Strict JSON (RFC 8259): what a parser elsewhere might read differently is refused.
//
// Promises: no member name twice in one object, at any depth (RFC 7515 section 4); no nesting beyond 16; UTF-8 without a byte order
// mark; no lone surrogates.

/** A JSON object whose members nobody has looked at. */
export type Members = Record<string, unknown>;

const DEEPEST = 16;
/** Of a text that is JSON already: strings, and what gives it its shape. */
const TOKENS = /"(?:[^"\\]+|\\.)*"|[{}[\]:]/g;

/** The object that `bytes` spell, frozen through and through; undefined where they break a promise of this file. */
export function readObject(bytes: Uint8Array<ArrayBuffer>): Members | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const value: unknown = JSON.parse(text, (_, part: unknown) => Object.freeze(part));
    return isObject(value) && isStrict(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isStrict(text: string): boolean {
  const open: Set<string>[] = [];
  let last = "";
  for (const [token] of text.matchAll(TOKENS)) {
    if (token === "{" || token === "[") {
      if (open.push(new Set()) > DEEPEST) return false;
    } else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      // What stands before a colon is a name. Compared as it reads, not as it is written.
      const names = open.at(-1);
      if (names?.has(last)) return false;
      names?.add(last);
    } else {
      last = token.includes("\\") ? (JSON.parse(token) as string) : token.slice(1, -1);
      if (/\p{Surrogate}/u.test(last)) return false;
    }
  }
  return true;
}
