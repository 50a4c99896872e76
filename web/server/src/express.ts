// For Express and whatever else has `(request, response, next)`: `app.use(requireAuth(guard))`.

import { isAuthError } from "./error.js";
import type { Guard } from "./guard.js";
import type { Demands, Identity } from "./identity.js";

/** The part of Node's request that is used. `identity` is added. */
export interface NodeRequest {
  rawHeaders: string[];
  identity?: Identity | null;
}

/** The part of Node's response that is used. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body: string): unknown;
}

export type Middleware = (request: NodeRequest, response: NodeResponse, next: (fault?: unknown) => void) => Promise<void>;

/** Lets pass whoever meets `demands`; `request.identity` is who it is. */
export function requireAuth(guard: Guard, demands: Demands = {}): Middleware {
  return middleware(async (request) => {
    const identity = await guard.authenticate(authorization(request));
    guard.demand(identity, demands);
    return identity;
  });
}

/** Lets strangers pass too: `request.identity` is null then. A bad token is refused all the same. */
export function optionalAuth(guard: Guard): Middleware {
  return middleware(async (request) => {
    const field = authorization(request);
    return field === undefined ? null : guard.authenticate(field);
  });
}

/** Answers the `AuthError`s that your handlers throw, from `guard.demand` for one. Mount it last. */
export function answerAuthErrors(fault: unknown, _request: unknown, response: NodeResponse, next: (fault?: unknown) => void): void {
  if (!isAuthError(fault)) return next(fault);
  const { status, headers, body } = fault.toAnswer();
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.end(body);
}

function middleware(identify: (request: NodeRequest) => Promise<Identity | null>): Middleware {
  return async (request, response, next) => {
    try {
      request.identity = await identify(request);
    } catch (fault) {
      return answerAuthErrors(fault, request, response, next);
    }
    next();
  };
}

/** All fields of that name. Node keeps the first of several and says nothing: two are refused, as everywhere. */
function authorization({ rawHeaders }: NodeRequest): string | undefined {
  const fields = rawHeaders.filter((_, at) => at % 2 && rawHeaders[at - 1]?.toLowerCase() === "authorization");
  return fields.length ? fields.join(", ") : undefined;
}
