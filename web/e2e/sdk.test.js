// @countersign/client in Chromium against the real server: what only a browser shows. Its rules are tested in web/client/test.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { PASSWORD, startBrowser } from "./support/browser.js";
import { startSite } from "./support/site.js";
import { totp } from "./support/totp.js";

// Playwright switches the cache of pages off, which S22 is about.
const browser = await startBrowser({ ignoreDefaultArgs: ["--disable-back-forward-cache"] });
const ADA = { email: "ada@example.test", password: PASSWORD, name: "Ada" };

/** A person with a profile of his own at the site. */
async function visitor(t, site, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(15_000);
  t.after(() => context.close());
  const troubles = [];
  context.on("weberror", (error) => troubles.push(String(error.error())));
  context.on("console", (message) => {
    if (/error|warning/.test(message.type()) && !/favicon|Failed to load resource|net::ERR/.test(message.text() + message.location().url)) troubles.push(message.text());
  });
  return { context, troubles, page: await tab(context, site) };
}

async function tab(context, site, query = "") {
  const page = await context.newPage();
  await page.goto(site.url + query);
  await page.waitForFunction(() => document.title === "ready");
  return page;
}

async function member(t, site, options) {
  const person = await visitor(t, site, options);
  await person.page.evaluate((who) => auth.register(who), ADA);
  return person;
}

const status = (page) => page.evaluate(() => auth.snapshot().status);
const profile = (page) => page.evaluate(async () => (await auth.fetch("/api/user/profile")).status);

test("register, reload, call, sign out, under script-src 'self' and without a word in the console", async (t) => {
  const site = await startSite(t);
  const { context, page, troubles } = await visitor(t, site);
  assert.equal(site.asked.length, 0, "a stranger asks nothing");

  const user = await page.evaluate((who) => auth.register(who), ADA);
  assert.equal(user.name, "Ada");
  assert.equal(await profile(page), 200);
  site.asked.length = 0;
  await page.reload();
  await page.waitForFunction(() => document.title === "ready");
  assert.deepEqual(await page.evaluate(() => [auth.snapshot().status, auth.snapshot().user.email]), ["signedIn", ADA.email]);
  assert.deepEqual(site.asked.map(({ path }) => path), ["/api/auth/refresh"]);
  assert.equal(await profile(page), 200);
  assert.deepEqual(await page.evaluate(() => auth.signOut()), { isTold: true });

  assert.equal(await status(page), "signedOut");
  assert.deepEqual((await context.cookies()).filter(({ name }) => /refreshToken|sessionHint/.test(name)), []);
  assert.deepEqual(troubles, []);
});

test("S2 no storage that a script can read has a token", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  await page.evaluate(() => auth.refresh());

  const readable = await page.evaluate(async () => {
    const kept = [];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((resolve) => (indexedDB.open(name).onsuccess = (event) => resolve(event.target.result)));
      for (const store of database.objectStoreNames) {
        const all = database.transaction(store).objectStore(store).getAll();
        kept.push(await new Promise((resolve) => (all.onsuccess = () => resolve(all.result))));
      }
    }
    return JSON.stringify([kept, { ...localStorage }, { ...sessionStorage }, document.cookie, await auth.diagnose()]);
  });

  const cookie = (await context.cookies(`${site.url}/api/auth/refresh`)).find(({ name }) => name === "refreshToken");
  assert.ok(readable.includes("attemptId"));
  assert.ok(!readable.includes(cookie.value) && !/eyJ/.test(readable), readable);
});

test("S1 five tabs that wake together ask once, and have one token", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  const tabs = [page];
  for (const _ of [1, 2, 3, 4]) tabs.push(await tab(context, site));
  site.asked.length = 0;

  await Promise.all(tabs.map((one) => one.evaluate(() => auth.refresh())));
  const tokens = await Promise.all(tabs.map((one) => one.evaluate(() => auth.getToken())));

  assert.ok(site.refreshes().length <= 2, `${site.refreshes().length} refreshes`);
  assert.equal(new Set(tokens).size, 1);
});

