// S13 to S17: what follows when a refresh fails. Only the server's word ends a session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeBrowser } from "./support/browser.js";
import { lost, refusal, reply } from "./support/server.js";

const MINUTE = 60_000;
const page = (status) => new Response("<html>", { status, headers: { "Content-Type": "text/html" } });

test("S13 without a network the tries back off to thirty seconds, the status is offline, and the session is kept", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  tab.chance = 0.999;
  tab.isOffline = true;
  const tries = [];
  const fetch = tab.world.fetch;
  tab.world.fetch = (...asked) => (tries.push(it.time.mono), fetch(...asked));

  await it.time.advance(11 * MINUTE + 16_000);
  assert.equal(tab.client.snapshot().status, "offline");
  assert.equal(tab.client.snapshot().user.name, "Ada");
  await it.time.advance(2 * MINUTE);

  const waits = tries.slice(1).map((at, index) => Math.round((at - tries[index]) / 500) / 2);
  assert.deepEqual(waits.slice(0, 7), [0.5, 1, 2, 4, 8, 16, 30]);
  assert.deepEqual(tab.kinds().filter((kind) => kind === "offline" || kind === "signedOut"), ["offline"]);
});

test("S13 the wait is a matter of chance, so that a thousand clients do not come together", async () => {
  const waited = [];
  for (const chance of [0, 0.5]) {
    const it = makeBrowser();
    const tab = await it.signedIn();
    it.server.next("/api/auth/refresh", lost);
    tab.chance = chance;
    await it.time.until(tab.client.refresh());
    await it.time.advance(1_000);
    const [first, second] = it.server.refreshes();
    waited.push(second.at - first.at);
  }
  assert.ok(waited[0] < waited[1] && waited[1] >= 250 && waited[1] < 300, `${waited}`);
});

for (const [what, answer] of [["a 500", () => refusal(500, "INTERNAL")], ["a 503", () => refusal(503, "OVERLOADED")], ["a page of the hotel's network", () => page(200)], ["a proxy's 502", () => page(502)], ["an answer that breaks off", () => new Response(new ReadableStream({ start: (it) => (it.enqueue(new TextEncoder().encode('{"acc')), it.error(new TypeError("terminated"))) }), { headers: { "Content-Type": "application/json" } })]]) {
  test(`S13 ${what} keeps the session, and the next answer brings it back`, async () => {
    const it = makeBrowser();
    const tab = await it.signedIn();
    it.server.next("/api/auth/refresh", answer);

    await it.time.until(tab.client.refresh());
    assert.equal(tab.client.snapshot().status, "offline");
    await it.time.advance(1_000);

    assert.equal(tab.client.snapshot().status, "signedIn");
    assert.deepEqual(tab.kinds(), ["error", "offline", "online", "refreshed"]);
  });
}

test("S13 no answer within ten seconds is a failure", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/refresh", () => new Promise(() => {}));

  const { error, ms } = await it.time.until(tab.client.refresh());

  assert.equal(error.code, "TIMEOUT");
  assert.ok(ms >= 10_000 && ms < 10_100, `${ms} ms`);
  assert.equal(tab.client.snapshot().status, "offline");
});

test("S13 a refresh that fails while the token still works disturbs nobody", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.always("/api/auth/refresh", lost);
  await it.time.advance(12 * MINUTE);

  const { value } = await it.time.until(tab.client.fetch("/orders"));

  assert.equal(value.status, 200);
});

test("S13 a first page without a network is offline, and signed in when it is there", async () => {
  const it = makeBrowser();
  await it.signedIn();
  it.server.next("/api/auth/refresh", lost);

  const tab = it.tab();
  assert.equal((await it.time.until(tab.client.ready)).value.status, "offline");
  await it.time.advance(5_000);

  assert.equal(tab.client.snapshot().status, "signedIn");
});

