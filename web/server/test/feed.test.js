// The feed of revocations: what is held, when it is believed, and what goes on when it fails.

import assert from "node:assert/strict";
import { test } from "node:test";
import { followRevocations } from "../dist/feed.js";
import { createGuard, isAuthError } from "../dist/index.js";
import { createTestIssuer } from "../dist/testing.js";
import { ISSUER, KEY, makeFeed, settle } from "./support/feed.js";

/** A service that follows the feed. Timers are the test's. */
async function follow(t, { algorithm, ...options } = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const it = await makeFeed(algorithm);
  it.troubles = [];
  it.feed = followRevocations({ issuer: ISSUER, key: KEY, fetch: it.fetch, now: () => it.time, random: () => 0.5, onTrouble: (why) => it.troubles.push(why), ...options });
  t.after(() => it.feed.close());
  it.issuer = await createTestIssuer({ issuer: ISSUER, now: () => it.time, lifetimeSeconds: 86_400 });
  it.guard = createGuard({ ...it.issuer.guardOptions, revocations: it.feed });
  it.judge = async (claims) => it.guard.verify(await it.issuer.token(claims)).then(({ isStale }) => (isStale ? "flagged" : "ok"), ({ code }) => code);
  /** The time of timers and of the clock goes on together. */
  it.pass = async (seconds) => {
    it.time += seconds * 1000;
    t.mock.timers.tick(seconds * 1000);
    await settle();
  };
  /** The next connection is there after its pause. */
  it.again = async (seconds = 1) => {
    const before = it.connections.length;
    await settle(() => it.troubles.length >= before);
    await it.pass(seconds);
    await settle(() => it.connections.length > before);
  };
  await settle(() => it.connections.length);
  return it;
}

test("the key and nothing else is sent, and nobody is let in before the first heartbeat", async (t) => {
  const it = await follow(t);
  const { Authorization, "Last-Event-ID": id } = it.connections[0].headers;
  assert.deepEqual([Authorization, id], [`Bearer ${KEY}`, undefined]);
  assert.equal(it.connections[0].redirect, "manual", "nobody else is given the key");
  assert.equal(await it.judge(), "OVERLOADED");

  it.snapshot({ sid: "ses_old" });
  await it.dealt();
  assert.equal(await it.judge(), "OVERLOADED", "a snapshot alone is not the whole");
  await it.beat();
  await it.feed.ready;

  assert.deepEqual([await it.judge(), await it.judge({ sid: "ses_old" })], ["ok", "TOKEN_REVOKED"]);
  assert.deepEqual(it.feed.status(), { isCurrent: true, stalenessSeconds: 0, size: 1, lastEventId: it.id() });
});

test("a token, a session, a person below a version, and a key are taken back", async (t) => {
  const it = await follow(t);
  await it.beat();
  const { kid } = it.issuer.header();

  it.revoke({ jti: "tok_gone" });
  it.revoke({ sid: "ses_gone", reason: "signed_out" });
  it.revoke({ sub: "usr_gone", below: 4 });
  it.revoke({ sub: "usr_changed", below: 4, except: "ses_here", reason: "password_changed" });
  it.revoke({ sub: "usr_demoted", below: 4, effect: "superseded" });
  await it.dealt();

  const table = [
    [{ jti: "tok_gone" }, "TOKEN_REVOKED"],
    [{ sid: "ses_gone" }, "TOKEN_REVOKED"],
    [{ sub: "usr_gone", ver: 3 }, "TOKEN_REVOKED"],
    [{ sub: "usr_gone", ver: 4 }, "ok"],
    [{ sub: "usr_changed", ver: 3, sid: "ses_there" }, "TOKEN_REVOKED"],
    [{ sub: "usr_changed", ver: 3, sid: "ses_here" }, "TOKEN_EXPIRED"],
    [{ sub: "usr_changed", ver: 4, sid: "ses_there" }, "ok"],
    [{ sub: "usr_demoted", ver: 3 }, "TOKEN_EXPIRED"],
    [{ sub: "usr_demoted", ver: 3, sid: "ses_gone" }, "TOKEN_REVOKED"],
    [{ sub: "usr_other", jti: "ses_gone", sid: "tok_gone" }, "ok"],
  ];
  for (const [claims, wanted] of table) assert.equal(await it.judge(claims), wanted, JSON.stringify(claims));

  it.revoke({ kid, effect: "superseded" });
  await it.dealt();
  assert.equal(await it.judge(), "TOKEN_EXPIRED");
  await it.issuer.rotate();
  it.time += 31_000;
  assert.equal(await it.judge(), "ok", "by the next key");
});

