// What a service answers: who is let in, and what is said to whom.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { AuthError, isAuthError } from "../dist/index.js";
import { makeService, NOT_VALID } from "./support/service.js";

const code = async (answer) => (await answer.json()).code;
const of = (authorization) => new Request("https://api.test/", { headers: authorization ? { Authorization: authorization } : {} });

// attack 33, 34
test("at a service: one header, one scheme, one token, and nowhere else", async () => {
  const it = await makeService();
  const good = await it.issuer.token();

  for (const field of [`Bearer ${good}`, `bearer ${good}`, `BEARER   ${good}`]) assert.equal((await it.ask(field)).status, 200, field);
  for (const field of ["", "Bearer", "Bearer ", `Bearer${good}`, `Basic ${good}`, `Token ${good}`, `JWT ${good}`, `DPoP ${good}`, good, `Bearer ${good} junk`, `Bearer ${good}, Bearer ${good}`, `Bearer ${good},${good}`, `Bearer "${good}"`, `Bearer token=${good}`, `Bearer\t${good}`, "Bearer ="]) {
    const answer = await it.ask(field);
    assert.deepEqual([answer.status, answer.headers.get("WWW-Authenticate"), await code(answer)], [401, NOT_VALID, "TOKEN_INVALID"], field);
  }
  const twice = new Headers([["Authorization", `Bearer ${good}`], ["Authorization", `Bearer ${good}`]]);
  assert.equal(await code(await it.serve(new Request("https://api.test/", { headers: twice }))), "TOKEN_INVALID", "two fields");
  const elsewhere = [["X-Access-Token", good], ["X-Forwarded-Authorization", `Bearer ${good}`], ["Proxy-Authorization", `Bearer ${good}`], ["Cookie", `accessToken=${good}; token=${good}`]];
  for (const [name, value] of elsewhere) {
    const request = { headers: new Headers(), url: `https://api.test/?access_token=${good}` };
    request.headers.set(name, value);
    assert.equal(await code(await it.serve(request)), "TOKEN_MISSING", name);
  }
});

test("a stranger is told to sign in, without an error", async () => {
  const it = await makeService();
  const answer = await it.ask(undefined);

  assert.deepEqual([answer.status, answer.headers.get("WWW-Authenticate")], [401, "Bearer"]);
  assert.deepEqual([answer.headers.get("Content-Type"), answer.headers.get("Cache-Control")], ["application/problem+json", "no-store"]);
  assert.deepEqual(await answer.json(), {
    type: "https://auth.test/errors/TOKEN_MISSING",
    title: "Sign-in needed",
    status: 401,
    detail: "Please sign in first.",
    code: "TOKEN_MISSING",
    error: "Please sign in first.",
    message: "Please sign in first.",
  });
});

test("codes, statuses and details are the server's", async () => {
  const page = await readFile(new URL("../../../docs/reference/errors.md", import.meta.url), "utf8");
  for (const name of ["TOKEN_MISSING", "TOKEN_EXPIRED", "TOKEN_INVALID", "TOKEN_REVOKED", "STEP_UP_REQUIRED", "FORBIDDEN", "OVERLOADED"]) {
    const [, entry] = new RegExp(`## \`${name}\`\n\n([^#]+)`).exec(page);
    const error = new AuthError(name, "https://auth.test");
    assert.ok(entry.startsWith(`${error.status}. `), `${name}: ${error.status}`);
    assert.ok(entry.includes(`Detail: "${error.message}"`), `${name}: ${error.message}`);
  }
});

test("a handler learns who it is", async () => {
  const it = await makeService({ audience: "https://api.test" });
  const iat = it.time / 1000;
  const token = await it.issuer.token({ sub: "usr_1", sid: "ses_1", roles: ["editor"], permissions: ["orders:read"], scope: "read write", amr: ["mfa", "otp", "pwd"], auth_time: iat - 60, plan: "gold" });

  await it.ask(`Bearer ${token}`);

  const [{ claims, ...identity }] = it.reached;
  assert.deepEqual(identity, {
    id: "usr_1",
    session: "ses_1",
    email: "ada@example.test",
    roles: ["editor"],
    permissions: ["orders:read"],
    scopes: ["read", "write"],
    hasSecondFactor: true,
    authenticatedAt: new Date((iat - 60) * 1000),
    expiresAt: new Date((iat + 900) * 1000),
    isStale: false,
  });
  assert.equal(claims.plan, "gold");
});

