// The life of a session, in a real browser against a real server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { claims, PASSWORD, person, register, signedIn, signedOut, signIn, startBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const browser = await startBrowser();

// bug S12, S13, S29, S69
test("a newcomer registers and sees the profile, the token and the session", async (t) => {
  const server = await startServer(t);
  const { page, troubles } = await person(t, browser, server);

  await register(page, "Ada");

  assert.match(await page.locator("#profile").innerText(), /ada@example\.test/);
  const shown = await claims(page);
  assert.equal(shown.iss, server.url);
  assert.match(await page.locator("#countdown").innerText(), /^Expires in 1\d min/);
  await page.locator("#sessions li").first().waitFor();
  assert.equal(await page.locator("#sessions li").count(), 1);
  assert.match(await page.locator("#sessions li").innerText(), /Chrome on Linux \(this one\)/);
  assert.deepEqual(troubles, []);
});

test("a stranger causes no call to the API", async (t) => {
  const server = await startServer(t);
  const { context, page } = await person(t, browser, server);
  const calls = [];
  context.on("request", (request) => calls.push(new URL(request.url()).pathname));

  await page.reload();
  await signedOut(page);

  assert.deepEqual(calls.filter((path) => path.startsWith("/api/")), []);
});

test("a reload stays signed in with the same session and another token", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  const before = await claims(page);

  await page.reload();
  await signedIn(page, "Ada");

  const later = await claims(page);
  assert.equal(later.sid, before.sid);
  assert.notEqual(later.jti, before.jti);
});

// bug S64, S66
test("neither token is anywhere that a script can read", async (t) => {
  const server = await startServer(t);
  const { context, page } = await person(t, browser, server);

  await register(page, "Ada");
  await page.getByRole("button", { name: "Refresh now" }).click();
  await page.getByText(/^New access token/).waitFor();

  const readable = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  const refresh = (await context.cookies(`${server.url}/api/auth/refresh`)).find((cookie) => cookie.name === "refreshToken");
  assert.equal(refresh.httpOnly, true);
  assert.ok(!readable.includes(refresh.value));
  assert.doesNotMatch(readable, /eyJ/);
});

// bug S65
test("signing out ends the session here and on the server", async (t) => {
  const server = await startServer(t);
  const { context, page } = await person(t, browser, server);
  await register(page, "Ada");
  const kept = await context.cookies(`${server.url}/api/auth/refresh`);

  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await signedOut(page);
  await page.reload();
  await signedOut(page);

  assert.ok(!(await page.locator("body").innerText()).includes("ada@example.test"));
  await context.addCookies(kept);
  await page.reload();
  await signedOut(page);
});

test("signing out in one tab signs the other tab out", async (t) => {
  const server = await startServer(t);
  const { context, page } = await person(t, browser, server);
  await register(page, "Ada");
  const other = await context.newPage();
  await other.goto(server.url);
  await signedIn(other, "Ada");

  await page.getByRole("button", { name: "Sign out", exact: true }).click();

  await signedOut(other);
});

test("ending a session from the list signs that browser out", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  const { page: elsewhere } = await person(t, browser, server);
  await signIn(elsewhere, "Ada");
  await signedIn(elsewhere, "Ada");
  await page.reload();
  await page.locator("#sessions li").nth(1).waitFor();

  await page.locator("#sessions li").filter({ hasNotText: "this one" }).getByRole("button").click();
  await page.getByText("The session has ended.").waitFor();

  assert.equal(await page.locator("#sessions li").count(), 1);
  await elsewhere.getByRole("button", { name: "Save name" }).click();
  await signedOut(elsewhere);
  assert.match(await elsewhere.getByRole("status").innerText(), /This session was ended/);
  await page.reload();
  await signedIn(page, "Ada");
});

test("signing out everywhere ends every session of the person and of nobody else", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  const { page: elsewhere } = await person(t, browser, server);
  await signIn(elsewhere, "Ada");
  await signedIn(elsewhere, "Ada");
  const { page: bobs } = await person(t, browser, server);
  await register(bobs, "Bob");

  await page.getByRole("button", { name: "Sign out everywhere" }).click();
  await signedOut(page);

  await elsewhere.reload();
  await signedOut(elsewhere);
  await bobs.reload();
  await signedIn(bobs, "Bob");
});

