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
  readonly scopes: readonly string[];
  /** Whether a second factor was proven in this session. */
  readonly hasSecondFactor: boolean;
  /** When the person last proved who he is; undefined where the token does not say. */
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
  const { sub, sid, email, roles = [], permissions = [], scope = "", amr = [], auth_time: proven, exp } = claims;
  const date = (seconds: number): Date => new Date(seconds * 1000);
  return Object.freeze({
    id: sub,
    session: sid,
    email,
    roles,
    permissions,
    scopes: scope.split(" ").filter(Boolean),
    hasSecondFactor: amr.includes("mfa"),
    authenticatedAt: proven === undefined ? undefined : date(proven),
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
  const isStrict = (role: string): boolean => !identity.hasSecondFactor && secondFactorRoles.includes(role);
  const held = roles?.filter((role) => identity.roles.includes(role));
  if (held?.length === 0) throw new AuthError("FORBIDDEN", issuer, { reason: `none of the roles ${roles}` });
  if (lacks(permissions, identity.permissions)) throw new AuthError("FORBIDDEN", issuer, { reason: `none of the permissions ${permissions}` });
  if (lacks(scopes, identity.scopes)) throw new AuthError("FORBIDDEN", issuer, { reason: `none of the scopes ${scopes}`, scopes });
  if ((secondFactor && !identity.hasSecondFactor) || held?.every(isStrict) || (permissions && identity.roles.some(isStrict))) {
    throw new AuthError("STEP_UP_REQUIRED", issuer, { reason: "no second factor", methods: ["totp", "passkey", "recovery"] });
  }
  const proven = identity.authenticatedAt?.getTime() ?? -Infinity;
  if (recentSeconds !== undefined && now() >= proven + recentSeconds * 1000) {
    const methods = ["password", "totp", "passkey", "recovery"];
    throw new AuthError("STEP_UP_REQUIRED", issuer, { reason: "proven too long ago", methods, maxAgeSeconds: recentSeconds });
  }
}

function lacks(wanted: readonly string[] | undefined, has: readonly string[]): boolean {
  return wanted !== undefined && !wanted.some((one) => has.includes(one));
}