test("S1 five tabs without locks and channel stay signed in", async (t) => {
  const site = await startSite(t);
  const { context, page } = await visitor(t, site);
  await context.addInitScript(() => {
    Object.defineProperty(navigator, "locks", { value: undefined });
    delete globalThis.BroadcastChannel;
  });
  await page.reload();
  await page.evaluate((who) => auth.register(who), ADA);
  const tabs = [page, ...(await Promise.all([1, 2, 3, 4].map(() => tab(context, site))))];

  for (const _ of [1, 2, 3]) await Promise.all(tabs.map((one) => one.evaluate(() => auth.refresh())));

  assert.deepEqual(await Promise.all(tabs.map(status)), Array(5).fill("signedIn"));
  assert.deepEqual(await Promise.all(tabs.map(profile)), Array(5).fill(200));
});

test("S16 answers that are lost sign nobody out: the id is kept, shared by the tabs, and replaced", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  const other = await tab(context, site);
  site.asked.length = 0;
  let left = 2;
  site.spoil = ({ path }) => (path === "/api/auth/refresh" && left-- > 0 ? "lost" : undefined);

  await page.evaluate(() => auth.refresh().catch(() => {}));
  await other.evaluate(() => auth.refresh().catch(() => {}));
  await page.waitForFunction(() => auth.snapshot().status === "signedIn");
  await other.waitForFunction(() => auth.snapshot().status === "signedIn");
  await page.evaluate(() => auth.refresh());

  const asked = site.refreshes();
  assert.ok(asked.every(({ status }) => status === 200));
  assert.equal(asked[1].body.attemptId, asked[0].body.attemptId);
  assert.equal(asked[2].body.attemptId, asked[0].body.attemptId);
  assert.ok(asked.slice(1, 3).every(({ case: row }) => row.startsWith("6")), "the server knew it for the same attempt");
  // On a slow machine the other tab asks once more by itself: each names the one that was answered before it, with an id of its own.
  assert.ok(asked.length > 3);
  asked.slice(3).forEach(({ body }, at) => assert.equal(body.lastAttemptId, asked[at + 2].body.attemptId));
  const ids = asked.slice(2).map(({ body }) => body.attemptId);
  assert.equal(new Set(ids).size, ids.length);
  assert.equal(await profile(page), 200);
});

test("S3 a redirect to another origin does not take the token along", async (t) => {
  const site = await startSite(t);
  const seen = [];
  const elsewhere = createServer((question, answer) => {
    seen.push([question.method, question.headers.authorization]);
    answer.writeHead(200, { "Access-Control-Allow-Origin": site.url, "Access-Control-Allow-Headers": "authorization" });
    answer.end("{}");
  });
  await new Promise((resolve) => elsewhere.listen(0, "localhost", resolve));
  t.after(() => elsewhere.close());
  site.elsewhere = `http://localhost:${elsewhere.address().port}/`;
  const { page } = await member(t, site);

  const own = await page.evaluate(async () => (await auth.fetch("/echo")).json());
  await page.evaluate(async () => (await auth.fetch("/away")).text());
  await page.evaluate(async (url) => (await auth.fetch(url)).text(), site.elsewhere);

  assert.match(own.authorization, /^Bearer eyJ/);
  assert.deepEqual(seen.filter(([method]) => method === "GET").map(([, token]) => token), [undefined, undefined]);
});

test("S22 a page that the browser kept is blank and loads anew after a sign-out, and is shown as it was before", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  const isKept = async () => {
    await page.evaluate(() => (globalThis.stamp = "kept"));
    await page.goto(`${site.url}/other`, { waitUntil: "load" });
  };

  await isKept();
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => document.title === "ready");
  assert.equal(await page.evaluate(() => globalThis.stamp), "kept", "the browser brought the same page back");
  assert.equal(await profile(page), 200);

  await isKept();
  const other = await tab(context, site);
  await other.evaluate(() => auth.signOut());
  await page.goBack({ waitUntil: "commit" });
  await page.waitForFunction(() => document.title === "ready" && globalThis.stamp === undefined);

  assert.equal(await status(page), "signedOut");
});

