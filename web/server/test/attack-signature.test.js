// Attacks on the signature and the encoding of an access token, at a service.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeService } from "./support/service.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// attack 27
test("at a service a signature belongs to its own bytes", async () => {
  for (const algorithm of ["EdDSA", "ES256", "RS256", "PS256"]) {
    const it = await makeService({ algorithm });
    const [head, body, tail] = (await it.issuer.token()).split(".");
    const [, other, others] = (await it.issuer.token({ sub: "usr_other" })).split(".");
    const bytes = Buffer.from(tail, "base64url");
    const flipped = (at) => Buffer.from(bytes.map((byte, n) => (n === at ? byte ^ 1 : byte))).toString("base64url");

    for (const [token, reason] of [
      [`${head}.${other}.${tail}`, "another's claims"],
      [`${head}.${body}.${others}`, "another's signature"],
      [`${head}.${body}.${Buffer.from(bytes).reverse().toString("base64url")}`, "reversed"],
      [`${head}.${body}.${bytes.subarray(0, -3).toString("base64url")}`, "cut"],
      [`${head}.${body}.${Buffer.concat([bytes, Buffer.alloc(3)]).toString("base64url")}`, "lengthened"],
      [`${head}.${body}.${Buffer.concat([Buffer.alloc(3), bytes]).toString("base64url")}`, "lengthened in front"],
      [`${head}.${body}.`, "empty"],
      [`${body}.${head}.${tail}`, "swapped"],
      [`${head}.${body}.${flipped(0)}`, "one bit in front"],
      [`${head}.${body}.${flipped(bytes.length - 1)}`, "one bit at the end"],
    ]) await it.refuses(token, `${algorithm}: ${reason}`);
  }
});

// attack 23
test("to a service a token has one spelling", async () => {
  const it = await makeService();
  const good = await it.issuer.token();
  const [head, body, tail] = good.split(".");
  // 64 bytes leave four bits of the last character unused: sixteen texts decode to them in a careless decoder.
  const at = ALPHABET.indexOf(tail.at(-1));
  const twins = [...ALPHABET].filter((letter, n) => n >> 4 === at >> 4 && letter !== tail.at(-1));

  assert.equal(twins.length, 15);
  for (const twin of twins) await it.refuses(`${head}.${body}.${tail.slice(0, -1)}${twin}`, "stray bits");
  for (const [token, reason] of [
    [`${good}=`, "padding"],
    [`${good}==`, "padding"],
    [good.replace(".", "%2E"), "percent"],
    [`${good}?`, "a question mark"],
    [`${head}.?${body}.${tail}`, "a question mark inside"],
    [`${head}..${tail}`, "no claims"],
    [`.${good}`, "a leading dot"],
    [`${good}.`, "a trailing dot"],
    [`'${good}'`, "quotes"],
    [`${head}.${body}.${tail.slice(0, -2)}+/`, "the other alphabet"],
    [`${head}.${body}.${tail}A`, "a rest of one letter"],
  ]) await it.refuses(token, reason);
});

// attack 26
test("a service refuses Ed25519 signatures of no key", async () => {
  const it = await makeService();
  const [head, body, tail] = (await it.issuer.token()).split(".");
  const bytes = Buffer.from(tail, "base64url");
  const r = bytes.subarray(0, 32);
  // The group order, little-endian (RFC 8032 section 5.1): S + L is another number with the same effect.
  const order = Buffer.from("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010", "hex");
  let carry = 0;
  const lifted = Buffer.from(bytes.subarray(32).map((byte, n) => ((carry = byte + order[n] + (carry >> 8)), carry & 255)));
  const identity = Buffer.alloc(32);
  identity[0] = 1;

  for (const [reason, forged] of Object.entries({
    zero: Buffer.alloc(64),
    "S = 0": Buffer.concat([r, Buffer.alloc(32)]),
    "R the identity, S = 0": Buffer.concat([identity, Buffer.alloc(32)]),
    "S + L": Buffer.concat([r, lifted]),
    "S = L": Buffer.concat([r, order]),
    "all ones": Buffer.alloc(64, 255),
  })) await it.refuses(`${head}.${body}.${forged.toString("base64url")}`, reason);
});

// attack 25
test("a service refuses psychic signatures", async () => {
  const it = await makeService({ algorithm: "ES256" });
  const [head, body, tail] = (await it.issuer.token()).split(".");
  const order = BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const number = (value) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");
  const edges = [0n, 1n, order - 1n, order, 2n ** 256n - 1n].map(number);

  for (const r of edges) for (const s of edges) await it.refuses(`${head}.${body}.${Buffer.concat([r, s]).toString("base64url")}`, "a boundary pair");
  const raw = Buffer.from(tail, "base64url");
  const integer = (bytes) => Buffer.concat([Buffer.from(bytes[0] > 127 ? [2, 33, 0] : [2, 32]), bytes]);
  const pair = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
  await it.refuses(`${head}.${body}.${Buffer.concat([Buffer.from([0x30, pair.length]), pair]).toString("base64url")}`, "DER");
  const [r, s] = [raw.subarray(0, 32), BigInt(`0x${raw.subarray(32).toString("hex")}`)];
  const twin = await it.judge(`${head}.${body}.${Buffer.concat([r, number(order - s)]).toString("base64url")}`);
  assert.equal(twin, "ok", "n - s is a signature too (ECDSA's own twin), and what is revoked goes by id");
});

// attack 24
test("at a service what is revoked is revoked in every spelling, from memory too", async () => {
  const ended = new Set();
  const it = await makeService({ algorithm: "ES256" }, { revocations: { judge: ({ sid, ver }) => (ended.has(sid) ? "ended" : ver < 1 ? "superseded" : "live") } });
  const token = await it.issuer.token({ sid: "ses_1" });
  assert.equal(await it.judge(token), "ok");
  assert.equal(await it.judge(token), "ok");

  ended.add("ses_1");

  const answer = await it.ask(`Bearer ${token}`);
  assert.equal(answer.headers.get("WWW-Authenticate"), 'Bearer error="invalid_token", error_description="revoked"');
  assert.equal((await answer.json()).code, "TOKEN_REVOKED");
  assert.equal(await it.judge(await it.issuer.token({ sid: "ses_1" })), "TOKEN_REVOKED", "a newer token of the ended session");
  assert.equal(await it.judge(await it.issuer.token({ ver: 0 })), "TOKEN_EXPIRED", "superseded: refresh and go on");
  for (const twin of [`${token}=`, token.replace(".", "%2E"), `${token}.`]) assert.equal((await it.ask(`Bearer ${twin}`)).status, 401);
  assert.equal(await it.judge(await it.issuer.token({ sid: "ses_2" })), "ok", "others go on");
});
