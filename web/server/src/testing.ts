// An issuer for your tests: `const issuer = await createTestIssuer()`. Real keys, real signatures, no network.
//
// Never in production: whoever has this object is everybody.

import { encode } from "./base64url.js";
import type { Claims } from "./claims.js";
import type { GuardOptions } from "./guard.js";

export interface TestIssuerOptions {
  issuer?: string;
  audience?: string;
  algorithm?: "EdDSA" | "ES256" | "RS256" | "PS256";
  /** How long its tokens live: 900 by default. */
  lifetimeSeconds?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

export interface TestIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** For `createGuard`: the issuer, its audience, its clock, and a `fetch` that knows its keys and nothing else. */
  readonly guardOptions: GuardOptions & { fetch: typeof fetch };
  /** How often its keys were fetched. */
  readonly fetches: number;
  /** An access token. `claims` replace what it would say; undefined takes a claim out. */
  token(claims?: Partial<Record<keyof Claims, unknown>> & Record<string, unknown>): Promise<string>;
  /** The same, past its time. */
  expiredToken(claims?: Record<string, unknown>): Promise<string>;
  /** Any header and claims, as objects or as text, signed by the present key. */
  sign(header: object | string, claims: object | string): Promise<string>;
  /** The header that `token` writes. */
  header(): { typ: string; alg: string; kid: string };
  jwks(): { keys: JsonWebKey[] };
  /** A new key signs from now on; the old ones stay published. Gives its `kid`. */
  rotate(): Promise<string>;
  /** Takes a key out of the published set. */
  withdraw(kid: string): void;
}

const RSA = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-256" };
const PARAMS = {
  EdDSA: { name: "Ed25519" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  RS256: { name: "RSASSA-PKCS1-v1_5", ...RSA },
  PS256: { name: "RSA-PSS", saltLength: 32, ...RSA },
} as const;

export async function createTestIssuer(options: TestIssuerOptions = {}): Promise<TestIssuer> {
  const { issuer = "https://auth.test", audience = issuer, algorithm = "EdDSA", lifetimeSeconds = 900, now = Date.now } = options;
  const params = PARAMS[algorithm];
  const published = new Map<string, JsonWebKey>();
  let counter = 0;
  let fetches = 0;
  let kid = "";
  let key: CryptoKey;

  const text = (part: object | string): string => encode(new TextEncoder().encode(typeof part === "string" ? part : JSON.stringify(part)));
  async function rotate(): Promise<string> {
    const pair = (await crypto.subtle.generateKey(params, true, ["sign", "verify"])) as CryptoKeyPair;
    kid = `key_test${(counter += 1)}`;
    key = pair.privateKey;
    const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey("jwk", pair.publicKey);
    published.set(kid, { ...jwk, alg: algorithm, use: "sig", kid } as JsonWebKey);
    return kid;
  }
  await rotate();

  const header = (): { typ: string; alg: string; kid: string } => ({ typ: "at+jwt", alg: algorithm, kid });
  async function sign(head: object | string, claims: object | string): Promise<string> {
    const signed = `${text(head)}.${text(claims)}`;
    const signature = await crypto.subtle.sign(params, key, new TextEncoder().encode(signed));
    return `${signed}.${encode(new Uint8Array(signature))}`;
  }
  const token: TestIssuer["token"] = (claims = {}) => {
    const iat = Math.floor(now() / 1000);
    const jti = `tok_test${(counter += 1)}`;
    const own = { iss: issuer, aud: audience, sub: "usr_test", exp: iat + lifetimeSeconds, iat, jti, sid: "ses_test", ver: 1 };
    return sign(header(), { ...own, email: "ada@example.test", roles: ["member"], auth_time: iat, amr: ["pwd"], acr: "aal1", ...claims });
  };
  const jwks = (): { keys: JsonWebKey[] } => ({ keys: [...published.values()] });

  return {
    issuer,
    audience,
    guardOptions: {
      issuer,
      audience,
      now,
      fetch: async (asked) => {
        if (String(asked) !== `${issuer}/.well-known/jwks.json`) throw new TypeError(`nobody answers at ${String(asked)}`);
        fetches += 1;
        return Response.json(jwks());
      },
    },
    get fetches() {
      return fetches;
    },
    token,
    expiredToken: (claims = {}) => {
      const iat = Math.floor(now() / 1000) - 2 * lifetimeSeconds;
      return token({ iat, exp: iat + lifetimeSeconds, ...claims });
    },
    sign,
    header,
    jwks,
    rotate,
    withdraw: (gone) => void published.delete(gone),
  };
}
