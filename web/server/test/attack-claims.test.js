// Attacks on the claims of an access token, at a service: rightly signed, wrongly said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeService } from "./support/service.js";

/** Signs a text of claims; `change` bends the text of good ones. */
async function raw(it, change) {
  const good = Buffer.from((await it.issuer.token()).split(".")[1], "base64url").toString();
  return it.issuer.sign(it.issuer.header(), change(good));
}

// attack 14
test("a service wants a whole number in the future for exp", async () => {
  const it = await makeService();
  const exp = it.time / 1000 + 900;

  for (const value of [undefined, null, true, "x", `${exp}`, [exp], {}, 1.5, exp + 0.5, -1, 0]) await it.refuses(await it.issuer.token({ exp: value }), `exp ${JSON.stringify(value)}`);
  for (const number of ["1e400", "1e300", "NaN", "Infinity", "9223372036854775808", "18446744075509551615", "0x7fffffff", "01", "1_000"]) {
    await it.refuses(await raw(it, (text) => text.replace(`"exp":${exp}`, `"exp":${number}`)), `exp ${number}`);
  }
});

// attack 15
test("a service says expired only of an authentic token", async () => {
  const it = await makeService();
  const old = await it.issuer.expiredToken();
  const answer = await it.ask(`Bearer ${old}`);

  assert.deepEqual([answer.status, (await answer.json()).code], [401, "TOKEN_EXPIRED"]);
  assert.equal(answer.headers.get("WWW-Authenticate"), 'Bearer error="invalid_token", error_description="expired"');
  const [head, body] = old.split(".");
  const [, , foreign] = (await (await makeService()).issuer.expiredToken()).split(".");
  await it.refuses(`${head}.${body}.${foreign}`, "a bad signature says nothing about time");
  await it.refuses(await it.issuer.expiredToken({ aud: "other" }), "nor does a token for somebody else");
  await it.refuses(await it.issuer.expiredToken({ sid: 1 }), "nor one that is wrong otherwise");
});

test("clocks may differ by as much as was said, and by 30 seconds at most", async () => {
  for (const [clockSkewSeconds, grace] of [[undefined, 10], [0, 0], [30, 30]]) {
    const it = await makeService({}, clockSkewSeconds === undefined ? {} : { clockSkewSeconds });
    const token = await it.issuer.token();
    const early = await it.issuer.token({ iat: it.time / 1000 + grace });
    const tooEarly = await it.issuer.token({ iat: it.time / 1000 + grace + 1 });
    assert.deepEqual([await it.judge(early), await it.judge(tooEarly)], ["ok", "TOKEN_INVALID"]);

    it.time += (900 + grace) * 1000 - 1;
    assert.equal(await it.judge(token), "ok", `a moment before, with ${grace} s`);
    it.time += 1;
    assert.equal(await it.judge(token), "TOKEN_EXPIRED", `on the second, with ${grace} s`);
  }
  for (const clockSkewSeconds of [31, -1, NaN, Infinity, "10 s"]) await assert.rejects(makeService({}, { clockSkewSeconds }), TypeError);
});

// attack 16
test("a service refuses a token from the future", async () => {
  const it = await makeService();
  const later = it.time / 1000 + 600;

  await it.refuses(await it.issuer.token({ nbf: later }), "nbf");
  await it.refuses(await it.issuer.token({ iat: later }), "iat");
  await it.refuses(await it.issuer.token({ iat: undefined }), "iat absent");
  await it.refuses(await it.issuer.token({ iat: later - 600 + 5, exp: later - 600 + 5 }), "a life of nothing");
  for (const value of [null, "now", [1], true, 1.5]) {
    await it.refuses(await it.issuer.token({ nbf: value }), `nbf ${JSON.stringify(value)}`);
    await it.refuses(await it.issuer.token({ iat: value }), `iat ${JSON.stringify(value)}`);
  }
});

