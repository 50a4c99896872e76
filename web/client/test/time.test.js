// S5 to S12: how long a token lives, and when it is renewed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeBrowser } from "./support/browser.js";
import { refusal, reply } from "./support/server.js";

const MINUTE = 60_000;

test("S5 a token's life is counted from the question, not from the answer", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/refresh", it.slowly(9_000));
  await it.time.until(tab.client.refresh());
  it.server.asked.length = 0;

  // 675 s from the question, and not a second before.
  await it.time.advance(675_000 - 9_100);
  assert.equal(it.server.refreshes().length, 0);
  await it.time.advance(700);

  assert.equal(it.server.refreshes().length, 1);
});

for (const [how, change] of [["slept", (it) => it.time.sleep(8_000)], ["had its clock set back", (it) => (it.time.wall -= 3_600_000)], ["had its clock set forward", (it) => (it.time.wall += 6_000)]]) {
  test(`S6 a device that ${how} does not believe what it knew of the token`, async () => {
    const it = makeBrowser();
    const { client } = await it.signedIn();

    await change(it);
    await it.time.until(client.fetch("/orders"));
    await it.time.until(client.fetch("/orders"));

    assert.deepEqual(it.server.asked.map(({ path }) => path), ["/api/auth/refresh", "/orders", "/orders"]);
  });
}

test("S6 clocks that drift by a little are believed", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();

  it.time.wall += 4_000;
  await it.time.until(client.fetch("/orders"));

  assert.equal(it.server.refreshes().length, 0);
});

for (const [what, wrong] of [["behind", -3_600_000], ["ahead", 3_600_000]]) {
  test(`S7 a device that is an hour ${what} knows the server's time, and renews once an expiry`, async () => {
    const it = makeBrowser();
    it.time.wall += wrong;
    const tab = await it.signedIn();
    await it.time.advance(20 * MINUTE);

    assert.ok(Math.abs(tab.client.now() - it.time.true) < 1_000);
    assert.equal((await it.time.until(tab.client.fetch("/orders"))).value.status, 200);
    assert.equal(it.server.refreshes().length, 1, "one for each expiry, whatever the time of day");
  });
}

test("S7 the event says by how much, once", async () => {
  const it = makeBrowser();
  it.time.wall -= 3_600_000;
  const tab = it.tab();
  await it.time.until(tab.client.ready);

  await it.time.until(tab.client.signIn.password({ email: "ada@example.test", password: "right" }));
  await it.time.advance(60 * MINUTE);

  assert.deepEqual(tab.heard.filter(([kind]) => kind === "clockSkew"), [["clockSkew", { skewSeconds: 3600 }]]);
});

for (const [who, prepare, least, most] of [
  ["with the focus", () => {}, 0, 500],
  ["that is seen", (tab) => (tab.isFocused = false), 1_000, 2_000],
  ["that is hidden", (tab) => tab.hide(), 3_000, 6_000],
]) {
  test(`S8 a tab ${who} renews at 75 % of the token's life and ${least} to ${most} ms`, async () => {
    for (const [chance, ms] of [[0, least], [0.999, most]]) {
      const it = makeBrowser();
      const tab = await it.signedIn();
      tab.chance = chance;
      // Hidden for less than five minutes when it is due.
      await it.time.advance(10 * MINUTE);
      prepare(tab);
      await it.time.until(new Promise((resolve) => it.server.next("/api/auth/refresh", (_question, serve) => (resolve(), serve()))));

      const [{ at }] = it.server.refreshes();
      const begun = 5_000 + 20;
      assert.ok(Math.abs(at - (begun + 675_000 + ms)) < 60, `${at - begun - 675_000} ms after 75 %`);
    }
  });
}

test("S8 another tab's token is taken, and the own refresh is not made", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  one.chance = 0;

  await it.time.advance(15 * MINUTE);

  assert.equal(it.server.refreshes().length, 1);
  assert.equal((await it.time.until(one.client.getToken())).value, (await it.time.until(other.client.getToken())).value);
});

