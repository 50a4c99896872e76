// For Hono: `app.use("/orders/*", requireAuth(guard))`, then `c.get("identity")`.

import type { MiddlewareHandler } from "hono";
import { isAuthError } from "./error.js";
import type { Guard } from "./guard.js";
import type { Demands, Identity } from "./identity.js";

/** What the middleware puts into Hono's context. */
export interface Authenticated {
  Variables: { identity: Identity };
}

/** The same where strangers pass too. */
export interface MaybeAuthenticated {
  Variables: { identity: Identity | null };
}

/** Lets pass whoever meets `demands`. An `AuthError` that a handler throws becomes its answer too. */
export function requireAuth(guard: Guard, demands: Demands = {}): MiddlewareHandler<Authenticated> {
  return async (context, next) => {
    try {
      const identity = await guard.identify(context.req.raw);
      guard.demand(identity, demands);
      context.set("identity", identity);
    } catch (fault) {
      return answer(fault);
    }
    await next();
    // Hono catches what a handler throws, and keeps it here.
    if (isAuthError(context.error)) context.res = context.error.toResponse();
    return undefined;
  };
}

/** Lets strangers pass too. A bad token is refused all the same. */
export function optionalAuth(guard: Guard): MiddlewareHandler<MaybeAuthenticated> {
  return async (context, next) => {
    try {
      context.set("identity", await guard.identifyOptional(context.req.raw));
    } catch (fault) {
      return answer(fault);
    }
    await next();
    return undefined;
  };
}

function answer(fault: unknown): Response {
  if (isAuthError(fault)) return fault.toResponse();
  throw fault;
}
