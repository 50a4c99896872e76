// Strict base64url without padding (RFC 4648 section 5): one text for one value, so that no token has a second spelling.

/** Whole groups, then a rest whose spare bits are zero. */
const TEXT = /^(?:[\w-]{4})*(?:[\w-][AQgw]|[\w-]{2}[AEIMQUYcgkosw048])?$/;

/** The bytes that `text` spells; undefined where it is not exactly what `encode` writes. */
export function decode(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!TEXT.test(text)) return undefined;
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

/** The text of `bytes`. */
export function encode(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
