// client.js in a world of its own: no browser, no server, time and chance as arguments.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const source = await readFile(new URL("../../crates/http/src/page/client.js", import.meta.url));
const { createClient, ApiError } = await import(`data:text/javascript;base64,${source.toString("base64")}`);

const MINUTE = 60_000;

/** A world: `answer(method, path, options)` plays the server; what the client asked is in `asked`. */
function world(answer, { hint = "sessionHint=1.0", locks, solve = async () => null } = {}) {
  const kept = new Map();
  let chance = 0;
  const it = { asked: [], reported: [], kept, time: 1_000_000 };
  it.client = createClient({
    fetch: async (path, options) => {
      const body = options.body && JSON.parse(options.body);
      it.asked.push({ method: options.method, path, body, token: options.headers.Authorization });
      return answer({ method: options.method, path, body, nth: it.asked.length });
    },
    storage: {
      read: (key) => kept.get(key) ?? null,
      write: (key, value) => (kept.set(key, value), true),
      remove: (key) => kept.delete(key),
    },
    locks,
    cookies: () => hint,
    random: (length) => new Uint8Array(length).fill((chance += 1)),
    now: () => it.time,
    solve,
    changed: (reason) => it.reported.push(reason),
  });
  return it;
}

function reply(status, content) {
  return new Response(JSON.stringify(content), { status, headers: { "Content-Type": "application/json" } });
}

const refusal = (status, code, more = {}) => reply(status, { status, code, detail: code, ...more });
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const tokens = (more = {}) =>
  reply(200, {
    accessToken: `${part({ typ: "at+jwt" })}.${part({ sub: "usr_1", name: "Zoë" })}.s`,
    expiresIn: 900,
    rotated: true,
    session: { id: "ses_1" },
    user: { name: "Ada" },
    ...more,
  });

async function fails(promise, code) {
  await assert.rejects(promise, (error) => error instanceof ApiError && error.code === code);
}

// bug S70
test("many callers cause one refresh", async () => {
  const it = world(({ path }) => (path.endsWith("/refresh") ? tokens() : reply(200, {})));

  await Promise.all([1, 2, 3, 4, 5].map(() => it.client.call("GET", "/api/user/profile")));

  assert.equal(it.asked.filter(({ path }) => path.endsWith("/refresh")).length, 1);
});

// bug S71
test("when a refresh fails, each caller hears of it", async () => {
  const it = world(() => refusal(401, "TOKEN_REVOKED"));

  const outcomes = await Promise.allSettled([1, 2, 3].map(() => it.client.call("GET", "/api/user/profile")));

  assert.deepEqual(outcomes.map(({ reason }) => reason.code), ["TOKEN_REVOKED", "TOKEN_REVOKED", "TOKEN_REVOKED"]);
  assert.equal(it.asked.length, 1);
});

// bug S72
test("a refused refresh is not refreshed", async () => {
  const it = world(() => refusal(401, "TOKEN_EXPIRED"));

  await fails(it.client.refresh(), "TOKEN_EXPIRED");

  assert.equal(it.asked.length, 1);
});

// bug S73
// race 11
test("a token that stays expired is tried twice and no more", async () => {
  const it = world(({ path }) => (path.startsWith("/api/auth/") ? tokens() : refusal(401, "TOKEN_EXPIRED")));
  await it.client.signIn({});

  await fails(it.client.call("GET", "/api/user/profile"), "TOKEN_EXPIRED");

  assert.deepEqual(it.asked.map(({ path }) => path.split("/").pop()), ["login", "profile", "refresh", "profile"]);
});

// bug S74
test("the token goes to this origin's API only", async () => {
  const it = world(() => tokens());
  await it.client.signIn({});

  for (const path of ["https://evil.test/api/user/profile", "//evil.test/api/", "/elsewhere"]) {
    await assert.rejects(it.client.call("GET", path), TypeError);
  }

  assert.equal(it.asked.length, 1);
});

test("an attempt id is kept until a full answer, and then named as the last", async () => {
  const answers = [() => Promise.reject(new TypeError("network")), () => refusal(503, "OVERLOADED"), () => tokens({ rotated: false }), () => tokens(), () => tokens()];
  const it = world(({ nth }) => answers[nth - 1]());

  await fails(it.client.refresh(), "NETWORK");
  await fails(it.client.refresh(), "OVERLOADED");
  for (const _ of [1, 2, 3]) await it.client.refresh();

  const [first, second, third, fourth, fifth] = it.asked.map(({ body }) => body);
  assert.match(first.attemptId, /^[\w-]{22}$/);
  assert.deepEqual([second, third, fourth], [first, first, first]);
  assert.equal(fifth.lastAttemptId, first.attemptId);
  assert.notEqual(fifth.attemptId, first.attemptId);
});