test("optional identity: a stranger is null, and a bad token is no stranger", async () => {
  const it = await makeService();
  const serve = it.guard.protectOptional((_request, identity) => new Response(identity?.id ?? "stranger"));

  assert.equal(await (await serve(of())).text(), "stranger");
  assert.equal(await (await serve(of(`Bearer ${await it.issuer.token()}`))).text(), "usr_test");
  assert.equal(await code(await serve(of(`Bearer ${await it.issuer.expiredToken()}`))), "TOKEN_EXPIRED");
  assert.equal(await code(await serve(of("Basic YTpi"))), "TOKEN_INVALID");
});

// attack 91
test("of each list that a service demands one is enough, and none is FORBIDDEN", async () => {
  const it = await makeService();
  const token = await it.issuer.token({ roles: ["editor", "author"], permissions: ["orders:read"], scope: "read" });
  const judge = async (demands, bearer = token) => {
    const answer = await it.guard.protect(() => new Response("ok"), demands)(of(`Bearer ${bearer}`));
    return answer.ok ? "ok" : [answer.status, await code(answer), answer.headers.get("WWW-Authenticate")].join(" ");
  };
  const refused = '403 FORBIDDEN Bearer error="insufficient_scope"';

  for (const demands of [{}, { roles: ["owner", "author"] }, { permissions: ["orders:write", "orders:read"] }, { scopes: ["read"] }, { roles: ["editor"], permissions: ["orders:read"], scopes: ["write", "read"] }]) {
    assert.equal(await judge(demands), "ok", JSON.stringify(demands));
  }
  for (const demands of [{ roles: ["owner"] }, { roles: [] }, { roles: ["Editor"] }, { permissions: ["orders:*"] }, { permissions: [] }, { roles: ["editor"], permissions: ["orders:write"] }]) {
    assert.equal(await judge(demands), refused, JSON.stringify(demands));
  }
  assert.equal(await judge({ scopes: ["write", "admin:all"] }), `${refused}, scope="write admin:all"`, "RFC 6750 section 3");
  assert.equal(await judge({ scopes: ['a"b'] }), refused, "what cannot stand in the field is not in it");
  const own = await it.issuer.token({ permissions: ["orders:read"] });
  assert.equal(await judge({ scopes: ["orders:read"] }, own), "ok", "the person's own session: the permission of that name");
  assert.equal(await judge({ scopes: ["orders:write"] }, own), `${refused}, scope="orders:write"`);
  assert.equal(await judge({ scopes: ["orders:read"] }), `${refused}, scope="orders:read"`, "a scope claim decides alone");
  const none = await it.issuer.token({ permissions: ["orders:read"], scope: "" });
  assert.equal(await judge({ scopes: ["orders:read"] }, none), `${refused}, scope="orders:read"`, "an empty one too");
  const bare = await it.issuer.token({ roles: undefined, permissions: undefined, scope: undefined });
  for (const demands of [{ roles: ["editor"] }, { permissions: ["orders:read"] }]) assert.equal(await judge(demands, bare), refused, "a token without the claim");
  const headers = { Authorization: `Bearer ${token}`, "X-Auth-Roles": "owner", "X-Role": "owner" };
  assert.equal((await it.guard.protect(() => new Response("ok"), { roles: ["owner"] })(new Request("https://api.test/", { headers }))).status, 403, "a role by header");
});