// attack 17, 18
test("a service compares issuer and audience exactly", async () => {
  const it = await makeService({ audience: "https://api.test" });
  for (const [name, ours] of [["iss", "https://auth.test"], ["aud", "https://api.test"]]) {
    const wrong = [`${ours}/`, ours.toUpperCase(), `${ours}.evil.test`, ` ${ours}`, `${ours} `, ours.replace("a", "\u0430"), ours.replace("https", "http"), ours.slice(8), ours.slice(0, -1), "", "https://evil.test"];
    for (const value of [...wrong, undefined, null, 1, [], { 0: ours }, [[ours]], [1], true]) await it.refuses(await it.issuer.token({ [name]: value }), `${name} ${JSON.stringify(value)}`);
  }
  await it.refuses(await it.issuer.token({ iss: ["https://auth.test"] }), "a list is no issuer");
  await it.refuses(await it.issuer.token({ aud: ["https://api.test", 1] }), "a list of texts and others");
  assert.equal(await it.judge(await it.issuer.token({ aud: ["https://other.test", "https://api.test"] })), "ok", "one of several");
});

// attack 30, 31
test("a service refuses claims that are missing or mistyped, and never fails on them", async () => {
  const it = await makeService();

  for (const name of ["sub", "sid", "jti"]) {
    for (const value of [undefined, null, "", [], {}, 1, true, "x".repeat(5000)]) await it.refuses(await it.issuer.token({ [name]: value }), `${name} ${JSON.stringify(value)}`);
  }
  for (const ver of [undefined, null, "1", -1, 1.5, [1], true, {}]) await it.refuses(await it.issuer.token({ ver }), `ver ${JSON.stringify(ver)}`);
  for (const roles of ["admin", { 0: "admin" }, [["admin"]], [1], null]) await it.refuses(await it.issuer.token({ roles }), `roles ${JSON.stringify(roles)}`);
  for (const more of [{ permissions: "all" }, { scope: ["all"] }, { amr: "mfa" }, { auth_time: "now" }, { acr: 2 }, { email: null }]) await it.refuses(await it.issuer.token(more), JSON.stringify(more));
  await it.refuses(await it.issuer.token({ sub: undefined, userId: "usr_1" }), "`sub` is the one name of the person");
});

// attack 32
test("a service reads claims as UTF-8 and as nothing else", async () => {
  const it = await makeService();

  await it.refuses(await raw(it, (text) => `\ufeff${text}`), "a byte-order mark");
  await it.refuses(await raw(it, (text) => text.replace("{", '{"x":"\\ud800",')), "a lone surrogate");
  await it.refuses(await raw(it, (text) => text.replace("{", '{"\\udc00x":1,')), "a lone surrogate in a name");
  assert.equal(await it.judge(await raw(it, (text) => text.replace("{", '{"x":"\\ud83d\\ude00😀",'))), "ok", "a pair");
  for (const shape of ["[]", "{", "null", "1", '"x"', "", "{}x", "{'a':1}"]) await it.refuses(await it.issuer.sign(it.issuer.header(), shape), shape);
  const [head, , tail] = (await it.issuer.token()).split(".");
  for (const bytes of [[0x7b, 0xff, 0x7d], [0xff, 0xfe, 0x7b, 0, 0x7d, 0]]) await it.refuses(`${head}.${Buffer.from(bytes).toString("base64url")}.${tail}`, "other bytes");
});

test("nobody changes what another request reads", async () => {
  const it = await makeService();
  const token = await it.issuer.token({ roles: ["member"], org: { id: 1 } });
  const first = await it.guard.verify(token);

  assert.throws(() => first.roles.push("admin"), TypeError);
  assert.throws(() => (first.claims.org.id = 2), TypeError);
  first.expiresAt.setTime(0);

  const second = await it.guard.verify(token);
  assert.deepEqual([second.roles, second.claims.org.id, second.expiresAt.getTime()], [["member"], 1, it.time + 900_000]);
});
