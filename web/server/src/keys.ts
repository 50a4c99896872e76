// The public keys of an issuer (RFC 7517), each for one algorithm.
//
// Promises: the algorithm comes from the key and never from a token; a set that shows a secret, or two keys of one name, is refused as a
// whole; keys of another kind or use are passed over, so that an issuer may publish what this file does not know.

import { decode } from "./base64url.js";
import { isObject, readObject, type Members } from "./json.js";

/** A key that checks signatures. */
export interface Key {
  /** What `alg` of a token must say, letter for letter. */
  algorithm: string;
  /** Whether `signature` is one of this key over exactly `signed`. */
  verifies(signature: Uint8Array<ArrayBuffer>, signed: Uint8Array<ArrayBuffer>): Promise<boolean>;
}

/** Keys by `kid`. */
export type Keys = ReadonlyMap<string, Key>;

/** A published set, as JSON. */
export interface Jwks {
  keys: readonly object[];
}

/** What a JWK must say, and how WebCrypto is told. HS256 is not here: whoever can check such a token can make one. */
const KINDS = [
  { algorithm: "EdDSA", kty: "OKP", crv: "Ed25519", names: ["x"], params: { name: "Ed25519" } },
  { algorithm: "ES256", kty: "EC", crv: "P-256", names: ["x", "y"], params: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } },
  { algorithm: "RS256", kty: "RSA", crv: undefined, names: ["n", "e"], params: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } },
  { algorithm: "PS256", kty: "RSA", crv: undefined, names: ["n", "e"], params: { name: "RSA-PSS", hash: "SHA-256", saltLength: 32 } },
] as const;

/** What only private and symmetric keys have (RFC 7518 section 6). */
const SECRETS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
const MOST_BYTES = 65_536;
const MOST_KEYS = 64;
/** RSA, in bits: below, a key can be broken; above, each check costs too much. */
const BITS = { least: 2048, most: 4096 };

/** Reads a published set. Throws where it cannot be believed. */
export async function readKeys(text: string): Promise<Keys> {
  if (text.length > MOST_BYTES) throw new TypeError("the JWKS is too long");
  const list = readObject(new TextEncoder().encode(text))?.keys;
  if (!Array.isArray(list) || list.length > MOST_KEYS) throw new TypeError("not a JWKS");
  const keys = new Map<string, Key>();
  for (const jwk of list) {
    if (!isObject(jwk) || SECRETS.some((name) => name in jwk)) throw new TypeError("the JWKS holds something else than public keys");
    const { kid } = jwk;
    const key = typeof kid === "string" && kid && (await read(jwk));
    if (!key) continue;
    if (keys.has(kid)) throw new TypeError("two keys of the JWKS have one kid");
    keys.set(kid, key);
  }
  return keys;
}

async function read(jwk: Members): Promise<Key | undefined> {
  const { kty, crv, alg, use, key_ops: operations } = jwk;
  // RFC 9864 renamed the algorithm; as a key's both names mean the same. An RSA key must say what it is for.
  const named = alg === "Ed25519" ? "EdDSA" : (alg ?? (kty === "RSA" || undefined));
  const kind = KINDS.find((one) => one.kty === kty && one.crv === crv && (named ?? one.algorithm) === one.algorithm);
  if (!kind || (use ?? "sig") !== "sig") return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return undefined;

  const numbers = kind.names.map((name) => decode(`${jwk[name]}`) ?? new Uint8Array());
  if (!(kty === "RSA" ? isSound(numbers) : numbers.every(({ length }) => length === 32))) return undefined;
  const bare = Object.fromEntries(["kty", "crv", ...kind.names].map((name) => [name, jwk[name]]));
  const { subtle } = crypto;
  // A point that is not on its curve fails here.
  const key = await subtle.importKey("jwk", bare, kind.params, false, ["verify"]).catch(() => undefined);
  const size = kty === "RSA" ? numbers[0]?.length : 64;
  return key && {
    algorithm: kind.algorithm,
    verifies: async (signature, signed) => signature.length === size && subtle.verify(kind.params, key, signature, signed),
  };
}

/** Modulus and exponent: odd, without leading zeros (RFC 7518 section 6.3.1.1), of a sound length. */
function isSound([modulus = new Uint8Array(), exponent = new Uint8Array()]: Uint8Array[]): boolean {
  const bits = ({ length, 0: first = 0 }: Uint8Array): number => length * 8 - Math.clz32(first) + 24;
  const isPlain = (number: Uint8Array): boolean => Boolean(number[0] && (number.at(-1) ?? 0) % 2);
  const size = bits(modulus);
  return isPlain(modulus) && isPlain(exponent) && size >= BITS.least && size <= BITS.most && bits(exponent) > 1 && bits(exponent) <= 32;
}
