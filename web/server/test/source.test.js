// Where the keys come from: what is asked, how often, and what goes on when nobody answers.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createGuard } from "../dist/index.js";
import { createTestIssuer } from "../dist/testing.js";

const SECOND = 1000;

/** A guard whose fetch is `answer`, by default the issuer's; what was asked is in `asked`. */
async function makeGuard(options = {}) {
  const it = { time: Date.UTC(2026, 0, 1), asked: [], answer: undefined };
  it.issuer = await createTestIssuer({ now: () => it.time });
  const fetch = async (url, asked) => {
    it.asked.push({ url, ...asked });
    return (it.answer ?? it.issuer.guardOptions.fetch)(url, asked);
  };
  it.guard = createGuard({ ...it.issuer.guardOptions, fetch, ...options });
  it.judge = async (token) => it.guard.verify(token).then(({ id }) => id, ({ code }) => code);
  it.pass = (seconds) => (it.time += seconds * SECOND);
  return it;
}

const jwks = (issuer, headers) => Response.json(issuer.jwks(), { headers });

test("the keys are fetched with the first token, once for all who ask, and not again while they are fresh", async () => {
  const it = await makeGuard();
  assert.equal(it.asked.length, 0);
  let release;
  const gate = new Promise((resolve) => (release = resolve));
  it.answer = async () => (await gate, jwks(it.issuer));

  const tokens = await Promise.all([...Array(20)].map(() => it.issuer.token()));
  const answers = Promise.all(tokens.map(it.judge));
  release();

  assert.deepEqual(await answers, Array(20).fill("usr_test"));
  assert.equal(it.asked.length, 1);
  const [{ url, redirect, signal }] = it.asked;
  assert.deepEqual([url, redirect], ["https://auth.test/.well-known/jwks.json", "manual"]);
  assert.ok(signal instanceof AbortSignal);
  it.pass(299);
  assert.equal(await it.judge(tokens[0]), "usr_test");
  assert.equal(it.asked.length, 1);
  it.pass(1);
  await it.judge(tokens[0]);
  assert.equal(it.asked.length, 2, "after five minutes");
});

test("how long keys are fresh is the issuer's word, within a minute and an hour", async () => {
  for (const [header, seconds] of [["public, max-age=600", 600], ["max-age=0", 60], ["no-store", 300], ["max-age=99999999", 3600]]) {
    const it = await makeGuard();
    it.answer = () => jwks(it.issuer, { "Cache-Control": header });
    const token = await it.issuer.token({ exp: it.time / 1000 + 100_000 });
    await it.judge(token);

    it.pass(seconds - 1);
    await it.judge(token);
    assert.equal(it.asked.length, 1, header);
    it.pass(1);
    await it.judge(token);
    assert.equal(it.asked.length, 2, header);
  }
});

test("a new key is fetched when a token names it; made-up names cost one question in half a minute", async () => {
  const it = await makeGuard();
  await it.judge(await it.issuer.token());
  it.pass(31);
  await it.issuer.rotate();
  assert.equal(await it.judge(await it.issuer.token()), "usr_test");
  assert.equal(it.asked.length, 2);

  const made = (n) => it.issuer.sign({ ...it.issuer.header(), kid: `made-up-${n}` }, {});
  for (let n = 0; n < 50; n += 1) assert.equal(await it.judge(await made(n)), "TOKEN_INVALID");
  assert.equal(it.asked.length, 2, "within the cool-down");
  it.pass(30);
  await Promise.all([...Array(50)].map(async (_, n) => it.judge(await made(n))));
  assert.equal(it.asked.length, 3, "one question, whoever asks");
});

test("a rotation is noticed by nobody, and what is withdrawn counts no more", async () => {
  const it = await makeGuard();
  const old = await it.issuer.token();
  const { kid } = it.issuer.header();
  await it.judge(old);
  it.pass(60);
  await it.issuer.rotate();
  const fresh = await it.issuer.token();
  assert.deepEqual([await it.judge(old), await it.judge(fresh)], ["usr_test", "usr_test"]);

  it.issuer.withdraw(kid);
  it.pass(300);

  assert.deepEqual([await it.judge(old), await it.judge(fresh)], ["TOKEN_INVALID", "usr_test"], "though it was remembered");
});

// attack 124
test("while the issuer is down the keys serve on for a day, and then nobody is let in", async () => {
  const it = await makeGuard();
  const token = await it.issuer.token({ exp: it.time / 1000 + 200_000 });
  await it.judge(token);
  const troubles = [() => Promise.reject(new TypeError("down")), () => new Response("busy", { status: 503 }), () => new Response("<html>"), () => Response.redirect("https://evil.test/jwks.json"), () => Response.json({ keys: "none" }), () => Response.json({ keys: [{ kty: "oct", k: "AAAA", kid: "x" }] })];

  for (const trouble of troubles) {
    it.answer = trouble;
    it.pass(301);
    assert.equal(await it.judge(token), "usr_test");
  }
  assert.equal(it.asked.length, 1 + troubles.length);
  for (let n = 0; n < 20; n += 1) await it.judge(token);
  assert.equal(it.asked.length, 1 + troubles.length, "nor is it pestered");

  it.pass(86_400);
  assert.equal(await it.judge(token), "OVERLOADED");
  it.answer = undefined;
  it.pass(30);
  assert.equal(await it.judge(token), "usr_test", "and heals by itself");
});