test("S23 without a network one is signed out at once; the server is told when it is back", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  const other = await tab(context, site);
  const cookies = await context.cookies(`${site.url}/api/auth/refresh`);
  await context.setOffline(true);

  assert.deepEqual(await page.evaluate(() => auth.signOut()), { isTold: false });
  await other.waitForFunction(() => auth.snapshot().status === "signedOut");
  assert.ok((await context.cookies(`${site.url}/api/auth/refresh`)).length > 0);
  await context.setOffline(false);
  await page.waitForFunction(() => !document.cookie.includes("sessionHint"));

  await context.addCookies(cookies);
  await page.reload();
  await page.waitForFunction(() => document.title === "ready");
  assert.equal(await status(page), "signedOut", "the session has ended on the server too");
});

test("S23 a new page does not revive what was signed out without a network", async (t) => {
  const site = await startSite(t);
  const { page } = await member(t, site);
  await page.route("**/api/auth/logout", (route) => route.abort());
  assert.deepEqual(await page.evaluate(() => auth.signOut()), { isTold: false });
  await page.unroute("**/api/auth/logout");
  site.asked.length = 0;

  await page.reload();
  await page.waitForFunction(() => document.title === "ready");

  assert.equal(await status(page), "signedOut");
  await page.waitForFunction(() => !document.cookie.includes("sessionHint"));
  assert.deepEqual(site.asked.map(({ path }) => path), ["/api/auth/logout"]);
});

test("a part of the client that could not be loaded is loaded at the next try", async (t) => {
  const site = await startSite(t);
  const { page } = await visitor(t, site);
  await page.route("**/sdk/part-enter-*", (route) => route.abort());
  const register = () => page.evaluate((who) => auth.register(who).then(({ name }) => name, ({ code }) => code), ADA);

  assert.equal(await register(), "NETWORK");
  await page.unroute("**/sdk/part-enter-*");

  assert.equal(await register(), "Ada");
});

test("a person who signs in in another tab is known here, and another person is announced", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  const other = await tab(context, site);

  await page.evaluate(() => auth.signOut());
  await other.waitForFunction(() => auth.snapshot().status === "signedOut");
  await page.evaluate(({ email, password }) => auth.signIn.password({ email, password }), ADA);
  await other.waitForFunction(() => auth.snapshot().status === "signedIn");
  await page.evaluate((who) => auth.register(who), { ...ADA, email: "bob@example.test", name: "Bob" });
  await other.waitForFunction(() => told.some(([kind]) => kind === "userChanged"));

  assert.equal(await other.evaluate(() => auth.snapshot().user.name), "Bob");
  assert.equal(await other.evaluate(async () => (await (await auth.fetch("/api/user/profile")).json()).name), "Bob");
});

test("the proof of work of a flooded account is done by itself", async (t) => {
  const site = await startSite(t, { COUNTERSIGN_LIMITS__SIGN_IN_ACCOUNT: "2/1h" });
  await member(t, site);
  const { page } = await visitor(t, site);
  const signIn = (password) => page.evaluate((who) => auth.signIn.password(who).then(() => "in", (error) => error.code), { email: ADA.email, password });
  for (const _ of [1, 2]) assert.equal(await signIn("not the password of Ada"), "AUTH_FAILED");

  assert.equal(await signIn(PASSWORD), "in");

  assert.deepEqual(site.asked.filter(({ path }) => path.endsWith("/login")).map(({ status }) => status), [401, 401, 428, 200]);
});

test("the account's calls are the server's: profile, name, sessions, password, step-up, deletion", async (t) => {
  const site = await startSite(t);
  const { page } = await member(t, site);

  const seen = await page.evaluate(async (password) => {
    const { account } = await part("account");
    const me = account(auth);
    const out = [];
    out.push((await me.profile()).name, (await me.rename("Zoë")).name, auth.snapshot().user.name);
    const [session] = await me.sessions();
    out.push(session.current, (await me.verify()).valid);
    await auth.stepUp({ password });
    await me.changePassword({ currentPassword: password, newPassword: "another phrase, just as long" });
    out.push(await me.rename("").catch((error) => [error.code, error.fields[0].field]));
    out.push((await me.profile()).name);
    await me.erase("another phrase, just as long");
    out.push(auth.snapshot().status);
    return out;
  }, PASSWORD);

  assert.deepEqual(seen, ["Ada", "Zoë", "Zoë", true, true, ["VALIDATION_FAILED", "name"], "Zoë", "signedOut"]);
});

