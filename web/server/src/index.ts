// @countersign/server: who sends this request?

export { createGuard } from "./guard.js";
export type { Asks, Guard, GuardOptions, Handler, Revocations, Verdict } from "./guard.js";
export { AuthError, isAuthError } from "./error.js";
export type { Answer, GuardCode } from "./error.js";
export type { Demands, Identity } from "./identity.js";
export type { Claims } from "./claims.js";
export type { Jwks } from "./keys.js";
