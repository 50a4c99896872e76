// What a service mounts to accept access tokens: `createGuard({ issuer })`.
//
// Promises: no request leaves for a token that is good, save for the issuer's keys, every few minutes; the token counts in the
// `Authorization` field alone; a guard that cannot get the keys answers 503 and lets nobody in.

import type { Claims } from "./claims.js";
import { AuthError, isAuthError } from "./error.js";
import { demand, identityOf, type Demands, type Identity } from "./identity.js";
import type { Jwks, Keys } from "./keys.js";
import { fetchedKeys, fixedKeys } from "./source.js";
import { judgeTime, verify, Wrong, type Rules } from "./verify.js";

/**
 * What a list of revocations says of a token: `ended` with its session (`TOKEN_REVOKED`); `superseded` by newer rights, to be refreshed
 * (`TOKEN_EXPIRED`); `stale`, the list is too old to tell (503); `flagged`, it is, and the token counts all the same (`identity.isStale`).
 */
export type Verdict = "live" | "ended" | "superseded" | "stale" | "flagged";

/** What was taken back. */
export interface Revocations {
  /** Asked for each request whose token is good otherwise. */
  judge(claims: Claims, kid: string): Verdict | Promise<Verdict>;
}

export interface GuardOptions {
  /** The server's public URL, as it stands in `iss`. */
  issuer: string;
  /** Who you are, as it stands in `aud`: the server's `tokens.audience`. The issuer by default. */
  audience?: string;
  /** Where the keys are, or the keys. `/.well-known/jwks.json` of the issuer by default. */
  jwks?: string | Jwks;
  /** How far your clock and the server's may differ: 0 to 30, 10 by default. */
  clockSkewSeconds?: number;
  /** Roles that count only with a second factor: the server's `second_factor.required_roles` and, always, `admin`. */
  secondFactorRoles?: readonly string[];
  /** What was taken back: the server's feed (`@countersign/server/feed`), or a list of your own. */
  revocations?: Revocations;
  /** For how long keys are used while the issuer does not answer: a day by default. */
  staleSeconds?: number;
  /** How long a made-up key id keeps the guard from asking again: 30 by default. */
  coolDownSeconds?: number;
  /** How long the issuer may take: 5 by default. */
  timeoutSeconds?: number;
  /** How many verified tokens are kept in memory, to spare the signature check: 1000 by default. */
  remember?: number;
  fetch?: typeof fetch;
  /** Milliseconds since 1970. */
  now?: () => number;
}

/** A request, or what looks like one. */
export interface Asks {
  headers: { get(name: string): string | null };
}

export interface Guard<Extra extends object = object> {
  readonly issuer: string;
  /** Who speaks by `token`. */
  verify(token: string): Promise<Identity<Extra>>;
  /** Who speaks by the text of an `Authorization` field; null or undefined where there is none. */
  authenticate(authorization: string | null | undefined): Promise<Identity<Extra>>;
  /** Who sends the request. */
  identify(request: Asks): Promise<Identity<Extra>>;
  /** Who sends the request; null for a stranger. A bad token is refused all the same: nobody is silently taken for a stranger. */
  identifyOptional(request: Asks): Promise<Identity<Extra> | null>;
  /** Throws unless `identity` has one of each list. */
  demand(identity: Identity<Extra>, demands: Demands): void;
  /** A handler that is reached by whoever meets `demands`. What it throws of `AuthError`s becomes their answer. */
  protect<R extends Asks, A extends unknown[]>(handler: Handler<R, Identity<Extra>, A>, demands?: Demands): (request: R, ...rest: A) => Promise<Response>;
  /** A handler that strangers reach too, with null. */
  protectOptional<R extends Asks, A extends unknown[]>(handler: Handler<R, Identity<Extra> | null, A>): (request: R, ...rest: A) => Promise<Response>;
}

export type Handler<R, I, A extends unknown[]> = (request: R, identity: I, ...rest: A) => Response | Promise<Response>;

const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/;
/** RFC 9110 section 11.4 and RFC 6750 section 2.1: one scheme, spaces, one token, and nothing more. */
const FIELD = /^bearer +([\w\-.~+/]+=*)$/i;

/** Throws a `TypeError` for an address over which anybody could answer. */
export function checkedUrl(url: string): string {
  if (/^https:\/\/./.test(url) || LOOPBACK.test(url)) return url;
  throw new TypeError("addresses are https, or http on this machine");
}

