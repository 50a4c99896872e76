// What `@countersign/client` offers.

export { createClient, type AuthClient, type Options, type Proof, type StepUp } from "./client.js";
export { AuthError, isAuthError, type AuthCode, type ClientCode } from "./error.js";
export type { EndReason, Events } from "./event.js";
export type { Core } from "./core.js";
export type { Ways } from "./enter.js";
export type { Reply } from "./request.js";
export type { SessionUser, Snapshot, Status } from "./session.js";
export type { World } from "./world.js";
export type * from "./schema.gen.js";