test("a remembered token is asked about each time", async (t) => {
  const it = await follow(t);
  await it.beat();
  const token = await it.issuer.token({ sid: "ses_1" });
  await it.guard.verify(token);

  it.revoke({ sid: "ses_1" });
  await it.dealt();

  await assert.rejects(it.guard.verify(token), (error) => isAuthError(error, "TOKEN_REVOKED"));
});

test("what cannot be read means more rather than less, and what is new is passed over", async (t) => {
  const it = await follow(t);
  it.revoke({ sid: "ses_1", effect: "obliterated" });
  it.revoke({ sub: "usr_1", below: "all" });
  it.revoke({ sid: "ses_2", until: "never" });
  it.revoke({ tenant: "t_1" });
  it.event("weather", "sunny");
  it.send(": a comment\n\n");
  await it.beat();

  assert.deepEqual(await Promise.all([{ sid: "ses_1" }, { sub: "usr_1", ver: 1_000_000 }, { sid: "ses_2" }, {}].map(it.judge)), ["TOKEN_REVOKED", "TOKEN_REVOKED", "TOKEN_REVOKED", "ok"]);
  it.time += 7_200_000;
  await it.beat();
  assert.equal(await it.judge({ sid: "ses_2" }), "TOKEN_REVOKED");
});

test("what nobody's token can be meant by is dropped, and not before", async (t) => {
  const it = await follow(t);
  it.revoke({ sid: "ses_1", until: it.until(100) });
  it.revoke({ sid: "ses_1", until: it.until(200) });
  it.revoke({ sid: "ses_2", until: it.until(100) });
  await it.beat();
  assert.equal(it.feed.status().size, 2);

  for (const [seconds, size] of [[99, 2], [61, 1], [61, 0]]) {
    it.time += seconds * 1000;
    await it.beat();
    assert.equal(it.feed.status().size, size, `after another ${seconds} s`);
  }
});

test("a cut connection goes on behind what was dealt with, and forgets nothing", async (t) => {
  const it = await follow(t);
  it.revoke({ sid: "ses_1" });
  await it.beat();
  const id = it.id();
  it.send(`event: revoked\nid: 99-ffffffffffffffff\ndata: {"sid":"ses_cut_off"`);
  it.end();
  await it.again();

  assert.equal(it.connections[1].headers["Last-Event-ID"], id, "an event that was cut off does not count");
  assert.deepEqual([await it.judge({ sid: "ses_1" }), await it.judge()], ["TOKEN_REVOKED", "ok"], "in the meantime too");
  it.revoke({ sid: "ses_2" });
  await it.beat();
  assert.equal(it.feed.status().lastEventId, it.id());
  assert.equal(await it.judge({ sid: "ses_2" }), "TOKEN_REVOKED");
  assert.deepEqual(it.troubles, ["ended by the server"]);
});

test("after a reset the snapshot is merged: what the log has lost is still taken back", async (t) => {
  const it = await follow(t);
  it.revoke({ sid: "ses_1" });
  await it.beat();

  it.log.length = 0;
  it.event("reset", {});
  it.snapshot({ sid: "ses_3" });
  it.snapshot({ sid: "ses_4" });
  await it.beat();
  assert.equal(it.feed.status().lastEventId, it.id());

  it.revoke({ sid: "ses_5" }, { isLost: true });
  it.snapshot({ sid: "ses_5" });
  await it.beat();

  for (const sid of ["ses_1", "ses_3", "ses_4", "ses_5"]) assert.equal(await it.judge({ sid }), "TOKEN_REVOKED", sid);
  assert.deepEqual(it.troubles, []);
});

