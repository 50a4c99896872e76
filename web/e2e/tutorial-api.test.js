// The tests that tutorials come with, made anew against the real server, as scripts send them: no browser, a jar of cookies, one call after the
// other. What differs from the tutorials is docs/guides/from-a-tutorial.md.

import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { PASSWORD } from "./support/browser.js";
import { startServer } from "./support/server.js";

const ADA = { email: "ada@example.test", password: PASSWORD, name: "Ada" };

/** A script with a cookie jar. It says of itself nothing that a browser would: neither `Origin` nor `Sec-Fetch-*`. */
function makeAgent(server) {
  const jar = new Map();
  const send = (method, path, { body, token, headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
      const text = body && JSON.stringify(body);
      const more = { ...(text && { "Content-Type": "application/json" }), ...(cookie && { Cookie: cookie }), ...(token && { Authorization: `Bearer ${token}` }) };
      const asking = request(server.url + path, { method, headers: { ...more, ...headers } }, async (answer) => {
        let said = "";
        for await (const part of answer) said += part;
        for (const line of answer.headers["set-cookie"] ?? []) {
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
          if (/Max-Age=0/.test(line)) jar.delete(name);
          else jar.set(name, value);
        }
        resolve({ status: answer.statusCode, headers: answer.headers, body: said ? JSON.parse(said) : null });
      });
      asking.on("error", reject);
      asking.end(text);
    });
  /** With the proof that a request which a cookie authorises needs where no browser vouches for it. */
  const proven = async (method, path, options) => send(method, path, { ...options, headers: { "X-CSRF-Token": (await send("GET", "/api/csrf-token")).body.csrfToken } });
  return { jar, send, proven };
}

async function signedIn(t, settings) {
  const server = await startServer(t, settings);
  const agent = makeAgent(server);
  const { status, body } = await agent.send("POST", "/api/auth/register", { body: ADA });
  assert.equal(status, 201);
  return { agent, server, token: body.accessToken };
}

test("signing in gives an access token in the answer, and the refresh token in a cookie alone", async (t) => {
  const { agent, server } = await signedIn(t);
  agent.jar.clear();
  const { status, body, headers } = await agent.send("POST", "/api/auth/login", { body: { email: ADA.email, password: PASSWORD } });

  assert.deepEqual([status, body.tokenType, body.user.email, "refreshToken" in body], [200, "Bearer", ADA.email, false]);
  assert.match(headers["set-cookie"].find((line) => line.startsWith("refreshToken=")), /; HttpOnly; SameSite=Strict; Path=\/api\/auth; Max-Age=\d+$/);
  const claims = JSON.parse(Buffer.from(body.accessToken.split(".")[1], "base64url"));
  assert.deepEqual([claims.sub, claims.iss, "userId" in claims], [body.user.id, server.url, false]);
  const wrong = await makeAgent(server).send("POST", "/api/auth/login", { body: { email: ADA.email, password: "not the password of Ada" } });
  const unknown = await makeAgent(server).send("POST", "/api/auth/login", { body: { email: "eve@example.test", password: PASSWORD } });
  assert.deepEqual([wrong.status, wrong.body.code, wrong.body.error], [401, "AUTH_FAILED", unknown.body.error]);
});

test("a good token reaches the profile; none, a bad one and a wrong scheme are 401 and say so", async (t) => {
  const { agent, token } = await signedIn(t);
  const codes = [];
  for (const headers of [{}, { Authorization: "Bearer not.a.token" }, { Authorization: `Basic ${token}` }]) {
    const { status, body, headers: said } = await agent.send("GET", "/api/user/profile", { headers });
    codes.push(`${status} ${body.code} ${said["www-authenticate"].slice(0, 28)}`);
  }

  assert.equal((await agent.send("GET", "/api/user/profile", { token })).body.name, "Ada");
  assert.deepEqual(codes, ["401 TOKEN_MISSING Bearer", '401 TOKEN_INVALID Bearer error="invalid_token"', '401 TOKEN_INVALID Bearer error="invalid_token"']);
});

// bug S21, S92
test("an expired token is told apart, refreshed by the cookie, and the call goes on", async (t) => {
  const { agent, token } = await signedIn(t, { COUNTERSIGN_TOKENS__ACCESS_SECONDS: "3" });
  let answer;
  for (const deadline = Date.now() + 10_000; answer?.status !== 401 && Date.now() < deadline; ) {
    answer = await agent.send("GET", "/api/user/profile", { token });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(answer.body.code, "TOKEN_EXPIRED");
  const before = agent.jar.get("refreshToken");

  const { status, body } = await agent.proven("POST", "/api/auth/refresh");

  assert.deepEqual([status, body.rotated, "refreshToken" in body], [200, true, false]);
  assert.notEqual(agent.jar.get("refreshToken"), before);
  assert.notEqual(body.accessToken, token);
  assert.equal((await agent.send("GET", "/api/auth/verify", { token: body.accessToken })).status, 200);
});

test("without the proof a script's refresh is 403 CSRF_INVALID, and nobody is signed out by it", async (t) => {
  const { agent } = await signedIn(t);

  const refused = await agent.send("POST", "/api/auth/refresh");
  assert.deepEqual([refused.status, refused.body.code], [403, "CSRF_INVALID"]);

  assert.equal((await agent.proven("POST", "/api/auth/refresh")).status, 200);
});

test("without a cookie there is nothing to refresh, and after signing out neither token counts", async (t) => {
  const { agent, server, token } = await signedIn(t);
  const stranger = await makeAgent(server).send("POST", "/api/auth/refresh");
  assert.deepEqual([stranger.status, stranger.body.code], [401, "TOKEN_MISSING"]);
  const kept = new Map(agent.jar);

  const { status, body } = await agent.proven("POST", "/api/auth/logout");
  assert.deepEqual([status, typeof body.message, agent.jar.has("refreshToken")], [200, "string", false]);

  assert.equal((await agent.send("GET", "/api/user/profile", { token })).body.code, "TOKEN_REVOKED");
  for (const [name, value] of kept) agent.jar.set(name, value);
  assert.equal((await agent.proven("POST", "/api/auth/refresh")).status, 401, "by a copy of the cookie");
});

test("native programs ask for the refresh token in the answer when they sign in, and give it in the body", async (t) => {
  const { agent } = await signedIn(t);
  agent.jar.clear();
  const { body } = await agent.send("POST", "/api/auth/login", { body: { email: ADA.email, password: PASSWORD, tokenDelivery: "body" } });
  assert.equal(agent.jar.has("refreshToken"), false);

  const refreshed = await agent.send("POST", "/api/auth/refresh", { body: { refreshToken: body.refreshToken } });

  assert.equal(refreshed.status, 200);
  assert.notEqual(refreshed.body.refreshToken, body.refreshToken);
});
