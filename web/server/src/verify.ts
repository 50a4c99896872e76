// Verifies an access token (RFC 7515 section 5.2, RFC 7519 section 7.2, RFC 8725, RFC 9068 section 4).
//
// The order: size, shape, header, key by `kid`, `alg` against the key, `typ`, signature, payload, claims, and expiry last. Nothing of the
// payload is looked at before its signature is good.

import { decode } from "./base64url.js";
import { fault, type Claims } from "./claims.js";
import { readObject, type Members } from "./json.js";
import type { Keys } from "./keys.js";
import type { Source } from "./source.js";

/** What a verifier demands of a token. */
export interface Rules {
  issuer: string;
  audience: string;
  /** How far clocks may differ. */
  skewSeconds: number;
  /** The present, in milliseconds since 1970. */
  now: () => number;
}

/** What is wrong with a token: in words for a log; or that it is good, and past its time; or that nobody can tell. */
export class Wrong extends Error {
  constructor(
    readonly code: "TOKEN_INVALID" | "TOKEN_EXPIRED" | "OVERLOADED",
    reason: string,
  ) {
    super(reason);
  }
}

const MOST_BYTES = 8192;
const MOST_HEADER_BYTES = 1024;

/** Members of a header that are refused whatever they say. */
const REFUSED = [
  // No extension is understood here, so any is critical (RFC 7515 section 4.1.11); the unencoded payload of RFC 7797 too.
  "crit", "b64",
  // Keys brought along or fetched (RFC 8725 section 3.10).
  "jku", "jwk", "x5u", "x5c",
  // Compression, tokens inside tokens, encryption.
  "zip", "cty", "enc", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c",
];

/** A JWS whose signature is good. */
export interface Opened {
  header: Members;
  kid: string;
  payload: Uint8Array<ArrayBuffer>;
  /** The keys that vouch for it. */
  keys: Keys;
}

/** The payload of a compact JWS whose signature is good. With `typ` the header must say that type. */
export async function open(token: string, source: Source, typ?: string): Promise<Opened> {
  if (token.length > MOST_BYTES) throw invalid("too long");
  const [head = "", body = "", tail = "", more] = token.split(".");
  const headerBytes = decode(head);
  const payload = decode(body);
  const signature = decode(tail);
  if (more !== undefined || !headerBytes || !payload || !signature) throw invalid("not three segments of base64url");

  const header = headerBytes.length > MOST_HEADER_BYTES ? undefined : readObject(headerBytes);
  if (!header) throw invalid("the header is not strict JSON");
  const refused = REFUSED.find((name) => Object.hasOwn(header, name));
  if (refused) throw invalid(`the header has ${refused}`);
  const { kid, alg, typ: said } = header;
  if (typeof kid !== "string") throw invalid("no kid");
  const keys = await source(kid);
  if (!keys) throw new Wrong("OVERLOADED", "the issuer's keys cannot be had");
  const key = keys.get(kid);
  if (!key) throw invalid("no such key");
  if (alg !== key.algorithm) throw invalid("alg is not the key's");
  // RFC 7515 section 4.1.9: a media type has no case, and `application/` may be left out.
  if (typ && !(typeof said === "string" && said.toLowerCase().replace(/^application\//, "") === typ)) throw invalid(`typ is not ${typ}`);
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await key.verifies(signature, signed))) throw invalid("the signature is not good");
  return { header, kid, payload, keys };
}

/** The claims of a token that is authentic and of this issuer, for this audience. Its expiry is judged by `judgeTime`. */
export async function verify(token: string, source: Source, rules: Rules): Promise<{ claims: Claims; kid: string; keys: Keys }> {
  const { payload, kid, keys } = await open(token, source, "at+jwt");
  const members = readObject(payload);
  if (!members) throw invalid("the claims are not strict JSON");
  const wrong = fault(members);
  if (wrong) throw invalid(`the claim ${wrong} is missing or mistyped`);
  const claims = members as unknown as Claims;
  if (claims.iss !== rules.issuer) throw invalid("another issuer");
  if (![claims.aud].flat().includes(rules.audience)) throw invalid("for another audience");
  return { claims, kid, keys };
}

/** Refuses what is not valid yet or no longer. Last, so that `TOKEN_EXPIRED` means that nothing else is wrong. */
export function judgeTime({ iat, nbf = iat, exp }: Claims, { now, skewSeconds }: Rules): void {
  const seconds = now() / 1000;
  if (exp <= iat || Math.max(iat, nbf) > seconds + skewSeconds) throw invalid("not valid yet, or never");
  // RFC 7519 section 4.1.4: on or after exp it MUST NOT be accepted.
  if (seconds >= exp + skewSeconds) throw new Wrong("TOKEN_EXPIRED", "expired");
}

function invalid(reason: string): Wrong {
  return new Wrong("TOKEN_INVALID", reason);
}