test("an authenticator app is set up, asked for at the next sign-in, stood in for by a recovery code, and is a step-up", async (t) => {
  const site = await startSite(t);
  const { page, troubles } = await member(t, site);
  const secret = await page.evaluate(async (password) => {
    await auth.stepUp({ password });
    return (await (await part("account")).account(auth).totp.begin()).secret;
  }, PASSWORD);
  const recoveryCodes = await page.evaluate(async (code) => (await part("account")).account(auth).totp.confirm(code), totp(secret, 0));
  assert.equal(recoveryCodes.length, 10);
  await page.evaluate(() => auth.signOut());
  const signIn = () => page.evaluate(({ email, password }) => auth.signIn.password({ email, password }).then(() => "in", ({ code, methods }) => [code, ...methods]), ADA);
  const second = (proof) => page.evaluate((proof) => auth.signIn.secondFactor(proof).then(({ name }) => name, ({ code }) => code), proof);

  const [code, ...methods] = await signIn();
  assert.equal(code, "MFA_REQUIRED");
  assert.ok(methods.includes("totp") && methods.includes("recovery"), `${methods}`);
  assert.equal(await status(page), "signedOut");
  assert.equal(await second({ method: "totp", code: "000000" }), "AUTH_FAILED");
  // The step of the first code is spent; the next one is taken already.
  assert.equal(await second({ method: "totp", code: totp(secret, 1) }), "Ada");
  assert.equal(await profile(page), 200);
  await page.evaluate(() => auth.signOut());
  await signIn();
  assert.equal(await second({ method: "recovery", code: recoveryCodes[0] }), "Ada");
  const left = await page.evaluate(async () => (await part("account")).account(auth).factors());
  await page.evaluate((code) => auth.stepUp({ method: "recovery", code }), recoveryCodes[1]);

  assert.deepEqual([left.totp, left.recoveryCodesLeft], [true, 9]);
  assert.deepEqual(troubles, []);
});

test("a passkey is made, named, proves the person again, signs in without a password, and is removed", async (t) => {
  const site = await startSite(t);
  const { context, page, troubles } = await member(t, site);
  const session = await context.newCDPSession(page);
  await session.send("WebAuthn.enable");
  const options = { protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true };
  await session.send("WebAuthn.addVirtualAuthenticator", { options });

  const seen = await page.evaluate(async (password) => {
    const keys = (await part("passkeys")).passkeys(auth);
    await auth.stepUp({ password });
    const { id } = await keys.add("Laptop");
    const { name } = await keys.rename(id, "Old laptop");
    const names = (await keys.list()).map((key) => key.name);
    await keys.stepUp();
    await auth.signOut();
    const user = await keys.signIn();
    const out = [keys.isSupported(), name, names, user.name, auth.snapshot().status];
    await keys.remove(id);
    return [...out, (await keys.list()).length];
  }, PASSWORD);

  assert.deepEqual(seen, [true, "Old laptop", ["Old laptop"], "Ada", "signedIn", 0]);
  assert.deepEqual(troubles, []);
});

test("a session that is ended elsewhere is noticed at the next call, in all tabs", async (t) => {
  const site = await startSite(t);
  const { context, page } = await member(t, site);
  const other = await tab(context, site);
  const { page: elsewhere } = await visitor(t, site);
  await elsewhere.evaluate(({ email, password }) => auth.signIn.password({ email, password }), ADA);
  assert.ok((await elsewhere.evaluate(() => auth.signOutEverywhere())) >= 2);

  assert.equal(await profile(page), 401);
  await other.waitForFunction(() => auth.snapshot().status === "signedOut");

  assert.deepEqual(await page.evaluate(() => told.at(-1)), ["signedOut", { reason: "revoked", code: "TOKEN_REVOKED" }]);
});
