// What the compiler must accept, and what it must refuse.

import express from "express";
import { Hono } from "hono";
import { createGuard, isAuthError, type Identity } from "../src/index.js";
import { answerAuthErrors, optionalAuth, requireAuth, type NodeRequest } from "../src/express.js";
import * as hono from "../src/hono.js";
import { createTestIssuer } from "../src/testing.js";

const guard = createGuard<{ plan: "gold" | "free" }>({ issuer: "https://auth.test" });
// @ts-expect-error an issuer is needed
createGuard({});
// @ts-expect-error there is no such option: the algorithm is the key's
createGuard({ issuer: "https://auth.test", algorithms: ["none"] });

export const handler = guard.protect((request: Request, identity, env: { KV: string }) => new Response(identity.claims.plan + env.KV + request.url), { roles: ["a"] });
void handler(new Request("https://api.test/"), { KV: "x" });
// @ts-expect-error the environment is missing
void handler(new Request("https://api.test/"));
// @ts-expect-error a list, not a text
guard.protect(() => new Response(), { roles: "admin" });
// @ts-expect-error there may be nobody
guard.protectOptional((_request: Request, identity) => new Response(identity.id));

export async function who(identity: Identity): Promise<string> {
  // @ts-expect-error nobody changes it
  identity.id = "usr_other";
  // @ts-expect-error nor what is in it
  identity.roles.push("admin");
  const fault = await guard.verify("x").catch((error: unknown) => error);
  return isAuthError(fault, "TOKEN_EXPIRED") ? (fault.reason ?? fault.code) : identity.id;
}

const app = express();
app.use("/home", optionalAuth(guard));
app.get("/orders", requireAuth(guard, { permissions: ["orders:read"] }), (request, response) => {
  response.send((request as typeof request & NodeRequest).identity?.id);
});
app.use(answerAuthErrors);

const hono_ = new Hono();
hono_.get("/orders", hono.requireAuth(guard), (c) => c.text(c.get("identity").id));
// @ts-expect-error there may be nobody
hono_.get("/home", hono.optionalAuth(guard), (c) => c.text(c.get("identity").id));

export const issuer = await createTestIssuer({ algorithm: "ES256" });
createGuard({ ...issuer.guardOptions, clockSkewSeconds: 0 });
// @ts-expect-error not one of the algorithms
await createTestIssuer({ algorithm: "HS256" });