test("a reset without a snapshot says that nothing is live, and that the history is another", async (t) => {
  const it = await follow(t);
  it.revoke({ sid: "ses_1" });
  await it.beat();

  it.log.length = 0;
  it.event("reset", {});
  await it.beat();

  assert.deepEqual([it.troubles, it.feed.status().lastEventId, await it.judge({ sid: "ses_1" })], [[], it.id(), "TOKEN_REVOKED"]);
});

test("a revocation that was left out on the way is missed at the next heartbeat, and the whole is asked for", async (t) => {
  const it = await follow(t);
  it.snapshot();
  await it.beat();
  it.revoke({ sid: "ses_1" }, { isLost: true });
  await it.beat();
  await it.again();

  assert.deepEqual(it.troubles, ["something was left out on the way"]);
  assert.equal(it.connections[0].isOpen, false);
  assert.equal(it.connections[1].headers["Last-Event-ID"], undefined);
  it.snapshot({ sid: "ses_1" });
  await it.beat();
  assert.equal(it.feed.status().lastEventId, it.id());
  assert.equal(await it.judge({ sid: "ses_1" }), "TOKEN_REVOKED");
});

test("a heartbeat that is not good ends the connection, and makes nothing young", async (t) => {
  const thief = await makeFeed();
  const bad = {
    "another key": (it) => thief.signed({ time: it.time / 1000 }),
    "another type": (it) => it.signed({}, { typ: "at+jwt" }),
    "a prefixed type": (it) => it.signed({}, { typ: "application/countersign-revocation-heartbeat+jwt" }),
    "another issuer": (it) => it.signed({ iss: "https://evil.test" }),
    "another algorithm": (it) => it.signed({}, { alg: "none" }),
    "an unknown key": (it) => it.signed({}, { kid: "key_other" }),
    "a time in words": (it) => it.signed({ time: "now" }),
    "no hash": (it) => it.signed({ hash: undefined }),
    "the future": (it) => it.signed({ time: it.time / 1000 + 31 }),
    "no token": async () => "now",
  };
  for (const [reason, make] of Object.entries(bad)) {
    await t.test(reason, async (t) => {
      const it = await follow(t);
      await it.heartbeat(await make(it));
      await settle(() => it.troubles.length);

      assert.equal(it.troubles.length, 1);
      assert.deepEqual([it.feed.status().isCurrent, it.connections[0].isOpen, await it.judge()], [false, false, "OVERLOADED"]);
    });
  }
});

test("the feed is signed with EdDSA and with nothing else", async (t) => {
  const it = await follow(t, { algorithm: "ES256" });
  await it.beat();
  await settle(() => it.troubles.length);

  assert.deepEqual([it.feed.status().isCurrent, it.troubles], [false, ["a heartbeat of something else"]]);
});

test("staleness is counted from the signed time: an old stream that is played again is found out", async (t) => {
  for (const [whenStale, wanted] of [["refuse", "OVERLOADED"], ["accept-and-flag", "flagged"]]) {
    await t.test(whenStale, async (t) => {
      const it = await follow(t, { whenStale, maxStalenessSeconds: 10 });
      assert.equal(await it.judge(), wanted, "before the first");
      it.revoke({ sid: "ses_1" });
      const recorded = await it.signed();
      await it.heartbeat(recorded);
      assert.equal(await it.judge(), "ok");

      for (let second = 0; second < 11; second += 1) {
        await it.pass(1);
        await it.heartbeat(recorded);
      }

      assert.deepEqual([await it.judge(), await it.judge({ sid: "ses_1" })], [wanted, "TOKEN_REVOKED"]);
      assert.equal(it.feed.status().stalenessSeconds, 11);
      assert.deepEqual(it.troubles, []);
      await it.beat();
      assert.equal(await it.judge(), "ok");
    });
  }
});