// attack 124
test("without keys every token is a 503, and strangers are told to sign in", async () => {
  const it = await makeGuard();
  it.answer = () => Promise.reject(new TypeError("down"));
  const serve = it.guard.protect(() => new Response("reached"));

  const answer = await serve(new Request("https://api.test/", { headers: { Authorization: `Bearer ${await it.issuer.token()}` } }));

  assert.deepEqual([answer.status, answer.headers.get("Retry-After"), answer.headers.get("WWW-Authenticate")], [503, "30", null]);
  const { code, retryAfter } = await answer.json();
  assert.deepEqual([code, retryAfter], ["OVERLOADED", 30]);
  assert.equal((await serve(new Request("https://api.test/"))).status, 401);
});

test("a clock that is set back neither keeps old keys young nor stops new ones", async () => {
  const it = await makeGuard();
  await it.judge(await it.issuer.token());
  it.pass(-100_000);
  await it.issuer.rotate();

  assert.equal(await it.judge(await it.issuer.token()), "usr_test");
  assert.equal(it.asked.length, 2);
});

test("in a worker that may not wait for another request's fetch each asks for itself", async (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Cloudflare-Workers" }, configurable: true });
  t.after(() => (before ? Object.defineProperty(globalThis, "navigator", before) : delete globalThis.navigator));
  const it = await makeGuard();
  const tokens = [await it.issuer.token(), await it.issuer.token()];
  // The first one's request ended, and its fetch with it.
  it.answer = () => new Promise(() => {});
  it.judge(tokens[0]);
  await new Promise((resolve) => setImmediate(resolve));
  it.answer = undefined;

  assert.equal(await it.judge(tokens[1]), "usr_test");
  assert.equal(it.asked.length, 2);
});

// attack 35
test("a set that shows a secret, or two keys of one name, is not believed", async () => {
  const it = await makeGuard();
  const [jwk] = it.issuer.jwks().keys;
  const token = await it.issuer.token();
  const judge = (keys) => createGuard({ ...it.issuer.guardOptions, jwks: { keys } }).verify(token).then(() => "ok", ({ code }) => code);

  assert.equal(await judge([jwk]), "ok");
  for (const more of [{ kty: "oct", k: "AAAA", kid: "x" }, { ...jwk, kid: "x", d: jwk.x }, jwk, "a text", null]) assert.equal(await judge([jwk, more]), "OVERLOADED", JSON.stringify(more));
  assert.equal(await judge(Array(65).fill({ kty: "new" })), "OVERLOADED", "too many");
  assert.equal(await judge([{ kty: "AKP", kid: "new", alg: "ML-DSA-44", pub: "AAAA" }, jwk]), "ok", "another kind is passed over");
  for (const bent of [{ ...jwk, use: "enc" }, { ...jwk, key_ops: ["sign"] }, { ...jwk, alg: "ES256" }, { ...jwk, crv: "X25519" }, { ...jwk, x: `${jwk.x}A` }, { ...jwk, x: "AAAA" }, { ...jwk, kid: 7 }, { ...jwk, kid: undefined }]) {
    assert.equal(await judge([bent]), "TOKEN_INVALID", JSON.stringify(bent));
  }
  for (const alg of [undefined, "Ed25519"]) assert.equal(await judge([{ ...jwk, alg }]), "ok", "RFC 9864's name, or none");
});

test("addresses are https, or on this machine", () => {
  for (const issuer of ["http://auth.test", "ftp://auth.test", "auth.test", "", "http://localhost.evil.test", "http://127.0.0.1.evil.test", "javascript:alert(1)"]) {
    assert.throws(() => createGuard({ issuer }), TypeError, issuer);
  }
  assert.throws(() => createGuard({ issuer: "https://auth.test", jwks: "http://auth.test/keys" }), TypeError);
  assert.throws(() => createGuard({ issuer: "https://auth.test", audience: "" }), TypeError);
  for (const issuer of ["https://auth.test", "http://localhost:8420", "http://127.0.0.1:8420", "http://[::1]:8420"]) createGuard({ issuer });
});

test("a token is remembered as often as was said, and no longer than it lives", async () => {
  const verify = crypto.subtle.verify;
  let checks = 0;
  crypto.subtle.verify = (...asked) => ((checks += 1), verify.apply(crypto.subtle, asked));
  try {
    for (const [remember, order, wanted] of [[undefined, "abacab", 3], [2, "abacab", 4], [3, "abacda", 4], [0, "abacab", 6]]) {
      const it = await makeGuard(remember === undefined ? {} : { remember });
      const tokens = Object.fromEntries(await Promise.all([..."abcd"].map(async (name) => [name, await it.issuer.token()])));
      checks = 0;
      for (const name of order) assert.equal(await it.judge(tokens[name]), "usr_test");
      assert.equal(checks, wanted, `${checks} checks of ${order} where ${remember} are kept: whoever was not seen for longest goes`);
      it.pass(911);
      assert.equal(await it.judge(tokens.a), "TOKEN_EXPIRED");
    }
  } finally {
    crypto.subtle.verify = verify;
  }
});
