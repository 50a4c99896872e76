// S18 to S20: a request that was refused, and whether it is sent again.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeBrowser } from "./support/browser.js";
import { claimsOf, refusal } from "./support/server.js";

const paths = (it) => it.server.asked.map(({ path }) => path.split("/").pop());
const foreign = (status, challenge) => () => new Response("no", { status, headers: challenge ? { "WWW-Authenticate": challenge } : {} });

for (const [what, answer] of [
  ["TOKEN_EXPIRED", () => refusal(401, "TOKEN_EXPIRED")],
  ["an invalid_token of a service without our codes", foreign(401, 'Bearer realm="x", error="invalid_token"')],
  ["TOKEN_REVOKED, where the refresh says that all is well", () => refusal(401, "TOKEN_REVOKED")],
  ["TOKEN_INVALID, where the refresh says that all is well", () => refusal(401, "TOKEN_INVALID")],
  ["INVALID_TOKEN of an older server", () => refusal(401, "INVALID_TOKEN")],
]) {
  test(`S18 ${what} leads to a refresh and one repetition`, async () => {
    const it = makeBrowser();
    const { client } = await it.signedIn();
    it.server.next("/orders", answer);

    const { value } = await it.time.until(client.fetch("/orders", { method: "POST", body: "x", headers: { "X-Own": "1" } }));

    assert.equal(value.status, 200);
    assert.deepEqual(paths(it), ["orders", "refresh", "orders"]);
    assert.notEqual(it.server.asked[2].token, it.server.asked[0].token);
    assert.equal(it.server.asked[2].headers.get("X-Own"), "1");
  });
}

for (const [what, answer] of [["a 403", () => refusal(403, "FORBIDDEN")], ["a 403 that says TOKEN_EXPIRED", () => refusal(403, "TOKEN_EXPIRED")], ["a 401 without a word", foreign(401)], ["a 403 with an invalid_token", foreign(403, 'Bearer error="invalid_token"')], ["AUTH_FAILED", () => refusal(401, "AUTH_FAILED")], ["a 500", () => refusal(500, "INTERNAL")]]) {
  test(`S18 ${what} never refreshes`, async () => {
    const it = makeBrowser();
    const { client } = await it.signedIn();
    it.server.next("/orders", answer);

    const { value } = await it.time.until(client.fetch("/orders"));

    assert.ok(value.status >= 401);
    assert.deepEqual(paths(it), ["orders"]);
  });
}

test("S18 a session that has ended is said once, and the answer stands", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.revoke();

  const { value } = await it.time.until(tab.client.fetch("/orders"));
  await it.time.advance(10);

  assert.equal(value.status, 401);
  assert.deepEqual(paths(it), ["orders", "refresh"]);
  assert.deepEqual(tab.heard, [["signedOut", { reason: "revoked", code: "TOKEN_REVOKED" }]]);
});

test("S18 a refresh that cannot be made is an error, and no 401 that an app might take for a sign-out", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));
  it.server.always("/api/auth/refresh", () => Promise.reject(new TypeError("fetch failed")));

  const { error } = await it.time.until(client.fetch("/orders"));

  assert.equal(error.code, "NETWORK");
  assert.equal(client.snapshot().user.name, "Ada");
});

test("S18 a token that was called revoked is used no more while the refresh decides", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.next("/orders", () => refusal(401, "TOKEN_REVOKED"));
  it.server.next("/api/auth/refresh", it.slowly(2_000));

  const first = client.fetch("/orders");
  await it.time.advance(100);
  const second = client.fetch("/other");
  await it.time.advance(100);
  assert.deepEqual(paths(it), ["orders", "refresh"]);
  await it.time.until(Promise.all([first, second]));

  assert.deepEqual(paths(it).sort(), ["orders", "orders", "other", "refresh"]);
});

test("S18 eight refused at once cause one refresh and eight repetitions", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  const old = (await it.time.until(client.getToken())).value;
  it.server.always("/orders", ({ token }, serve) => (token === old ? refusal(401, "TOKEN_EXPIRED") : serve()));

  const { value } = await it.time.until(Promise.all([...Array(8)].map((_, n) => client.fetch(`/orders?${n}`))));

  assert.deepEqual(value.map(({ status }) => status), Array(8).fill(200));
  assert.equal(it.server.refreshes().length, 1);
});

test("S18 one that is refused late, with a token that is no more, takes the new one without a refresh", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.next("/orders", async () => (await new Promise((resolve) => it.time.set(resolve, 5_000)), refusal(401, "TOKEN_EXPIRED")));

  const late = client.fetch("/orders");
  await it.time.advance(100);
  await it.time.until(client.refresh());
  const { value } = await it.time.until(late);

  assert.equal(value.status, 200);
  assert.equal(it.server.refreshes().length, 1);
});

test("S18 a request that somebody began is not repeated in somebody else's name", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.next("/orders", async () => (await new Promise((resolve) => it.time.set(resolve, 5_000)), refusal(401, "TOKEN_EXPIRED")));

  const late = client.fetch("/orders", { method: "POST", body: "Ada's" });
  await it.time.advance(100);
  await it.time.until(client.signIn.password({ email: "bob@example.test", password: "right" }));
  const { error } = await it.time.until(late);

  assert.equal(error.code, "USER_CHANGED");
  assert.equal(it.server.to("/orders").length, 1);
});