// bug S70
test("five tabs that refresh at once stay signed in", async (t) => {
  const server = await startServer(t);
  const { context, page } = await person(t, browser, server);
  await register(page, "Ada");
  const tabs = [page, ...(await Promise.all([1, 2, 3, 4].map(() => context.newPage())))];

  await Promise.all(tabs.map((tab) => tab.goto(server.url)));
  await Promise.all(tabs.map((tab) => signedIn(tab, "Ada")));
  await Promise.all(tabs.map((tab) => tab.getByRole("button", { name: "Refresh now" }).click()));
  await Promise.all(tabs.map((tab) => tab.getByText(/^New access token/).waitFor()));

  const sessions = new Set(await Promise.all(tabs.map(async (tab) => (await claims(tab)).sid)));
  assert.equal(sessions.size, 1);
});

test("five tabs without locks and without storage stay signed in", async (t) => {
  const server = await startServer(t);
  const { context, page } = await person(t, browser, server);
  await context.addInitScript(() => {
    Object.defineProperty(navigator, "locks", { value: undefined });
    Object.defineProperty(globalThis, "localStorage", { get: () => { throw new Error("refused"); } });
  });
  await register(page, "Ada");
  const tabs = [page, ...(await Promise.all([1, 2, 3, 4].map(() => context.newPage())))];

  for (const _ of [1, 2]) {
    await Promise.all(tabs.map((tab) => tab.goto(server.url)));
    await Promise.all(tabs.map((tab) => signedIn(tab, "Ada")));
  }
});

test("changing the password ends the other sessions and keeps this one", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  const { page: elsewhere } = await person(t, browser, server);
  await signIn(elsewhere, "Ada");
  await signedIn(elsewhere, "Ada");

  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password").fill("another phrase, just as long");
  await page.getByRole("button", { name: "Change password" }).click();
  await page.getByText(/^The password is changed/).waitFor();

  await page.reload();
  await signedIn(page, "Ada");
  await elsewhere.reload();
  await signedOut(elsewhere);
  await signIn(elsewhere, "Ada", "another phrase, just as long");
  await signedIn(elsewhere, "Ada");
});

test("the link that the server prints makes its opener the administrator, once", async (t) => {
  const server = await startServer(t);
  const link = /https?:\/\/\S+\/claim\/[^\s"\\]+/.exec(server.output())?.[0];
  assert.ok(link, `no link in:\n${server.output()}`);
  const { page } = await person(t, browser, server);

  await page.goto(link);
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.locator("#register").getByLabel("Name").fill("Ada");
  await page.locator("#register").getByLabel("Email address").fill("ada@example.test");
  await page.locator("#register").getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("button", { name: "Make this account the administrator" }).click();
  await page.getByText("This account is the administrator now.").waitFor();
  await page.getByRole("link", { name: "To your account" }).click();
  await signedIn(page, "Ada");
  assert.match(await page.locator("#profile").innerText(), /admin/);

  const { page: late } = await person(t, browser, server);
  await register(late, "Eve");
  await late.goto(link);
  await late.getByRole("button", { name: "Make this account the administrator" }).click();
  await late.locator(".errors p").waitFor();
});

// attack 114
test("the owner of a flooded account signs in from a new browser, which does the work by itself", async (t) => {
  const server = await startServer(t, { COUNTERSIGN_LIMITS__SIGN_IN_ACCOUNT: "2/1h" });
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  const { context, page: elsewhere, troubles } = await person(t, browser, server);
  const answers = [];
  context.on("response", (answer) => answer.url().endsWith("/login") && answers.push(answer.status()));
  for (const _ of [1, 2]) {
    await signIn(elsewhere, "Ada", "not the password of Ada");
    await elsewhere.getByText("is not right").waitFor();
  }

  await signIn(elsewhere, "Ada");
  await signedIn(elsewhere, "Ada");

  assert.deepEqual(answers, [401, 401, 428, 200]);
  const refusals = /the server responded with a status of (401|428)/;
  assert.deepEqual(troubles.filter((text) => !refusals.test(text)), []);
  await page.reload();
  await signedIn(page, "Ada");
});