test("what admin grants needs a second factor, and what is dangerous a recent proof", async () => {
  const it = await makeService({}, { secondFactorRoles: ["treasurer"] });
  const judge = async (demands, claims) => {
    const answer = await it.guard.protect(() => new Response("ok"), demands)(of(`Bearer ${await it.issuer.token(claims)}`));
    return answer.ok ? "ok" : [await code(answer.clone()), answer.headers.get("WWW-Authenticate"), (await answer.json()).methods].join(" ");
  };
  const factor = 'STEP_UP_REQUIRED Bearer error="insufficient_user_authentication" totp,passkey,recovery';
  const mfa = ["mfa", "otp", "pwd"];

  for (const role of ["admin", "treasurer"]) {
    assert.equal(await judge({ roles: [role] }, { roles: [role] }), factor);
    assert.equal(await judge({ roles: [role] }, { roles: [role], amr: mfa }), "ok");
    assert.equal(await judge({ permissions: ["x"] }, { roles: [role], permissions: ["x"] }), factor, "a permission that may come from it");
    assert.equal(await judge({ scopes: ["x"] }, { roles: [role], permissions: ["x"] }), factor, "by whatever name it is demanded");
    assert.equal(await judge({ scopes: ["x"] }, { roles: [role], scope: "x" }), "ok", "a program has no second factor");
    assert.equal(await judge({ roles: ["member"] }, { roles: [role, "member"] }), "ok", "another role suffices");
  }
  assert.match(await judge({ roles: ["admin"] }, { roles: ["member"] }), /^FORBIDDEN/, "whoever lacks the role hears nothing of factors");
  assert.equal(await judge({ secondFactor: true }, {}), factor);
  assert.equal(await judge({ secondFactor: true }, { amr: mfa }), "ok");
  for (const elsewhere of [{ auth_time: 0 }, { auth_time: undefined }]) {
    assert.equal(await judge({ secondFactor: true }, { amr: mfa, ...elsewhere }), factor, "not proven where the session is used");
    assert.equal(await judge({ roles: ["admin"] }, { roles: ["admin"], amr: mfa, ...elsewhere }), factor);
  }

  const now = it.time / 1000;
  const old = 'STEP_UP_REQUIRED Bearer error="insufficient_user_authentication", max_age="600" password,totp,passkey,recovery';
  assert.equal(await judge({ recentSeconds: 600 }, { auth_time: now - 599 }), "ok");
  assert.equal(await judge({ recentSeconds: 600 }, { auth_time: now - 600 }), old);
  for (const unsaid of [undefined, 0]) assert.equal(await judge({ recentSeconds: 600 }, { auth_time: unsaid }), old);
});

test("a handler may demand by itself, and its own faults stay its own", async () => {
  const it = await makeService();
  const token = `Bearer ${await it.issuer.token()}`;
  const strict = it.guard.protect((_request, identity) => (it.guard.demand(identity, { roles: ["owner"] }), new Response("ok")));
  const broken = it.guard.protect(() => {
    throw new RangeError("mine");
  });

  assert.equal(await code(await strict(of(token))), "FORBIDDEN");
  await assert.rejects(broken(of(token)), RangeError);
});

test("further arguments reach the handler, as workers and routers give them", async () => {
  const it = await makeService();
  const serve = it.guard.protect((request, identity, env, context) => Response.json([request.url, identity.id, env, context]));

  const answer = await serve(of(`Bearer ${await it.issuer.token()}`), { KV: 1 }, { params: { id: "7" } });

  assert.deepEqual(await answer.json(), ["https://api.test/", "usr_test", { KV: 1 }, { params: { id: "7" } }]);
});

test("an error says why to the log, and nothing of the token to anybody", async () => {
  const it = await makeService();
  const token = await it.issuer.token({ aud: "https://other.test" });
  const error = await it.guard.verify(token).catch((fault) => fault);

  assert.ok(isAuthError(error) && isAuthError(error, "FORBIDDEN", "TOKEN_INVALID") && !isAuthError(error, "TOKEN_EXPIRED"));
  assert.equal(error.reason, "for another audience");
  const printed = [JSON.stringify(error), error.stack, error.toAnswer().body, JSON.stringify(error.toAnswer().headers)].join();
  for (const part of token.split(".")) assert.ok(!printed.includes(part));
  assert.ok(!error.toAnswer().body.includes("audience"));
  assert.ok(!isAuthError(new Error("x")) && !isAuthError(null) && !isAuthError("TOKEN_INVALID"));
});