test("silence for five seconds ends a connection", async (t) => {
  const it = await follow(t);
  await it.beat();
  await it.pass(4);
  it.send(": still here\n\n");
  await settle();
  await it.pass(4);
  assert.deepEqual(it.troubles, []);

  await it.pass(1);
  await settle(() => it.troubles.length);

  assert.deepEqual(it.troubles, ["nothing came for 5 s"]);
  assert.equal(it.connections[0].isOpen, false);
});

test("it asks again after what the server said, then less and less often, and as late as a Retry-After", async (t) => {
  const it = await follow(t);
  it.send("retry: 2000\n\n");
  await it.dealt();
  it.answer = () => new Response("", { status: 503, headers: { "Retry-After": "20" } });
  it.end();
  await settle(() => it.troubles.length);
  await it.pass(1);
  assert.equal(it.connections.length, 1);
  await it.again(1);
  assert.equal(it.connections.length, 2);
  await settle(() => it.troubles.length === 2);
  await it.pass(19);
  assert.equal(it.connections.length, 2, "not before the Retry-After");
  await it.again(1);
  assert.equal(it.connections.length, 3);

  it.answer = () => Response.json({ code: "TOKEN_INVALID" }, { status: 401 });
  await it.again(20);
  for (const seconds of [16, 30, 30]) {
    const before = it.connections.length;
    await settle(() => it.troubles.length === before);
    await it.pass(seconds - 1);
    assert.equal(it.connections.length, before, `within ${seconds} s`);
    await it.pass(1);
    await settle(() => it.connections.length > before);
    assert.equal(it.connections.length, before + 1);
  }
  assert.ok(it.troubles.at(-1).startsWith("answered 401"));
  assert.ok(!it.troubles.join().includes(KEY));
});

test("events come in pieces, with any line ends", async (t) => {
  const it = await follow(t);
  const bytes = new TextEncoder().encode('event: revoked\r\nid: 1-aa\r\ndata: {"sid":"ses_ö",\r\ndata: "until":"2026-01-02T00:00:00Z"}\r\n\r\nevent:snapshot\rdata:{"revocations":[{"sid":"ses_2"}]}\r\revent: reset\ndata: {}\n\n');
  for (const byte of bytes) it.stream.controller.enqueue(Uint8Array.of(byte));
  await settle(() => it.feed.status().size === 2);
  await it.beat();

  assert.deepEqual([await it.judge({ sid: "ses_ö" }), await it.judge({ sid: "ses_2" }), await it.judge()], ["TOKEN_REVOKED", "TOKEN_REVOKED", "ok"]);
});

test("what is broken is asked for again as a whole", async (t) => {
  for (const [kind, data] of [["revoked", "{"], ["revoked", "[]"], ["snapshot", "{}"], ["snapshot", '{"revocations":"none"}']]) {
    await t.test(`${kind} ${data}`, async (t) => {
      const it = await follow(t);
      it.revoke({ sid: "ses_1" });
      await it.beat();
      it.event(kind, data, kind === "revoked" ? "9-aaaaaaaaaaaaaaaa" : undefined);
      await it.again();
      assert.equal(it.connections[1].headers["Last-Event-ID"], undefined);
      assert.equal(await it.judge({ sid: "ses_1" }), "TOKEN_REVOKED");
    });
  }
});

test("close ends the connection, and nothing is asked afterwards", async (t) => {
  const it = await follow(t);
  await it.beat();

  it.feed.close();
  await settle(() => !it.connections[0].isOpen);
  await it.pass(30);

  assert.deepEqual([it.connections.length, it.connections[0].isOpen, it.troubles], [1, false, []]);
  assert.equal(await it.judge(), "ok", "what is held stays, as long as it is young enough");
});

test("addresses are https, or on this machine", () => {
  for (const options of [{ issuer: "http://auth.test" }, { issuer: ISSUER, url: "http://mirror.test" }, { issuer: ISSUER, jwks: "http://auth.test/keys" }]) {
    assert.throws(() => followRevocations({ key: KEY, ...options }), TypeError);
  }
});
