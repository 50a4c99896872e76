// @countersign/server/feed against the real server: what is taken back there is refused at a service.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuard } from "../server/dist/index.js";
import { followRevocations } from "../server/dist/feed.js";
import { PASSWORD } from "./support/browser.js";
import { startServer } from "./support/server.js";

/** A server, a service that follows its feed, and what went wrong between them. */
async function start(t) {
  const server = await startServer(t);
  const key = (await server.command("machine", "create", "orders")).trim();
  const troubles = [];
  const feed = followRevocations({ issuer: server.url, key, onTrouble: (why) => troubles.push(why) });
  t.after(() => feed.close());
  await feed.ready;
  const guard = createGuard({ issuer: server.url, revocations: feed });
  const call = (path, body, token) =>
    fetch(server.url + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", Origin: server.url, ...(token && { Authorization: `Bearer ${token}` }) },
    });
  const join = async (name) => {
    const answer = await call("/api/auth/register", { email: `${name}@example.test`, password: PASSWORD, name });
    assert.equal(answer.status, 201);
    return (await answer.json()).accessToken;
  };
  /** The code of the refusal, once there is one. */
  const refusal = async (token) => {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
      const code = await guard.verify(token).then(() => undefined, (error) => error.code);
      if (code) return code;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return undefined;
  };
  return { server, feed, guard, call, join, refusal, troubles };
}

test("a sign-out is refused at the service, and changed rights send a client to refresh", async (t) => {
  const it = await start(t);
  const [ada, eve] = [await it.join("ada"), await it.join("eve")];
  for (const token of [ada, eve]) await it.guard.verify(token);

  assert.equal((await it.call("/api/auth/logout-all", {}, ada)).status, 200);
  assert.equal(await it.refusal(ada), "TOKEN_REVOKED");
  await it.guard.verify(eve);

  // By another process: it comes through the log.
  await it.server.command("role", "set", "editor", "posts:write");
  await it.server.command("user", "set-role", "eve@example.test", "editor");
  assert.equal(await it.refusal(eve), "TOKEN_EXPIRED");

  assert.ok(it.feed.status().isCurrent);
  assert.deepEqual(it.troubles, []);
});

test("who comes later hears what was taken back before, and a key that is taken back itself hears nothing", async (t) => {
  const it = await start(t);
  const ada = await it.join("ada");
  assert.equal((await it.call("/api/auth/logout-all", {}, ada)).status, 200);
  const key = (await it.server.command("machine", "create", "late")).trim();
  const late = followRevocations({ issuer: it.server.url, key });
  t.after(() => late.close());
  await late.ready;

  await assert.rejects(createGuard({ issuer: it.server.url, revocations: late }).verify(ada), { code: "TOKEN_REVOKED" });

  await it.server.command("machine", "revoke", "late");
  const answer = await fetch(`${it.server.url}/api/revocations`, { headers: { Authorization: `Bearer ${key}` } });
  assert.equal(answer.status, 401);
});