for (const [what, answer] of [["in the body", () => refusal(429, "RATE_LIMITED", { retryAfter: 40 })], ["in the header alone", () => new Response("", { status: 429, headers: { "Retry-After": "40" } })]]) {
  test(`S14 a Retry-After ${what} is honoured, whoever asks and whoever comes back`, async () => {
    const it = makeBrowser();
    const tab = await it.signedIn();
    await it.time.advance(11 * MINUTE);
    it.server.next("/api/auth/refresh", answer);
    const { error } = await it.time.until(tab.client.refresh());
    assert.equal(error.retryAfter, 40);

    await it.time.advance(39_000);
    tab.fire("focus");
    tab.fire("online");
    await it.time.advance(500);
    assert.equal(it.server.refreshes().length, 1);
    await it.time.advance(1_000);

    assert.equal(it.server.refreshes().length, 2);
    assert.equal(tab.client.snapshot().status, "signedIn");
  });
}

test("S15 what a retry does not mend is not asked about for a minute, however many callers come", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  await it.time.sleep(20 * MINUTE);
  const stop = it.server.always("/api/auth/refresh", () => refusal(403, "CSRF_INVALID"));

  for (let n = 0; n < 50; n += 1) {
    const { error } = await it.time.until(tab.client.getToken());
    assert.equal(error.code, "CSRF_INVALID");
    await it.time.advance(1_000);
  }
  assert.equal(it.server.refreshes().length, 1);
  stop();
  await it.time.advance(15_000);

  assert.equal(tab.client.snapshot().status, "signedIn");
  assert.ok((await it.time.until(tab.client.getToken())).value);
});

for (const [what, mend] of [["going online", (tab) => tab.fire("online")], ["a person who comes back", (tab) => tab.show()], ["a person's own wish", (tab) => tab.client.refresh().catch(() => {})]]) {
  test(`S15 ${what} ends the wait`, async () => {
    const it = makeBrowser();
    const tab = await it.signedIn();
    await it.time.sleep(20 * MINUTE);
    it.server.next("/api/auth/refresh", () => refusal(403, "CSRF_INVALID"));
    await it.time.until(tab.client.getToken());
    await it.time.advance(6_000);

    mend(tab);
    await it.time.advance(100);

    assert.equal(it.server.refreshes().length, 2);
    assert.ok((await it.time.until(tab.client.getToken())).value);
  });
}

test("S15 another tab's success ends the wait", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  await it.time.sleep(20 * MINUTE);
  it.server.next("/api/auth/refresh", () => refusal(403, "CSRF_INVALID"));
  await it.time.until(one.client.getToken());

  await it.time.until(other.client.getToken());
  await it.time.advance(10);

  assert.ok((await it.time.until(one.client.getToken())).value);
  assert.equal(it.server.refreshes().length, 2);
});

test("S16 a lost answer is asked for again with the same attempt id, and nobody hears of more than that", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn({ options: { debug: true } });
  // The server writes, and the answer with its cookie is lost.
  it.server.next("/api/auth/refresh", async (_question, serve) => {
    const cookie = it.jar.refresh;
    await serve();
    it.jar.refresh = cookie;
    throw new TypeError("fetch failed");
  });

  await it.time.until(tab.client.refresh());
  await it.time.advance(60_000);
  await it.time.advance(1_000);

  const [first, second] = it.server.refreshes();
  assert.match(first.body.attemptId, /^[\w-]{22}$/);
  assert.equal(second.body.attemptId, first.body.attemptId);
  assert.match((await it.time.until(tab.client.diagnose())).value, /\\"case\\":\\"6\\"/);
  assert.deepEqual(tab.kinds().filter((kind) => kind !== "online" && kind !== "error" && kind !== "offline"), ["refreshed"]);
  assert.equal(it.server.rotations, 1);
});

test("S16 an id is stored before it is sent, shared by the tabs, and replaced after a full answer only", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  const stored = [];
  const isStored = ({ body }) => stored.push([...it.stored.values()].join(" ").includes(body.attemptId));
  it.server.always("/api/auth/refresh", (question, serve) => (isStored(question), serve()));
  it.server.next("/api/auth/refresh", (question) => (isStored(question), lost()));

  await it.time.until(one.client.refresh());
  await it.time.until(other.client.refresh());
  await it.time.until(one.client.refresh());
  const [first, second, third] = it.server.refreshes();

  assert.equal(second.body.attemptId, first.body.attemptId, "a lost answer is no answer");
  assert.notEqual(third.body.attemptId, first.body.attemptId, "a full one is");
  assert.equal(third.body.lastAttemptId, first.body.attemptId);
  assert.deepEqual(stored, [true, true, true]);
});

