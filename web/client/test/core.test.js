// S1 to S4: one refresh at a time, where the token may be, and how a page begins.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "../dist/index.js";
import { makeBrowser } from "./support/browser.js";
import { lost, refusal } from "./support/server.js";

test("S1 many callers cause one refresh, and each gets its outcome", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  await it.time.advance(901_000);
  it.server.asked.length = 0;
  await it.time.sleep(1_000_000);

  const tokens = await it.time.until(Promise.all([1, 2, 3, 4, 5].map(() => client.getToken())));

  assert.equal(it.server.refreshes().length, 1);
  assert.equal(new Set(tokens.value).size, 1);
});

test("S1 when the refresh fails, each caller hears of it and nobody hangs", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  await it.time.sleep(1_000_000);
  it.server.always("/api/auth/refresh", lost);

  const { value } = await it.time.until(Promise.allSettled([1, 2, 3, 4, 5].map(() => client.getToken())));

  assert.deepEqual(value.map(({ reason }) => reason.code), Array(5).fill("NETWORK"));
  assert.equal(it.server.refreshes().length, 1);
});

test("S1 five tabs that need a token at once ask for one", async () => {
  const it = makeBrowser();
  const tabs = [await it.signedIn()];
  for (const _ of [1, 2, 3, 4]) tabs.push(await it.another());
  await it.time.sleep(1_000_000);

  const { value } = await it.time.until(Promise.all(tabs.map(({ client }) => client.getToken())));

  assert.equal(it.server.refreshes().length, 1);
  assert.equal(new Set(value).size, 1);
});

test("S1 a live but slow holder of the lock is waited for, three seconds and no longer", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  await it.time.sleep(1_000_000);
  it.server.next("/api/auth/refresh", it.slowly(9_000));

  const slow = one.client.getToken();
  await it.time.advance(10);
  const { value, ms } = await it.time.until(other.client.getToken());

  assert.ok(value);
  assert.ok(ms >= 2_900 && ms <= 3_100, `${ms} ms`);
  assert.ok((await it.time.until(slow)).value);
});

test("S1 a page that is put away lets go of the lock", async () => {
  const it = makeBrowser();
  const one = await it.signedIn();
  const other = await it.another();
  await it.time.sleep(1_000_000);
  it.server.next("/api/auth/refresh", it.slowly(9_000));

  const slow = one.client.getToken();
  await it.time.advance(10);
  one.fire("pagehide");
  const { value, ms } = await it.time.until(other.client.getToken());

  assert.ok(value);
  assert.ok(ms < 100, `${ms} ms`);
  await it.time.until(slow);
});

test("S1 no code of the app runs while the lock is held", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const held = [];
  for (const kind of ["refreshed", "change", "error"]) tab.client.on(kind, () => held.push([...it.locks.values()].some(({ isHeld }) => isHeld)));

  await it.time.until(tab.client.refresh());
  it.server.next("/api/auth/refresh", () => refusal(500, "INTERNAL"));
  await it.time.until(tab.client.refresh().catch(() => {}));

  assert.deepEqual(new Set(held), new Set([false]));
});

test("S2 the token is in no storage, in no error and in no report", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn({ options: { debug: true } });
  const { value: token } = await it.time.until(tab.client.getToken());
  it.server.next("/api/auth/refresh", () => refusal(500, "INTERNAL"));

  const { error } = await it.time.until(tab.client.refresh());
  const report = (await it.time.until(tab.client.diagnose())).value;

  const signature = token.split(".")[1];
  const shown = [JSON.stringify([...it.stored]), JSON.stringify(error), error.stack, JSON.stringify(tab.client.snapshot()), report];
  for (const text of shown) assert.ok(!text.includes(signature) && !text.includes(it.jar.refresh), text);
  assert.ok(![...Object.values(tab.client)].some((member) => JSON.stringify(member)?.includes(signature)));
});

test("S3 the token goes to this origin, the server's and the audiences, and to nobody else", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn({ options: { audiences: ["https://api.example.test/v1/"] } });

  const urls = ["/orders", "https://api.example.test/x", "https://evil.test/", "https://api.example.test.evil.test/", "//evil.test/api/", "https://app.example.test:444/", "http://app.example.test/", "https://app.example.test@evil.test/"];
  for (const url of urls) await it.time.until(client.fetch(url.startsWith("//") ? `https:${url}` : url).catch(() => {}));

  assert.deepEqual(it.server.asked.map(({ token }) => token !== undefined), [true, true, ...Array(5).fill(false)], "and the one with a name in it is refused by fetch itself");
});

test("S3 whoever brings a header of his own keeps it", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();

  await it.time.until(client.fetch("/orders", { headers: { Authorization: "Basic x" } }));

  assert.equal(it.server.asked[0].headers.get("Authorization"), "Basic x");
  assert.equal(it.server.asked.length, 1);
});

test("S4 a stranger causes no request", async () => {
  const it = makeBrowser();
  const tab = it.tab();

  const { value } = await it.time.until(tab.client.ready);
  await it.time.advance(3_600_000);

  assert.equal(value.status, "signedOut");
  assert.equal(it.server.asked.length, 0);
  assert.equal((await it.time.until(tab.client.getToken())).value, null);
});

test("S4 a returning person causes exactly one request, begun before anything is drawn", async () => {
  const it = makeBrowser();
  await it.signedIn();

  const tab = it.tab();
  assert.equal(tab.client.snapshot().status, "loading");
  for (const _ of [1, 2, 3, 4, 5, 6]) await null;
  const { value } = await it.time.until(tab.client.ready);

  assert.equal(value.status, "signedIn");
  assert.equal(value.user.email, "ada@example.test");
  assert.deepEqual(it.server.asked.map(({ path }) => path), ["/api/auth/refresh"]);
  assert.deepEqual(tab.kinds(), ["signedIn"]);
});

test("S4 calls that are made meanwhile wait for the first answer", async () => {
  const it = makeBrowser();
  await it.signedIn();
  const tab = it.tab();

  const { value } = await it.time.until(tab.client.fetch("/orders"));

  assert.equal(value.status, 200);
  assert.deepEqual(it.server.asked.map(({ path }) => path), ["/api/auth/refresh", "/orders"]);
});

test("on a server that renders pages nothing is asked, nothing is opened, and what is known is shown", async () => {
  const never = () => assert.fail("touched");
  const world = { Date, performance, Math, setTimeout: never, fetch: never, get BroadcastChannel() { return never(); }, get localStorage() { return never(); } };
  const known = { status: "signedIn", user: { id: "usr_ada", roles: [], permissions: [] }, sessionId: "ses_1" };

  assert.deepEqual(await createClient({ initialSession: known }, world).ready, known);
  assert.equal((await createClient({}, world).ready).status, "loading");
});

test("a worker has no page and no hint, and asks once", async () => {
  const it = makeBrowser();
  await it.signedIn();
  const worker = it.tab({ without: ["document"], world: { WorkerGlobalScope: class {} } });

  assert.equal((await it.time.until(worker.client.ready)).value.status, "signedIn");
  assert.equal(it.server.refreshes().length, 1);
});
