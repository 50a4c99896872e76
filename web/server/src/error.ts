// What is refused, in the shape that the whole API has: a code, a status, a challenge, a problem document.
//
// Promises: the answer tells whoever asked no more than Countersign itself would; `reason` is for your log alone and holds nothing of the
// token.

/** The codes that a service answers with. */
export type GuardCode =
  | "TOKEN_MISSING"
  | "TOKEN_EXPIRED"
  | "TOKEN_INVALID"
  | "TOKEN_REVOKED"
  | "STEP_UP_REQUIRED"
  | "FORBIDDEN"
  | "OVERLOADED";

/** An answer that is not sent yet, for frameworks that have no `Response`. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** What some codes add. */
export interface Details {
  /** What is wrong, for the log. */
  reason?: string | undefined;
  cause?: unknown;
  /** Of `FORBIDDEN`: the scopes, one of which is needed. */
  scopes?: readonly string[] | undefined;
  /** Of `STEP_UP_REQUIRED`: how to prove oneself, and how old a proof may be. */
  methods?: readonly string[];
  maxAgeSeconds?: number;
}

const BRAND = Symbol.for("countersign.AuthError");

/** Status, title, detail and challenge, as the server itself writes them. RFC 6750 section 3.1: no `error` where there was no token. */
const SAID: Record<GuardCode, [status: number, title: string, detail: string, challenge?: string]> = {
  TOKEN_MISSING: [401, "Sign-in needed", "Please sign in first.", "Bearer"],
  TOKEN_EXPIRED: [401, "Token expired", "The token has expired.", 'Bearer error="invalid_token", error_description="expired"'],
  TOKEN_INVALID: [401, "Token not valid", "The token is not valid.", 'Bearer error="invalid_token", error_description="not valid"'],
  TOKEN_REVOKED: [401, "Signed out", "This session has ended. Please sign in again.", 'Bearer error="invalid_token", error_description="revoked"'],
  STEP_UP_REQUIRED: [401, "Please confirm it is you", "Please confirm your password to go on.", 'Bearer error="insufficient_user_authentication"'],
  FORBIDDEN: [403, "Not permitted", "You are not permitted to do this.", 'Bearer error="insufficient_scope"'],
  OVERLOADED: [503, "Busy", "The service is busy. Please try again shortly."],
};

/** After so many seconds a failed fetch of the keys is worth another try. */
export const RETRY_SECONDS = 30;

/** A request that is refused. */
export class AuthError extends Error {
  /** The stable code to branch on. */
  readonly code: GuardCode;
  /** The HTTP status. */
  readonly status: number;
  /** What was wrong, for your log: nothing of it is in the answer. */
  readonly reason: string | undefined;
  /** How to prove oneself, with `STEP_UP_REQUIRED`. */
  readonly methods: readonly string[] | undefined;
  readonly #challenge: string | undefined;
  readonly #issuer: string;

  constructor(code: GuardCode, issuer: string, { reason, cause, scopes, methods, maxAgeSeconds }: Details = {}) {
    const [status, , detail, challenge] = SAID[code];
    super(detail, { cause });
    this.name = "AuthError";
    this.code = code;
    this.status = status;
    this.reason = reason;
    this.methods = methods;
    this.#issuer = issuer;
    // RFC 6750 section 3: a scope is of these characters, or it is not said.
    const scope = scopes?.every((one) => /^[!#-[\]-~]+$/.test(one)) ? `, scope="${scopes.join(" ")}"` : "";
    // RFC 9470 section 3.
    const age = maxAgeSeconds === undefined ? "" : `, max_age="${maxAgeSeconds}"`;
    this.#challenge = challenge && challenge + scope + age;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Status, headers and problem document (RFC 9457). */
  toAnswer(): Answer {
    const { code, status, message, methods } = this;
    const headers: Record<string, string> = { "Content-Type": "application/problem+json", "Cache-Control": "no-store" };
    if (this.#challenge) headers["WWW-Authenticate"] = this.#challenge;
    const retryAfter = status === 503 ? RETRY_SECONDS : undefined;
    if (retryAfter) headers["Retry-After"] = `${retryAfter}`;
    const said = { detail: message, code, error: message, message, methods, retryAfter };
    return { status, headers, body: JSON.stringify({ type: `${this.#issuer}/errors/${code}`, title: SAID[code][1], status, ...said }) };
  }

  /** The same as a `Response`. */
  toResponse(): Response {
    const { body, ...rest } = this.toAnswer();
    return new Response(body, rest);
  }
}

/** Whether it is an `AuthError`, of whatever copy of this package; with `codes`, whether it has one of these. */
export function isAuthError(fault: unknown, ...codes: GuardCode[]): fault is AuthError {
  const error = fault as AuthError | null;
  return typeof error === "object" && error !== null && BRAND in error && (!codes.length || codes.includes(error.code));
}
