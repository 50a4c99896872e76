// Attacks on the header of an access token, at a service. Each token differs from a good one in one thing.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { makeService, text } from "./support/service.js";

/** Signs with the issuer's real key below a bent header. */
async function bent(it, more, { without } = {}) {
  const header = { ...it.issuer.header(), ...more };
  delete header[without];
  return it.issuer.sign(header, await claims(it));
}

const claims = async (it) => JSON.parse(Buffer.from((await it.issuer.token()).split(".")[1], "base64url"));

test("the unbent token is accepted", async () => {
  const it = await makeService();

  assert.equal(await it.judge(await bent(it, {})), "ok");
});

// attack 1
test("a service refuses a token that needs no signature", async () => {
  const it = await makeService();
  const spellings = ["none", "None", "NONE", "nOnE", "nonE", " none", "none ", "none\0", "no\u200bne", "", "null", "undefined", "0", "plain", "unsecured", "n\u043ene", "none,EdDSA"];

  for (const alg of [...spellings, null, 0, ["none"], ["EdDSA"], { alg: "EdDSA" }, true]) {
    const token = await bent(it, { alg });
    const [header, body] = token.split(".");
    for (const one of [token, `${header}.${body}.`, `${header}.${body}`]) await it.refuses(one, `alg ${JSON.stringify(alg)}`);
  }
  const good = await it.issuer.token();
  await it.refuses(await bent(it, {}, { without: "alg" }), "alg absent");
  await it.refuses(`${good.slice(0, good.lastIndexOf("."))}.`, "an honest header without a signature");
});

// attack 2, 3
test("at a service nothing public or guessable is an HMAC secret", async () => {
  for (const algorithm of ["EdDSA", "ES256", "RS256"]) {
    const it = await makeService({ algorithm });
    const [jwk] = it.issuer.jwks().keys;
    const numbers = [jwk.x, jwk.y, jwk.n].filter(Boolean);
    const secrets = ["", "secret", "your-secret-key", "changeme", JSON.stringify(jwk), ...numbers, ...numbers.map((number) => Buffer.from(number, "base64url"))];
    for (const [alg, hash] of [["HS256", "sha256"], ["HS384", "sha384"], ["HS512", "sha512"]]) {
      for (const secret of secrets) {
        const signed = `${text({ ...it.issuer.header(), alg })}.${text(await claims(it))}`;
        await it.refuses(`${signed}.${createHmac(hash, secret).update(signed).digest("base64url")}`, `${alg} by what is public`);
      }
    }
  }
});

// attack 4, 29
test("a service compares a key id and never opens it", async () => {
  const it = await makeService();
  const names = ["../../../../dev/null", "/dev/null", "file:///etc/passwd", "' UNION SELECT 'secret' --", "| sleep 10", "http://127.0.0.1:1/key.pem", "${jndi:ldap://127.0.0.1:1/x}", "key\r\nX-Injected: 1", "key\0", "", "k".repeat(3000), "__proto__", "constructor", "size"];

  for (const kid of [...names, null, 7, ["a"], { kid: "a" }, true]) await it.refuses(await bent(it, { kid }), `kid ${JSON.stringify(kid)}`);
  await it.refuses(await bent(it, {}, { without: "kid" }), "kid absent");
  assert.equal(it.issuer.fetches, 1, "made-up names cost the issuer nothing");
});

// attack 5, 6
test("at a service a key that comes with the token is no key, and nothing is fetched", async () => {
  const it = await makeService();
  const thief = await makeService();
  const [jwk] = thief.issuer.jwks().keys;
  const elsewhere = "https://evil.test/jwks.json";
  const asked = [];
  const { fetch } = it.issuer.guardOptions;
  const watched = await makeService({}, { ...it.issuer.guardOptions, fetch: (url, options) => (asked.push(url), fetch(url, options)) });

  for (const more of [{ jwk }, { x5c: ["MIIB"] }, { jku: elsewhere }, { x5u: elsewhere }, { jwk: { kty: "oct", k: "AAAA" } }]) {
    await it.refuses(await bent(it, more), "beside a good signature");
    await it.refuses(await thief.issuer.sign({ ...it.issuer.header(), ...more }, await claims(it)), "for a signature by it");
    watched.good = await it.issuer.token();
    await watched.refuses(await bent(it, more), "by a guard that is watched");
  }
  await it.refuses(await thief.issuer.sign(it.issuer.header(), await claims(it)), "a foreign key under our name");
  assert.deepEqual(asked, ["https://auth.test/.well-known/jwks.json"]);
});

// attack 7, 8
test("a service refuses an extension that must be understood", async () => {
  const it = await makeService();

  for (const crit of [["x"], [], ["exp"], "exp", {}, null, [1], ["b64"], true]) await it.refuses(await bent(it, { crit, x: 1 }), `crit ${JSON.stringify(crit)}`);
  await it.refuses(await bent(it, { b64: false }), "b64 alone");
  await it.refuses(await bent(it, { b64: false, crit: ["b64"] }), "RFC 7797");
});