// race 11
test("nothing but a 401 of the refresh signs anyone out", async () => {
  const troubles = [() => Promise.reject(new TypeError("network")), () => refusal(429, "RATE_LIMITED", { retryAfter: 7 }), () => refusal(500, "INTERNAL"), () => refusal(403, "CSRF_INVALID"), () => new Response("<html>", { status: 502 })];
  const it = world(({ nth }) => (nth === 1 ? tokens() : troubles[nth - 2]()));
  await it.client.signIn({});

  for (const _ of troubles) await it.client.refresh().catch(() => {});

  assert.equal(it.asked.length, 1 + troubles.length);
  assert.deepEqual(it.reported, ["signed_in"]);
  assert.equal(it.client.view().claims.name, "Zoë");
});

test("an answer that comes after signing out is not taken up", async () => {
  let release;
  const late = new Promise((resolve) => (release = () => resolve(tokens())));
  const it = world(({ path }) => (path.endsWith("/refresh") ? late : tokens()));
  await it.client.signIn({});

  const refresh = it.client.refresh();
  await it.client.signOut();
  release();

  await fails(refresh, "SUPERSEDED");
  assert.equal(it.client.view(), null);
});

test("another session in the answer is told apart from the own one", async () => {
  const it = world(({ path }) => (path.endsWith("/refresh") ? tokens({ session: { id: "ses_2" } }) : tokens()));
  await it.client.signIn({});

  await it.client.refresh();

  assert.deepEqual(it.reported, ["signed_in", "session_changed"]);
});

test("a stranger is asked about nothing", async () => {
  const it = world(() => tokens(), { hint: "other=1" });

  assert.equal(await it.client.resume(), "stranger");
  assert.equal(it.asked.length, 0);
});

test("the token's time is counted from the question, and a stale one is renewed before use", async () => {
  const it = world(() => {
    it.time += 2 * MINUTE;
    return tokens();
  });
  await it.client.signIn({});
  assert.equal(it.client.view().expiresAt, 1_000_000 + 15 * MINUTE);

  it.time += 13 * MINUTE;
  await it.client.call("GET", "/api/user/profile");

  assert.deepEqual(it.asked.map(({ path }) => path.split("/").pop()), ["login", "refresh", "profile"]);
});

// race 12
test("a lock that is never given stops nobody", { timeout: 10_000 }, async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const never = {
    request: (_name, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  };
  const it = world(() => tokens(), { locks: never });

  const refresh = it.client.refresh();
  t.mock.timers.tick(3000);

  assert.equal((await refresh).rotated, true);
});

test("a proof of work is done, and the sign-in goes on", async () => {
  const challenge = { salt: "salt" };
  const solve = async (asked) => ((it.time += 2 * MINUTE), `solved ${asked.salt}`);
  const it = world(({ body }) => (body.challengeResponse ? tokens() : refusal(428, "CHALLENGE_REQUIRED", { challenge })), { solve });

  await it.client.signIn({ email: "ada@example.test" });

  assert.deepEqual(it.asked.map(({ body }) => body), [
    { email: "ada@example.test" },
    { email: "ada@example.test", challengeResponse: "solved salt" },
  ]);
  assert.deepEqual(it.reported, ["signed_in"]);
  assert.equal(it.client.view().startsAt, it.time, "the token's life is counted from the question that was answered");
});

test("proofs that do not help, or cannot be made, end in the refusal", async () => {
  let solved = 0;
  const never = world(() => refusal(428, "CHALLENGE_REQUIRED"), { solve: async () => `${(solved += 1)}` });
  await fails(never.client.signIn({}), "CHALLENGE_REQUIRED");
  assert.deepEqual(never.asked.map(({ body }) => body.challengeResponse), [undefined, "1", "2", "3"]);

  const unable = world(() => refusal(428, "CHALLENGE_REQUIRED"));
  await fails(unable.client.signIn({}), "CHALLENGE_REQUIRED");
  assert.equal(unable.asked.length, 1);

  const other = world(() => refusal(401, "AUTH_FAILED"), { solve: async () => "1" });
  await fails(other.client.signIn({}), "AUTH_FAILED");
  assert.equal(other.asked.length, 1);
});

test("a second step goes on with what the first one was answered", async () => {
  const more = { mfaToken: "f00", methods: ["totp", "recovery"] };
  const it = world(({ path }) => (path === "/api/auth/login" ? refusal(401, "MFA_REQUIRED", more) : tokens()));

  const asked = await it.client.signIn({ email: "ada@example.com", password: "x" }).catch((error) => error);
  assert.deepEqual([asked.code, asked.mfaToken, asked.methods], ["MFA_REQUIRED", "f00", ["totp", "recovery"]]);
  assert.equal(it.client.view(), null, "nobody is signed in");

  const user = await it.client.secondStep({ mfaToken: asked.mfaToken, method: "totp", code: "123456" });
  assert.equal(user.name, "Ada");
  assert.deepEqual(it.asked[1].body, { mfaToken: "f00", method: "totp", code: "123456" });
  assert.deepEqual(it.reported, ["signed_in"]);
});
