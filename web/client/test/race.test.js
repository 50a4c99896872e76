// What happened to honest people elsewhere: the laptop's lid, answers that are none, locks without an owner.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeBrowser } from "./support/browser.js";
import { lost, refusal } from "./support/server.js";

// race 4
test("two windows that wake together after a night both stay signed in, with one rotation", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();

  await it.time.sleep(8 * 3_600_000);
  for (const tab of [one, other]) {
    tab.fire("focus");
    tab.show();
    tab.fire("online");
  }
  const calls = [one, other].map(({ client }) => client.fetch("/orders"));
  await it.time.advance(30_000);

  for (const { value } of await Promise.all(calls.map((call) => it.time.until(call)))) assert.equal(value.status, 200);
  assert.equal(it.server.rotations, 2, "one for the tab that was opened, one for the morning");
  for (const tab of [one, other]) assert.ok(!tab.kinds().includes("signedOut"));
});

// race 4
test("timers that fire hours late, in both windows, renew once", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  for (const tab of [one, other]) tab.isFrozen = true;
  await it.time.advance(4 * 60_000);

  await it.time.sleep(8 * 3_600_000);
  for (const tab of [one, other]) tab.isFrozen = false;
  await it.time.advance(16 * 60_000);

  assert.equal(it.server.refreshes().length, 2, "one on waking or at the next plan, one a life later");
  assert.equal(one.client.snapshot().status, "signedIn");
  assert.equal(other.client.snapshot().status, "signedIn");
});

for (const [what, answer] of [["a 429", () => refusal(429, "RATE_LIMITED", { retryAfter: 1 })], ["a 500", () => refusal(500, "INTERNAL")], ["a name that is not found", lost]]) {
  test(`${what} at the refresh keeps the session`, async () => {
    const it = makeBrowser();
    const tab = await it.signedIn();
    for (const _ of [1, 2, 3]) it.server.next("/api/auth/refresh", answer);

    await it.time.until(tab.client.refresh());
    await it.time.advance(30_000);

    assert.equal(tab.client.snapshot().status, "signedIn");
    assert.ok(!tab.kinds().includes("signedOut"));
    assert.ok((await it.time.until(tab.client.getToken())).value);
  });
}

// race 11
test("429, 500, no network and an aborted call keep the session", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  for (const answer of [() => refusal(429, "RATE_LIMITED", { retryAfter: 1 }), () => refusal(500, "INTERNAL"), lost]) {
    it.server.next("/api/auth/refresh", answer);
    await it.time.until(tab.client.refresh());
  }
  const patience = new AbortController();
  const call = tab.client.fetch("/orders", { signal: patience.signal });
  patience.abort();

  assert.equal((await it.time.until(call)).error.name, "AbortError");
  await it.time.advance(30_000);
  assert.equal(tab.client.snapshot().status, "signedIn");
  assert.ok(!tab.kinds().includes("signedOut"));
});

// race 11
test("a 401 of somebody else on the page causes no refresh", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.always("/v1", () => refusal(401, "TOKEN_EXPIRED"));

  for (const _ of [1, 2, 3]) assert.equal((await it.time.until(client.fetch("https://third.test/v1"))).value.status, 401);

  assert.equal(it.server.refreshes().length, 0);
});

// race 12
test("a lock whose owner is gone delays nobody for more than a second", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  await it.time.sleep(1_000_000);
  it.holdLock();

  const { value, ms } = await it.time.until(client.getToken());

  assert.ok(value);
  assert.ok(ms <= 1_100, `${ms} ms`);
});

// race 12
test("a lock whose owner is frozen delays nobody for more than a second", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  await it.time.sleep(1_000_000);
  it.server.next("/api/auth/refresh", it.slowly(9_000));
  one.client.getToken().catch(() => {});
  await it.time.advance(10);
  one.isFrozen = true;

  const { value, ms } = await it.time.until(other.client.getToken());

  assert.ok(value);
  assert.ok(ms <= 1_100, `${ms} ms`);
});

// race 12
test("a page that is mounted twice asks once", async () => {
  const it = makeBrowser();
  await it.signedIn();

  const tab = it.tab();
  const again = tab.open();
  const { value } = await it.time.until(Promise.all([tab.client.ready, again.ready]));
  tab.client.dispose();

  assert.deepEqual(value.map(({ status }) => status), ["signedIn", "signedIn"]);
  assert.equal(it.server.rotations, 1);
  assert.equal((await it.time.until(again.fetch("/orders"))).value.status, 200);
});

// race 12
test("a page that the browser brings back asks at once, and is not held up by what it held before", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/refresh", it.slowly(9_000));
  tab.client.refresh().catch(() => {});
  await it.time.advance(10);
  tab.fire("pagehide");
  tab.isFrozen = true;
  await it.time.advance(20 * 60_000);
  tab.isFrozen = false;

  tab.fire("pageshow", { persisted: true });
  const { value, ms } = await it.time.until(tab.client.fetch("/orders"));

  assert.equal(tab.reloads, 0);
  assert.equal(value.status, 200);
  assert.ok(ms <= 1_100, `${ms} ms`);
});

// race 12
test("a storage that is full or forbidden holds nobody up", async () => {
  for (const fault of ["full", "forbidden"]) {
    const it = makeBrowser();
    const tab = it.tab();
    tab.storageFault = fault;
    await it.time.until(tab.client.ready);

    assert.ok((await it.time.until(tab.client.signIn.password({ email: "ada@example.test", password: "right" }))).value);
    await it.time.sleep(1_000_000);
    const { value, ms } = await it.time.until(tab.client.fetch("/orders"));
    assert.equal(value.status, 200);
    assert.ok(ms <= 1_000, `${ms} ms`);
    assert.deepEqual((await it.time.until(tab.client.signOut())).value, { isTold: true });
  }
});

// race 12
test("a database that never opens holds nobody up for more than a second, and is not asked again", async () => {
  const it = makeBrowser();
  let opened = 0;
  const tab = it.tab({ world: { indexedDB: { open: () => ((opened += 1), {}) } } });
  await it.time.until(tab.client.ready);

  const { value, ms } = await it.time.until(tab.client.signIn.password({ email: "ada@example.test", password: "right" }));
  const refresh = await it.time.until(tab.client.refresh());

  assert.ok(value);
  assert.ok(ms <= 1_000 && refresh.ms < 100, `${ms} and ${refresh.ms} ms`);
  assert.equal(opened, 1);
  assert.match(it.server.refreshes()[0].body.attemptId, /^[\w-]{22}$/, "the other storage serves");
});

test("a browser without locks, channel and storage stays signed in, in five tabs", async () => {
  const it = makeBrowser();
  const without = ["locks", "BroadcastChannel", "storage"];
  const tabs = [await it.signedIn({ without })];
  for (const _ of [1, 2, 3, 4]) tabs.push(await it.another({ without }));
  await it.time.sleep(1_000_000);

  const { value } = await it.time.until(Promise.all(tabs.map(({ client }) => client.getToken())));

  assert.ok(value.every(Boolean));
  assert.equal(it.server.refreshes().length, 5);
  for (const { client, heard } of tabs) assert.deepEqual([client.snapshot().status, heard.some(([kind]) => kind === "signedOut")], ["signedIn", false]);
});