test("S8 a short token is renewed with half a life left, and never in a loop", async () => {
  const it = makeBrowser();
  it.server.lifeSeconds = 20;
  await it.signedIn();

  await it.time.advance(60_000);

  assert.ok(it.server.refreshes().length >= 5 && it.server.refreshes().length <= 6, `${it.server.refreshes().length}`);
});

test("S9 who has not looked for five minutes is not kept signed in", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();

  tab.hide();
  await it.time.advance(3 * 60 * MINUTE);
  assert.equal(it.server.refreshes().length, 0);
  tab.show();
  await it.time.advance(100);

  assert.equal(it.server.refreshes().length, 1);
});

for (const kind of ["visibilitychange", "pageshow", "online", "focus"]) {
  test(`S10 ${kind} renews what is nearly expired, once in five seconds`, async () => {
    const it = makeBrowser();
    const tab = await it.signedIn();
    tab.hide();
    await it.time.advance(12 * MINUTE);
    tab.page.visibilityState = "visible";
    const wake = () => (kind === "visibilitychange" ? tab.show() : tab.fire(kind));

    wake();
    wake();
    await it.time.advance(1_000);
    wake();
    await it.time.advance(1_000);

    assert.equal(it.server.refreshes().length, 1);
  });
}

test("S10 a person who comes and goes while nothing works causes a try in five seconds, and no more", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  await it.time.sleep(20 * MINUTE);
  it.server.always("/api/auth/refresh", () => refusal(403, "CSRF_INVALID"));

  for (const _ of [1, 2, 3, 4]) {
    tab.fire("focus");
    await it.time.advance(1_000);
  }
  assert.equal(it.server.refreshes().length, 1);
  await it.time.advance(1_500);
  tab.fire("focus");
  await it.time.advance(100);

  assert.equal(it.server.refreshes().length, 2);
});

test("S10 coming back to a token that is young asks nothing", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();

  tab.hide();
  await it.time.advance(5 * MINUTE);
  tab.show();
  tab.fire("focus");
  await it.time.advance(100);

  assert.equal(it.server.refreshes().length, 0);
});

test("S11 a timer that never fired does not matter", async () => {
  const it = makeBrowser();
  const { client, ...tab } = await it.signedIn();
  tab.world.setTimeout = () => {};
  it.time.mono += 900_000;
  it.time.wall += 900_000;
  it.time.true += 900_000;
  tab.world.setTimeout = (act, ms) => it.time.set(act, ms);

  const { value } = await it.time.until(client.fetch("/orders"));

  assert.equal(value.status, 200);
  assert.equal(it.server.asked[0].path, "/api/auth/refresh");
});

test("S12 a request with less than ten seconds left waits for the refresh", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  tab.hide();
  await it.time.advance(900_000 - 9_000);

  const { value } = await it.time.until(tab.client.fetch("/orders"));

  assert.equal(value.status, 200);
  assert.deepEqual(it.server.asked.map(({ path }) => path), ["/api/auth/refresh", "/orders"]);
});

test("S12 a request with eleven seconds left does not", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  tab.hide();
  await it.time.advance(900_000 - 11_500);

  await it.time.until(tab.client.fetch("/orders"));

  assert.deepEqual(it.server.asked.map(({ path }) => path), ["/orders"]);
});

test("the end of the session is announced five minutes ahead, once", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const ends = it.time.true + 20 * MINUTE;
  it.server.always("/api/auth/refresh", async (_question, serve) => {
    const content = await (await serve()).json();
    return reply(200, { ...content, session: { ...content.session, expiresIn: Math.round((ends - it.time.true) / 1000) } });
  });

  await it.time.until(tab.client.refresh());
  await it.time.advance(14 * MINUTE);
  assert.ok(!tab.kinds().includes("sessionExpiring"));
  await it.time.advance(5 * MINUTE);

  const said = tab.heard.filter(([kind]) => kind === "sessionExpiring").map(([, event]) => event);
  assert.equal(said.length, 1);
  assert.ok(said[0].inSeconds <= 300 && said[0].inSeconds >= 295, `${said[0].inSeconds}`);
});