// attack 9, 10
test("to a service only a plain signed token is a token", async () => {
  const it = await makeService();
  const good = await it.issuer.token();
  const [head, body, tail] = good.split(".");

  for (const more of [{ zip: "DEF" }, { alg: "dir", enc: "A256GCM" }, { alg: "PBES2-HS256+A128KW", p2c: 2 ** 31 - 1 }, { cty: "JWT" }, { epk: {} }]) {
    await it.refuses(await bent(it, more), JSON.stringify(more));
  }
  await it.refuses(await it.issuer.sign(it.issuer.header(), JSON.stringify(good)), "a token inside a token");
  await it.refuses(`${head}.${body}.${tail}.${body}.${tail}`, "five segments");
  for (const shape of [{ protected: head, payload: body, signature: tail }, { payload: body, signatures: [{ protected: head, signature: tail }] }]) {
    const answer = await it.ask(`Bearer ${JSON.stringify(shape)}`);
    assert.equal((await answer.json()).code, "TOKEN_INVALID", "JSON serialisation");
  }
});

// attack 11, 12
test("a service refuses absurd shapes, fast, and the stack holds", async () => {
  const it = await makeService();
  const started = performance.now();
  const deep = `${"[".repeat(2500)}${"]".repeat(2500)}`;
  const wide = Object.fromEntries([...Array(500)].map((_, n) => [`m${n}`, 1]));

  for (const size of [8193, 100_000, 1_000_000]) await it.refuses("a".repeat(size), `${size} bytes`);
  await it.refuses(await it.issuer.token({ more: "x".repeat(7000) }), "9 KB, well signed");
  await it.refuses(await bent(it, wide), "a wide header");
  await it.refuses(await it.issuer.sign(`{"typ":"at+jwt","alg":"EdDSA","kid":"${it.issuer.header().kid}","x":${deep}}`, {}), "a deep header");
  await it.refuses(await it.issuer.token({ deep: JSON.parse("[".repeat(17) + "]".repeat(17)) }), "deep claims");
  assert.equal(await it.judge(await it.issuer.token({ deep: JSON.parse("[".repeat(15) + "]".repeat(15)) })), "ok", "as deep as may be");
  assert.ok(performance.now() - started < 5000);
});

// attack 13
test("a service refuses a member that stands twice, however it is spelt and wherever", async () => {
  const it = await makeService();
  const { typ, alg, kid } = it.issuer.header();
  const body = JSON.stringify(await claims(it));
  const twice = (member) => body.replace("{", `{${member},`);

  for (const head of [`{"alg":"none","typ":"${typ}","alg":"${alg}","kid":"${kid}"}`, `{"typ":"${typ}","alg":"${alg}","kid":"${kid}","\\u006bid":"${kid}"}`]) {
    await it.refuses(await it.issuer.sign(head, body), head);
  }
  for (const member of ['"sub":"usr_other"', '"exp":1', '"roles":["admin"]', '"s\\u0075b":"usr_other"', '"x":[{"a":{"b":1,"b":2}}]']) {
    await it.refuses(await it.issuer.sign({ typ, alg, kid }, twice(member)), member);
  }
  assert.equal(await it.judge(await it.issuer.sign({ typ, alg, kid }, twice('"x":[{"a":1},{"a":"\\"a\\":1,{"}],"y":{"a":{"a":1}}'))), "ok", "one name in several objects, and in texts");
});

// attack 19
test("to a service another kind of token is not an access token", async () => {
  const it = await makeService();

  for (const typ of ["JWT", "jwt", "rt+jwt", "id+jwt", "logout+jwt", "secevent+jwt", "dpop+jwt", "statuslist+jwt", "", "at+jwt+", "at jwt", "application/", null, 1, ["at+jwt"]]) {
    await it.refuses(await bent(it, { typ }), `typ ${JSON.stringify(typ)}`);
  }
  await it.refuses(await bent(it, {}, { without: "typ" }), "typ absent");
  for (const typ of ["AT+JWT", "application/at+jwt"]) assert.equal(await it.judge(await bent(it, { typ })), "ok", "RFC 7515 section 4.1.9");
});

// attack 28
test("at a service a key serves one algorithm in one spelling", async () => {
  for (const algorithm of ["EdDSA", "ES256", "RS256", "PS256"]) {
    const it = await makeService({ algorithm });
    for (const alg of ["EdDSA", "eddsa", "Ed25519", "ES256", "es256", "ES384", "RS256", "RS512", "PS256", "PS512", "HS256", `${algorithm} `]) {
      if (alg === algorithm) assert.equal(await it.judge(await bent(it, { alg })), "ok");
      else await it.refuses(await bent(it, { alg }), `${alg} by a key for ${algorithm}`);
    }
  }
});