test("S19 two fresh tokens refused in a row open the breaker for a minute", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  const stop = it.server.always("/orders", () => refusal(401, "TOKEN_EXPIRED"));

  assert.equal((await it.time.until(client.fetch("/orders"))).value.status, 401);
  assert.equal((await it.time.until(client.fetch("/orders"))).error.code, "AUTH_LOOP");
  for (let n = 0; n < 20; n += 1) assert.equal((await it.time.until(client.fetch("/orders"))).error.code, "AUTH_LOOP");
  assert.equal(it.server.refreshes().length, 2);

  // Others are not concerned, and after a minute it is tried again.
  assert.equal((await it.time.until(client.fetch("/other"))).value.status, 200);
  stop();
  await it.time.advance(60_000);
  assert.equal((await it.time.until(client.fetch("/orders"))).value.status, 200);
});

test("S19 an accepted token closes the count", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  for (const _ of [1, 2, 3]) {
    it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));
    it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));
    assert.equal((await it.time.until(client.fetch("/orders"))).value.status, 401);
    assert.equal((await it.time.until(client.fetch("/orders"))).value.status, 200);
  }
});

const bodies = {
  "a string": () => "text",
  URLSearchParams: () => new URLSearchParams({ a: "1" }),
  FormData: () => Object.assign(new FormData()),
  "a Blob": () => new Blob(["blob"]),
  "a buffer": () => new TextEncoder().encode("buffer"),
};
for (const [what, make] of Object.entries(bodies)) {
  test(`S20 ${what} is sent again`, async () => {
    const it = makeBrowser();
    const { client } = await it.signedIn();
    it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));

    const { value } = await it.time.until(client.fetch("/orders", { method: "POST", body: make() }));

    assert.equal(value.status, 200);
    const [first, , second] = it.server.asked;
    if (what !== "FormData") assert.equal(second.body, first.body);
    assert.equal(typeof second.body, "string");
  });
}

test("S20 a Request is sent again with its body", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));

  const request = new Request("https://app.example.test/orders", { method: "POST", body: "whole", headers: { "X-Own": "1" } });
  const { value } = await it.time.until(client.fetch(request));

  assert.equal(value.status, 200);
  assert.equal(it.server.asked[2].body, "whole");
  assert.equal(it.server.asked[2].headers.get("X-Own"), "1");
});

test("S20 a stream gets a token with a long life first, and is not repeated", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  tab.hide();
  await it.time.advance(13 * 60_000);
  const stream = () => new Blob(["part"]).stream();
  const send = () => tab.client.fetch("/orders", { method: "POST", body: stream(), duplex: "half" });

  const sent = await it.time.until(send());
  assert.equal(sent.value?.status, 200, String(sent.error));
  assert.deepEqual(paths(it), ["refresh", "orders"]);
  it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));
  const { error } = await it.time.until(send());

  assert.equal(error.code, "BODY_NOT_REPLAYABLE");
  assert.equal(error.status, 401);
});

test("S20 who gives up stops waiting, and the shared refresh goes on", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  await it.time.sleep(1_000_000);
  it.server.next("/api/auth/refresh", it.slowly(3_000));
  const patience = new AbortController();

  const given = client.fetch("/orders", { signal: patience.signal });
  const kept = client.fetch("/orders");
  await it.time.advance(500);
  patience.abort(new Error("enough"));

  const { error, ms } = await it.time.until(given);
  assert.equal(error.message, "enough");
  assert.equal(ms, 0);
  assert.equal((await it.time.until(kept)).value.status, 200);
  assert.equal(it.server.refreshes().length, 1);
});

test("a step-up that is asked for when the person has gone is not", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/orders", async () => (await new Promise((resolve) => it.time.set(resolve, 2_000)), refusal(401, "STEP_UP_REQUIRED")));
  const late = tab.client.fetch("/orders");
  await it.time.advance(100);
  await it.time.until(tab.client.signOut());
  await it.time.until(late);
  await it.time.advance(10);

  assert.equal(tab.client.snapshot().status, "signedOut");
  assert.deepEqual(tab.kinds(), ["signedOut"]);
});

test("a step-up that a service asks for is an event and a status, until it is made or declined", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const ask = () => it.server.next("/orders", () => refusal(401, "STEP_UP_REQUIRED", { methods: ["password", "totp"] }));
  ask();
  assert.equal((await it.time.until(tab.client.fetch("/orders"))).value.status, 401);
  assert.equal(tab.client.snapshot().status, "stepUp");
  await it.time.until(tab.client.refresh());
  assert.equal(tab.client.snapshot().status, "stepUp", "a refresh is no proof of the person");

  const { error } = await it.time.until(tab.client.stepUp({ password: "wrong" }));
  assert.equal(error.code, "AUTH_FAILED");
  assert.equal(tab.client.snapshot().status, "stepUp");
  await it.time.until(tab.client.stepUp({ password: "right" }));

  assert.equal(tab.client.snapshot().status, "signedIn");
  assert.deepEqual(claimsOf((await it.time.until(tab.client.getToken())).value).amr, ["pwd"]);
  assert.deepEqual(tab.heard.find(([kind]) => kind === "stepUpRequired")[1], { methods: ["password", "totp"] });
  ask();
  await it.time.until(tab.client.fetch("/orders"));
  tab.client.declineStepUp();
  assert.equal(tab.client.snapshot().status, "signedIn");
});
