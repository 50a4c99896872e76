// Express and Hono, as they are installed.

import assert from "node:assert/strict";
import { request as send } from "node:http";
import { test } from "node:test";
import express from "express";
import { Hono } from "hono";
import { answerAuthErrors, optionalAuth, requireAuth } from "../dist/express.js";
import * as hono from "../dist/hono.js";
import { makeService, NOT_VALID } from "./support/service.js";

/** The app on a port of its own; gives a function that asks it. `fields` are raw: one name may stand twice. */
async function serve(t, app) {
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => new Promise((resolve) => server.close(resolve)));
  return (path, ...fields) =>
    new Promise((resolve, reject) => {
      const headers = ["Host", "api.test", "Connection", "close", ...fields];
      const asking = send({ port: server.address().port, host: "127.0.0.1", path, headers }, async (answer) => {
        let body = "";
        for await (const part of answer) body += part;
        resolve({ status: answer.statusCode, headers: answer.headers, body });
      });
      asking.on("error", reject);
      asking.end();
    });
}

test("Express: who is let in, and what the others are told", async (t) => {
  const it = await makeService();
  const app = express();
  app.get("/orders", requireAuth(it.guard), (request, response) => void response.send(request.identity.id));
  app.get("/admin", requireAuth(it.guard, { roles: ["owner"] }), (_request, response) => void response.send("reached"));
  app.get("/home", optionalAuth(it.guard), (request, response) => void response.send(request.identity?.id ?? "stranger"));
  app.get("/late", requireAuth(it.guard), ({ identity }, response) => (it.guard.demand(identity, { scopes: ["write"] }), response.send("reached")));
  app.get("/broken", requireAuth(it.guard), () => {
    throw new RangeError("mine");
  });
  app.use(answerAuthErrors);
  app.use((fault, _request, response, _next) => void response.status(500).send(fault.name));
  const ask = await serve(t, app);
  const bearer = ["Authorization", `Bearer ${await it.issuer.token()}`];
  const told = ({ status, headers, body }) => [status, headers["www-authenticate"], JSON.parse(body).code];

  assert.deepEqual([(await ask("/orders", ...bearer)).body, (await ask("/home", ...bearer)).body, (await ask("/home")).body], ["usr_test", "usr_test", "stranger"]);
  const stranger = await ask("/orders");
  assert.deepEqual(told(stranger), [401, "Bearer", "TOKEN_MISSING"]);
  assert.deepEqual([stranger.headers["content-type"], stranger.headers["cache-control"]], ["application/problem+json", "no-store"]);
  for (const path of ["/orders", "/home"]) {
    assert.deepEqual(told(await ask(path, "Authorization", `Bearer ${await it.issuer.expiredToken()}`)).at(-1), "TOKEN_EXPIRED");
    // Node would keep the first and say nothing.
    assert.deepEqual(told(await ask(path, ...bearer, "authorization", "Bearer other")), [401, NOT_VALID, "TOKEN_INVALID"], "two fields");
    assert.deepEqual(told(await ask(path, "Authorization", "")), [401, NOT_VALID, "TOKEN_INVALID"], "an empty field");
  }
  assert.deepEqual(told(await ask("/admin", ...bearer)), [403, 'Bearer error="insufficient_scope"', "FORBIDDEN"]);
  assert.deepEqual(told(await ask("/late", ...bearer)), [403, 'Bearer error="insufficient_scope", scope="write"', "FORBIDDEN"]);
  assert.deepEqual([(await ask("/broken", ...bearer)).status, (await ask("/broken", ...bearer)).body], [500, "RangeError"]);
});

test("Hono: who is let in, and what the others are told", async () => {
  const it = await makeService();
  const app = new Hono();
  app.get("/orders", hono.requireAuth(it.guard), (c) => c.text(c.get("identity").id));
  app.get("/admin", hono.requireAuth(it.guard, { roles: ["owner"] }), (c) => c.text("reached"));
  app.get("/home", hono.optionalAuth(it.guard), (c) => c.text(c.get("identity")?.id ?? "stranger"));
  app.get("/late", hono.requireAuth(it.guard), (c) => (it.guard.demand(c.get("identity"), { roles: ["owner"] }), c.text("reached")));
  app.get("/broken", hono.requireAuth(it.guard), () => {
    throw new RangeError("mine");
  });
  app.onError((fault, c) => c.text(fault.name, 500));
  const headers = { Authorization: `Bearer ${await it.issuer.token()}` };
  const ask = (path, options) => app.request(path, options);
  const told = async (answer) => [answer.status, answer.headers.get("WWW-Authenticate"), (await answer.json()).code];

  assert.deepEqual(await Promise.all([ask("/orders", { headers }), ask("/home", { headers }), ask("/home")].map(async (answer) => (await answer).text())), ["usr_test", "usr_test", "stranger"]);
  assert.deepEqual(await told(await ask("/orders")), [401, "Bearer", "TOKEN_MISSING"]);
  for (const path of ["/orders", "/home"]) assert.deepEqual(await told(await ask(path, { headers: { Authorization: "Basic YTpi" } })), [401, NOT_VALID, "TOKEN_INVALID"]);
  for (const path of ["/admin", "/late"]) assert.deepEqual(await told(await ask(path, { headers })), [403, 'Bearer error="insufficient_scope"', "FORBIDDEN"], path);
  const broken = await ask("/broken", { headers });
  assert.deepEqual([broken.status, await broken.text()], [500, "RangeError"]);
});