/** A guard for one issuer. Throws a `TypeError` where the options cannot be meant. */
export function createGuard<Extra extends object = object>(options: GuardOptions): Guard<Extra> {
  const { issuer, audience = issuer, jwks = `${issuer}/.well-known/jwks.json`, revocations } = options;
  const { clockSkewSeconds: skewSeconds = 10, remember = 1000, now = Date.now } = options;
  for (const url of [issuer, jwks]) if (typeof url === "string") checkedUrl(url);
  if (!audience) throw new TypeError("audience is empty");
  if (!(skewSeconds >= 0 && skewSeconds <= 30)) throw new TypeError("clockSkewSeconds is 0 to 30");
  const policy = { issuer, secondFactorRoles: ["admin", ...(options.secondFactorRoles ?? [])], now };
  const rules: Rules = { issuer, audience, skewSeconds, now };
  const { staleSeconds = 86_400, coolDownSeconds = 30, timeoutSeconds = 5, fetch = (...asked) => globalThis.fetch(...asked) } = options;
  const source = typeof jwks === "string" ? fetchedKeys(jwks, { fetch, now, staleSeconds, coolDownSeconds, timeoutSeconds }) : fixedKeys(jwks);
  /** Claims by the whole text of the token. Kept with the keys that vouched for them: others know nothing of it. */
  let known = new Map<string, { claims: Claims; kid: string }>();
  let knownBy: Keys | undefined;

  async function good(token: string): Promise<{ claims: Claims; kid: string }> {
    // Asks for nothing as long as the keys are fresh; a key that was withdrawn is missed here.
    if (known.size && (await source()) !== knownBy) known = new Map();
    let found = known.get(token);
    known.delete(token);
    if (!found) {
      const { keys, ...verified } = await verify(token, source, rules);
      if (keys !== knownBy) known = new Map();
      knownBy = keys;
      found = verified;
    }
    judgeTime(found.claims, rules);
    // Maps keep their order: whoever was not seen for longest goes.
    if (known.size >= remember) known.delete(known.keys().next().value ?? "");
    if (remember > 0) known.set(token, found);
    return found;
  }

  const guard: Guard = {
    issuer,
    async verify(token) {
      const { claims, kid } = await good(token).catch((wrong: unknown) => {
        if (wrong instanceof Wrong) throw new AuthError(wrong.code, issuer, { reason: wrong.message });
        throw new AuthError("OVERLOADED", issuer, { reason: "the keys cannot be used", cause: wrong });
      });
      const verdict = revocations ? await revocations.judge(claims, kid) : "live";
      if (verdict === "superseded") throw new AuthError("TOKEN_EXPIRED", issuer, { reason: "superseded" });
      if (verdict === "stale") throw new AuthError("OVERLOADED", issuer, { reason: "the list of revocations is too old" });
      if (verdict !== "live" && verdict !== "flagged") throw new AuthError("TOKEN_REVOKED", issuer, { reason: "revoked" });
      return identityOf(claims, verdict === "flagged");
    },
    async authenticate(authorization) {
      // An empty field is a field: only its absence is a stranger's.
      if (authorization == null) throw new AuthError("TOKEN_MISSING", issuer);
      const [, token] = FIELD.exec(authorization) ?? [];
      if (!token) throw new AuthError("TOKEN_INVALID", issuer, { reason: "not one Bearer token" });
      return guard.verify(token);
    },
    identify: async ({ headers }) => guard.authenticate(headers.get("Authorization")),
    async identifyOptional({ headers }) {
      const authorization = headers.get("Authorization");
      return authorization === null ? null : guard.authenticate(authorization);
    },
    demand: (identity, demands) => demand(identity, demands, policy),
    protect: (handler, demands = {}) => answering(async (request, ...rest) => {
      const identity = await guard.identify(request);
      guard.demand(identity, demands);
      return handler(request, identity, ...rest);
    }),
    protectOptional: (handler) => answering(async (request, ...rest) => handler(request, await guard.identifyOptional(request), ...rest)),
  };
  // What `Extra` says of the claims is the caller's word: they are whatever his own server put there.
  return guard as Guard<Extra>;
}

/** Turns what is refused into its answer. */
function answering<R, A extends unknown[]>(handle: (request: R, ...rest: A) => Promise<Response>): (request: R, ...rest: A) => Promise<Response> {
  return (...asked) =>
    handle(...asked).catch((fault: unknown) => {
      if (isAuthError(fault)) return fault.toResponse();
      throw fault;
    });
}
