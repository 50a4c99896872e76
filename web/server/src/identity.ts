// Who speaks, by an access token, and what may be demanded of him.

import type { Claims } from "./claims.js";
import { AuthError } from "./error.js";

/** Whoever the access token is about. `Extra` are the claims that your own server adds. */
export interface Identity<Extra extends object = object> {
  /** The person: `sub`. Never reused. */
  readonly id: string;
  /** The session: `sid`. */
  readonly session: string;
  readonly email: string | undefined;
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** What a program may do in the person's name: `scope`. Empty where the person's own session speaks. */
  readonly scopes: readonly string[];
  /** Whether a second factor was proven in this session, and where it is used. */
  readonly hasSecondFactor: boolean;
  /** When the person last proved who he is; undefined where the token does not say, or says that nobody has where the session is used (0). */
  readonly authenticatedAt: Date | undefined;
  readonly expiresAt: Date;
  /** Whether the list of revocations is too old to tell, and your policy is to accept that. */
  readonly isStale: boolean;
  /** The token's claims as they stand. */
  readonly claims: Readonly<Claims & Extra>;
}

/** What a caller must have: one of each list that is given. */
export interface Demands {
  roles?: readonly string[];
  permissions?: readonly string[];
  /** Of a token with `scope`, there; of one without, which is of the person's own session, the permission of that name. */
  scopes?: readonly string[];
  /** A second factor, whatever the roles. */
  secondFactor?: boolean;
  /** A proof of who it is, at most so many seconds ago. */
  recentSeconds?: number;
}

/** What of the guard's options a demand looks at. */
export interface Policy {
  issuer: string;
  secondFactorRoles: readonly string[];
  now: () => number;
}

export function identityOf(claims: Claims, isStale: boolean): Identity {
  const { sub, sid, email, roles = [], permissions = [], scope = "", amr = [], auth_time: proven = 0, exp } = claims;
  const date = (seconds: number): Date => new Date(seconds * 1000);
  return Object.freeze({
    id: sub,
    session: sid,
    email,
    roles,
    permissions,
    scopes: scope.split(" ").filter(Boolean),
    hasSecondFactor: proven > 0 && amr.includes("mfa"),
    authenticatedAt: proven > 0 ? date(proven) : undefined,
    expiresAt: date(exp),
    isStale,
    claims,
  });
}

/**
 * Throws `FORBIDDEN` where a demand is not met, and `STEP_UP_REQUIRED` where a proof would help: a role of `secondFactorRoles`, and every
 * permission of whoever has one, counts only once a second factor was proven, as on the server.
 */
export function demand(identity: Identity, demands: Demands, { issuer, secondFactorRoles, now }: Policy): void {
  const { roles, permissions, scopes, secondFactor, recentSeconds } = demands;
  // A token without `scope` is of the person's own session: then a scope is the permission of that name.
  const isOwn = identity.claims.scope === undefined;
  const has = { ...identity, scopes: isOwn ? identity.permissions : identity.scopes };
  for (const kind of ["roles", "permissions", "scopes"] as const) {
    const wanted = demands[kind];
    if (wanted && !wanted.some((one) => has[kind].includes(one))) {
      throw new AuthError("FORBIDDEN", issuer, { reason: `none of the ${kind} ${wanted}`, [kind]: wanted });
    }
  }
  const isStrict = (role: string): boolean => secondFactorRoles.includes(role);
  const byStrict = roles?.filter((role) => has.roles.includes(role)).every(isStrict) || ((permissions || (isOwn && scopes)) && has.roles.some(isStrict));
  if (!has.hasSecondFactor && (secondFactor || byStrict)) {
    throw new AuthError("STEP_UP_REQUIRED", issuer, { reason: "no second factor", methods: ["totp", "passkey", "recovery"] });
  }
  // Not a number where nobody knows when: that is never recent.
  const proven = Number(identity.authenticatedAt);
  if (recentSeconds !== undefined && !(now() < proven + recentSeconds * 1000)) {
    const methods = ["password", "totp", "passkey", "recovery"];
    throw new AuthError("STEP_UP_REQUIRED", issuer, { reason: "proven too long ago", methods, maxAgeSeconds: recentSeconds });
  }
}
