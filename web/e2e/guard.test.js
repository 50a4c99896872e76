// @countersign/server against the real server: what that one signs is accepted, and both answer alike.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { createGuard } from "../server/dist/index.js";
import { PASSWORD, startBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const AUDIENCE = "https://orders.example.test";

/** A server whose tokens are for a service, somebody who is signed in there, and the service. */
async function start(t, settings = {}) {
  const server = await startServer(t, { COUNTERSIGN_TOKENS__AUDIENCE: AUDIENCE, ...settings });
  const it = { server, ahead: 0 };
  it.guard = createGuard({ issuer: server.url, audience: AUDIENCE, now: () => Date.now() + it.ahead });
  it.call = (path, { token, body, cookie } = {}) =>
    fetch(server.url + path, {
      method: body ? "POST" : "GET",
      body: body && JSON.stringify(body),
      headers: { ...(body && { "Content-Type": "application/json", Origin: server.url }), ...(token !== undefined && { Authorization: token }), ...(cookie && { Cookie: cookie }) },
    });
  const answer = await it.call("/api/auth/register", { body: { email: "ada@example.test", password: PASSWORD, name: "Ada" } });
  assert.equal(answer.status, 201);
  it.cookies = answer.headers.getSetCookie().map((line) => line.split(";")[0]);
  const { accessToken, user, session } = await answer.json();
  Object.assign(it, { token: accessToken, user, session });
  it.refresh = async () => {
    const refreshed = await it.call("/api/auth/refresh", { body: {}, cookie: it.cookies.join("; ") });
    assert.equal(refreshed.status, 200);
    it.cookies = it.cookies.map((line) => refreshed.headers.getSetCookie().find((one) => one.split("=")[0] === line.split("=")[0])?.split(";")[0] ?? line);
    return (await refreshed.json()).accessToken;
  };
  return it;
}

test("what the server signs, by whatever algorithm, tells a service who it is", async (t) => {
  for (const algorithm of ["EdDSA", "ES256", "PS256"]) {
    const it = await start(t, { COUNTERSIGN_TOKENS__ALGORITHM: algorithm });

    const identity = await it.guard.verify(it.token);

    const { id, email, roles } = it.user;
    assert.deepEqual([identity.id, identity.email, identity.roles, identity.session], [id, email, roles, it.session.id], algorithm);
    assert.deepEqual([identity.hasSecondFactor, identity.claims.aud], [false, AUDIENCE]);
    assert.ok(Math.abs(identity.authenticatedAt - Date.now()) < 60_000);
    it.ahead = 17 * 60_000;
    await assert.rejects(it.guard.verify(it.token), { code: "TOKEN_EXPIRED" });
  }
});

// attack 20
test("no other credential of the server is an access token to a service", async (t) => {
  const it = await start(t);
  const { csrfToken } = await (await it.call("/api/csrf-token")).json();

  for (const text of [...it.cookies.map((line) => line.slice(line.indexOf("=") + 1)), csrfToken]) {
    await assert.rejects(it.guard.authenticate(`Bearer ${text}`), { code: "TOKEN_INVALID" });
  }
  const elsewhere = createGuard({ issuer: it.server.url });
  await assert.rejects(elsewhere.verify(it.token), { code: "TOKEN_INVALID", reason: "for another audience" });
});

test("a service answers word for word as the server does", async (t) => {
  const it = await start(t);
  const serve = it.guard.protect(() => new Response("reached"), { roles: ["admin"] });
  const said = async (answer) => {
    const { requestId: _, ...document } = await answer.json();
    return [answer.status, answer.headers.get("WWW-Authenticate"), answer.headers.get("Content-Type"), answer.headers.get("Cache-Control"), document];
  };

  for (const token of [undefined, "", "Basic YTpi", "Bearer x", `Bearer ${it.token}x`, `Bearer ${it.token}`]) {
    const theirs = await it.call("/api/admin/v1/users", { token });
    const ours = await serve(new Request("https://orders.example.test/", { headers: token === undefined ? {} : { Authorization: token } }));
    assert.deepEqual(await said(ours), await said(theirs), String(token).slice(0, 12));
  }
});

test("keys are rotated under a service, and neither old nor new tokens are refused", async (t) => {
  const it = await start(t);
  await it.guard.verify(it.token);
  const kid = (token) => JSON.parse(Buffer.from(token.split(".")[0], "base64url")).kid;

  await it.server.command("keys", "rotate");
  let fresh = await it.refresh();
  // The server takes the new key up within its next look at the database.
  for (const deadline = Date.now() + 10_000; kid(fresh) === kid(it.token) && Date.now() < deadline; ) fresh = await it.refresh();

  assert.notEqual(kid(fresh), kid(it.token));
  it.ahead = 31_000;
  assert.equal((await it.guard.verify(fresh)).id, it.user.id);
  assert.equal((await it.guard.verify(it.token)).id, it.user.id);
});

test("the same file serves in a browser's worker", async (t) => {
  const it = await start(t);
  const dist = new URL("../server/dist/", import.meta.url);
  const files = Object.fromEntries(await Promise.all((await readdir(dist)).map(async (name) => [`/${name}`, await readFile(new URL(name, dist))])));
  files["/worker.js"] = `import { createGuard } from "/index.js";
      onmessage = async ({ data: { jwks, token, ...options } }) => {
        const guard = createGuard({ ...options, jwks });
        const judge = (one) => guard.verify(one).then(({ id }) => id, ({ code }) => code);
        postMessage([await judge(token), await judge(token.slice(0, -8) + "AAAAAAAA"), (await guard.protect(() => new Response())(new Request("/"))).status]);
      };`;
  const site = createServer(({ url }, answer) => {
    answer.writeHead(200, { "Content-Type": files[url] ? "text/javascript" : "text/html" });
    answer.end(files[url] ?? "<!doctype html><title>site</title>");
  });
  await new Promise((resolve) => site.listen(0, "localhost", resolve));
  t.after(() => (site.closeAllConnections(), new Promise((resolve) => site.close(resolve))));
  const browser = await startBrowser();
  const page = await browser.newPage();
  await page.goto(`http://localhost:${site.address().port}/`);
  const jwks = await (await it.call("/.well-known/jwks.json")).json();

  const answers = await page.evaluate((data) => new Promise((resolve, reject) => {
    const worker = new Worker("/worker.js", { type: "module" });
    worker.onmessage = (event) => resolve(event.data);
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(data);
  }), { issuer: it.server.url, audience: AUDIENCE, jwks, token: it.token });

  assert.deepEqual(answers, [it.user.id, "TOKEN_INVALID", 401]);
});
