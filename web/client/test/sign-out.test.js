// S21 to S23: signing out, with late answers, kept pages and no network.

import assert from "node:assert/strict";
import { test } from "node:test";
import { makeBrowser } from "./support/browser.js";
import { lost, refusal } from "./support/server.js";

test("S21 a refresh that lands after the sign-out is put away", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/refresh", async (_question, serve) => {
    const answer = await serve();
    await new Promise((resolve) => it.time.set(resolve, 3_000));
    return answer;
  });

  const refresh = tab.client.refresh();
  await it.time.advance(100);
  await it.time.until(tab.client.signOut());
  await it.time.until(refresh);
  await it.time.advance(60_000);

  assert.equal(tab.client.snapshot().status, "signedOut");
  assert.equal((await it.time.until(tab.client.getToken())).value, null);
  assert.deepEqual(tab.heard, [["signedOut", { reason: "signedOut" }]]);
});

test("S21 a token that a slow tab sends after the sign-out is put away", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const slow = await it.another();
  it.server.next("/api/auth/refresh", async (_question, serve) => {
    const answer = await serve();
    await new Promise((resolve) => it.time.set(resolve, 3_000));
    return answer;
  });

  const refresh = slow.client.refresh();
  await it.time.advance(100);
  slow.isFrozen = true;
  await it.time.until(one.client.signOut());
  slow.isFrozen = false;
  await it.time.until(refresh);
  await it.time.advance(60_000);

  assert.equal(one.client.snapshot().status, "signedOut");
  assert.equal(slow.client.snapshot().status, "signedOut");
});

test("S21 a token that was on its way between tabs when the session ended is put away", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const late = [];
  const channel = new tab.world.BroadcastChannel("countersign:https://app.example.test");
  channel.onmessage = ({ data }) => data.kind === "grant" && late.push(data);
  await it.time.until(tab.client.refresh());
  await it.time.advance(10);
  await it.time.until(tab.client.signOut());

  channel.postMessage(late[0]);
  await it.time.advance(10);

  assert.equal(late.length, 1);
  assert.equal(tab.client.snapshot().status, "signedOut");
});

test("S21 an older token that was on its way between tabs replaces no newer one", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const late = [];
  const channel = new tab.world.BroadcastChannel("countersign:https://app.example.test");
  channel.onmessage = ({ data }) => data.kind === "grant" && late.push(data);
  await it.time.until(tab.client.refresh());
  await it.time.until(tab.client.refresh());
  await it.time.advance(10);
  const { value: token } = await it.time.until(tab.client.getToken());

  channel.postMessage(late[0]);
  await it.time.advance(10);

  assert.equal((await it.time.until(tab.client.getToken())).value, token);
});

test("S21 another session's renewed proof is not taken for one of this session", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const { value: token } = await it.time.until(tab.client.getToken());

  const channel = new tab.world.BroadcastChannel("countersign:https://app.example.test");
  channel.postMessage({ kind: "grant", grant: { accessToken: "other", expiresIn: 900 }, sessionId: "ses_other", startedAt: it.time.wall, isNew: false });
  await it.time.advance(10);

  assert.equal((await it.time.until(tab.client.getToken())).value, token);
  assert.deepEqual(tab.heard, []);
});

test("S21 a refresh of one person that lands after another has signed in is put away", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  it.server.next("/api/auth/refresh", async (_question, serve) => {
    const answer = await serve();
    await new Promise((resolve) => it.time.set(resolve, 8_000));
    return answer;
  });

  const refresh = client.refresh();
  await it.time.advance(100);
  await it.time.until(client.signIn.password({ email: "bob@example.test", password: "right" }));
  await it.time.until(refresh);

  assert.equal(client.snapshot().user.name, "Bob");
  assert.match(JSON.stringify((await (await it.time.until(client.fetch("/orders"))).value.json()).by), /usr_bob/);
});

test("S22 a page that the browser kept while somebody signed out is blank before it is seen, and loads anew", async () => {
  const it = makeBrowser();
  const kept = await it.signedIn();
  const other = await it.another();
  kept.fire("pagehide");
  kept.isFrozen = true;
  await it.time.until(other.client.signOut());
  kept.isFrozen = false;

  kept.fire("pageshow", { persisted: true });

  assert.equal(kept.style.display, "none");
  assert.equal(kept.reloads, 1);
});

test("S22 so is one that was kept while somebody else signed in", async () => {
  const it = makeBrowser();
  const kept = await it.signedIn();
  const other = await it.another();
  kept.isFrozen = true;
  await it.time.until(other.client.signIn.password({ email: "bob@example.test", password: "right" }));
  kept.isFrozen = false;

  kept.fire("pageshow", { persisted: true });

  assert.equal(kept.reloads, 1);
});

