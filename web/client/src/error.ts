// What goes wrong, in one shape: branch on `code`, show `message`, follow `docs`.
//
// Promises: an error says nothing secret, neither in its fields nor when it is printed; copies of this package know each other's.

import type { Challenge, Code, FieldError } from "./schema.gen.js";

/** What this client says by itself, without an answer of the server. */
export type ClientCode =
  | "NETWORK"
  | "TIMEOUT"
  | "UNREADABLE"
  | "SIGNED_OUT"
  | "USER_CHANGED"
  | "AUTH_LOOP"
  | "BODY_NOT_REPLAYABLE"
  | "UNSUPPORTED";

/** Every known code. A newer server may send others. */
export type AuthCode = Code | ClientCode | (string & {});

/** What a server says of a refusal (RFC 9457), and what a pending sign-in adds. */
export interface Refusal {
  type?: string;
  status?: number;
  code?: string;
  detail?: string;
  requestId?: string;
  retryAfter?: number | null;
  errors?: FieldError[] | null;
  methods?: string[] | null;
  challenge?: Challenge | null;
  mfaToken?: string | null;
}

const BRAND = Symbol.for("countersign.AuthError");
const OWN_DOCS = "https://github.com/countersign/countersign/tree/main/web/client#errors";

/** A refusal, or the reason why there was no answer. */
export class AuthError<C extends string = AuthCode> extends Error {
  /** The stable code to branch on. */
  declare readonly code: C;
  /** The HTTP status; 0 where nobody answered. */
  declare readonly status: number;
  /** The request, as the server's log names it. */
  declare readonly requestId: string | undefined;
  /** Seconds to wait before the next try. */
  declare readonly retryAfter: number | undefined;
  /** The fields at fault, with `VALIDATION_FAILED`. */
  declare readonly fields: readonly FieldError[];
  /** How to prove oneself, with `MFA_REQUIRED` and `STEP_UP_REQUIRED`. */
  declare readonly methods: readonly string[];
  /** A page that says more about the code. */
  declare readonly docs: string;

  constructor(code: C, refusal: Refusal = {}, cause?: unknown) {
    super(refusal.detail ?? SAID[code] ?? code, { cause });
    const { status = 0, requestId, retryAfter, errors, methods, type } = refusal;
    const docs = type ?? OWN_DOCS;
    Object.assign(this, { code, status, requestId, retryAfter: retryAfter ?? undefined, fields: errors ?? [], methods: methods ?? [], docs });
    this.name = "AuthError";
    // What a ceremony needs to go on is not for logs: it can be had, and is not printed.
    Object.defineProperty(this, BRAND, { value: refusal });
  }
}

/** What a person is told of the codes that can happen to one. The others are for developers. */
const SAID: { [code: string]: string } = {
  NETWORK: "The server cannot be reached.",
  TIMEOUT: "The server cannot be reached.",
  SIGNED_OUT: "You are signed out.",
};

/** Whether it is an `AuthError`, of whatever copy of this package; with `codes`, whether it has one of these. */
export function isAuthError<C extends AuthCode = AuthCode>(fault: unknown, ...codes: C[]): fault is AuthError<C> {
  const error = fault as AuthError<C> | null;
  return typeof error === "object" && error !== null && BRAND in error && (!codes.length || codes.includes(error.code));
}