test("S16 an answer that comes late drops no id that was pending after it", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  it.server.next("/api/auth/refresh", async (_question, serve) => {
    const answer = await serve();
    await new Promise((resolve) => it.time.set(resolve, 9_000));
    return answer;
  });
  const slow = one.client.refresh();
  await it.time.advance(10);
  // The lock is not given in three seconds: the other tab goes without, twice, and loses the second answer.
  await it.time.until(other.client.refresh());
  it.server.next("/api/auth/refresh", lost);
  other.client.refresh().catch(() => {});
  await it.time.until(slow);
  await it.time.advance(10_000);

  const ids = it.server.refreshes().map(({ body }) => body.attemptId);
  assert.equal(ids[1], ids[0]);
  assert.notEqual(ids[2], ids[1]);
  assert.equal(ids[3], ids[2], "the lost one is asked again by its own id");
});

test("S16 a thin answer is a good one and replaces no id", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/refresh", async (_question, serve) => reply(200, { ...(await (await serve()).json()), rotated: false }));

  const before = (await it.time.until(tab.client.getToken())).value;
  await it.time.until(tab.client.refresh());
  const after = (await it.time.until(tab.client.getToken())).value;
  await it.time.until(tab.client.refresh());

  const [first, second] = it.server.refreshes();
  assert.notEqual(after, before);
  assert.equal(second.body.attemptId, first.body.attemptId);
});

test("S16 where nothing can be stored no id is sent", async () => {
  for (const storageFault of ["full", "forbidden"]) {
    const it = makeBrowser();
    const tab = await it.signedIn();
    tab.storageFault = storageFault;

    await it.time.until(tab.client.refresh());

    assert.deepEqual(it.server.refreshes()[0].body, {});
  }
});

test("S16 a new session begins with new ids", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  await it.time.until(tab.client.refresh());
  await it.time.until(tab.client.signIn.password({ email: "bob@example.test", password: "right" }));

  await it.time.until(tab.client.refresh());

  const [first, second] = it.server.refreshes();
  assert.notEqual(second.body.attemptId, first.body.attemptId);
  assert.equal(second.body.lastAttemptId, undefined);
});

test("S17 each 401 code of the API ends the session, with a reason to tell", async () => {
  const reasons = { TOKEN_EXPIRED: "expired", TOKEN_INVALID: "expired", TOKEN_MISSING: "expired", TOKEN_REVOKED: "revoked", TOKEN_REUSED: "reused", INVALID_TOKEN: "expired", AUTH_ERROR: "expired" };
  for (const [code, reason] of Object.entries(reasons)) {
    const it = makeBrowser();
    const tab = await it.signedIn();
    it.server.next("/api/auth/refresh", () => refusal(401, code));

    await it.time.until(tab.client.refresh());
    await it.time.advance(10);

    assert.equal(tab.client.snapshot().status, "signedOut", code);
    assert.equal(tab.heard.find(([kind]) => kind === "signedOut")[1].reason, reason);
    assert.equal((await it.time.until(tab.client.getToken())).value, null);
  }
});

test("S17 a 401 of a proxy, and every other refusal, ends nothing", async () => {
  for (const answer of [() => page(401), () => refusal(401, "NOT_OURS"), () => refusal(403, "FORBIDDEN"), () => refusal(403, "TOKEN_INVALID"), () => refusal(503, "TOKEN_EXPIRED"), () => refusal(400, "VALIDATION_FAILED"), () => refusal(404, "NOT_FOUND"), () => refusal(429, "RATE_LIMITED")]) {
    const it = makeBrowser();
    const tab = await it.signedIn();
    it.server.next("/api/auth/refresh", answer);

    await it.time.until(tab.client.refresh());
    await it.time.advance(90_000);

    assert.equal(tab.client.snapshot().user.name, "Ada");
    assert.ok(!tab.kinds().includes("signedOut"));
    assert.ok((await it.time.until(tab.client.getToken())).value);
  }
});

test("S17 a session that ends in one tab ends in the others without a question of theirs", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  it.server.revoke();

  await it.time.until(one.client.refresh());
  await it.time.advance(10);

  assert.deepEqual(other.heard, [["signedOut", { reason: "revoked" }]]);
  assert.equal(it.server.refreshes().length, 1);
});