test("S22 a page that was kept while nothing happened is shown as it was", async () => {
  const it = makeBrowser();
  const kept = await it.signedIn();
  const other = await it.another();
  kept.isFrozen = true;
  await it.time.until(other.client.refresh());
  kept.isFrozen = false;

  kept.fire("pageshow", { persisted: true });
  kept.fire("pageshow", { persisted: false });

  assert.equal(kept.reloads, 0);
  assert.deepEqual(kept.style, {});
});

test("S22 no listener asks for unload, which would keep the page out of the cache", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();

  assert.ok(![...tab.listeners.keys()].some((key) => /unload/.test(key)));
});

test("S23 without a network one is signed out at once, and the server is told when it is back", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  tab.isOffline = true;

  const signOut = tab.client.signOut();
  assert.equal(tab.client.snapshot().status, "signedOut");
  assert.deepEqual((await it.time.until(signOut)).value, { isTold: false });
  const [session] = it.server.sessions.values();
  assert.equal(session.ended, undefined);
  tab.isOffline = false;
  tab.fire("online");
  await it.time.advance(100);

  assert.equal(session.ended, "TOKEN_REVOKED");
  assert.ok(it.server.to("/api/auth/logout").every(({ keepalive }) => keepalive));
  assert.deepEqual(tab.kinds(), ["signedOut"]);
});

test("S23 the mark keeps a new page from reviving the session, and that page tells the server", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.always("/api/auth/logout", lost)
  await it.time.until(tab.client.signOut());
  tab.client.dispose();
  assert.ok(it.jar.refresh, "a cookie that scripts cannot clear is still there");

  const later = it.tab();
  const { value } = await it.time.until(later.client.ready);

  assert.equal(value.status, "signedOut");
  assert.equal(it.server.refreshes().length, 0);
  await it.time.advance(100);
  assert.equal(it.server.to("/api/auth/logout").length, 2);
});

test("S23 a sign-in lifts the mark, here and on a page that knows no marks", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const stop = it.server.always("/api/auth/logout", lost);
  await it.time.until(tab.client.signOut());
  await it.time.until(tab.client.signIn.password({ email: "bob@example.test", password: "right" }));
  stop();
  tab.fire("online");
  await it.time.advance(100);
  assert.equal(tab.client.snapshot().user.name, "Bob");
  assert.equal(it.server.to("/api/auth/logout").length, 1, "Bob is not signed out for Ada");

  it.server.next("/api/auth/logout", lost);
  await it.time.until(tab.client.signOut());
  it.jar.hint = "1.somebody-signed-in-elsewhere";
  const later = it.tab();

  assert.equal((await it.time.until(later.client.ready)).value.status, "signedIn");
});

test("S23 a sign-in that is under way when the network comes back is not ended by the late sign-out", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  one.isOffline = true;
  await it.time.until(one.client.signOut());
  it.server.asked.length = 0;
  it.server.next("/api/auth/login", it.slowly(500));

  const signIn = other.client.signIn.password({ email: "bob@example.test", password: "right" });
  await it.time.advance(10);
  one.isOffline = false;
  one.fire("online");
  await it.time.until(signIn);
  await it.time.advance(5_000);

  assert.deepEqual(it.server.asked.map(({ path }) => path), ["/api/auth/login"]);
  assert.equal(other.client.snapshot().user.name, "Bob");
});

for (const [what, without] of [["by the channel", []], ["by the storage, where there is no channel", ["BroadcastChannel"]]]) {
  test(`S23 other tabs follow ${what}`, async () => {
    const it = makeBrowser();
    const one = await it.signedIn({ without });
    const other = await it.another({ without });

    await it.time.until(one.client.signOut());
    await it.time.advance(10);

    assert.equal(other.client.snapshot().status, "signedOut");
    assert.deepEqual(other.heard, [["signedOut", { reason: "signedOut" }]]);
  });

  test(`S23 other tabs learn who signs in ${what}`, async () => {
    const it = makeBrowser();
    const one = await it.signedIn({ without });
    const other = await it.another({ without });

    await it.time.until(one.client.signIn.password({ email: "bob@example.test", password: "right" }));
    await it.time.advance(100);

    assert.equal(other.client.snapshot().user.email, "bob@example.test");
    const [kind, { from, to }] = other.heard[0];
    assert.deepEqual([kind, from.user.email, to.user.email], ["userChanged", "ada@example.test", "bob@example.test"]);
  });
}

test("signing out everywhere ends all, clears the cookie, and says how many there were", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();

  const { value } = await it.time.until(tab.client.signOutEverywhere());

  assert.equal(value, 1);
  assert.equal(it.jar.refresh, undefined);
  assert.equal(tab.client.snapshot().status, "signedOut");
});

test("a sign-out everywhere that the server refuses signs nobody out", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/logout-all", () => refusal(503, "OVERLOADED"));

  const { error } = await it.time.until(tab.client.signOutEverywhere());

  assert.equal(error.code, "OVERLOADED");
  assert.equal(tab.client.snapshot().status, "signedIn");
});
