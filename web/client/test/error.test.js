// S37 to S40: errors, silence, reports, and an end that leaves nothing behind.

import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { AuthError, isAuthError } from "../dist/index.js";
import { makeBrowser } from "./support/browser.js";
import { refusal } from "./support/server.js";

const dist = new URL("../dist/", import.meta.url);

async function refused(answer) {
  const it = makeBrowser();
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  it.server.next("/api/auth/login", answer);
  return (await it.time.until(tab.client.signIn.password({ email: "ada@example.test", password: "x" }))).error;
}

test("S37 an error carries what the server said", async () => {
  const fields = [{ field: "password", code: "TOO_SHORT", message: "At least 8 characters." }];
  const error = await refused(() => refusal(400, "VALIDATION_FAILED", { errors: fields, requestId: "req_7", detail: "Check the fields." }));

  const { code, status, message, requestId, docs, retryAfter } = error;
  assert.deepEqual({ code, status, message, requestId, docs, retryAfter }, { code: "VALIDATION_FAILED", status: 400, message: "Check the fields.", requestId: "req_7", docs: "https://auth.example.test/errors/VALIDATION_FAILED", retryAfter: undefined });
  assert.deepEqual(error.fields, fields);
  assert.ok(error instanceof Error);
});

test("S37 an error is known by its brand, in whatever copy of the package", async () => {
  const copy = await import(`${new URL("index.js", dist)}?copy`);
  const error = await refused(() => refusal(401, "AUTH_FAILED"));

  assert.ok(!(error instanceof copy.AuthError));
  assert.ok(copy.isAuthError(error) && copy.isAuthError(error, "AUTH_FAILED", "NETWORK"));
  assert.ok(!copy.isAuthError(error, "NETWORK"));
  for (const other of [null, undefined, 1, "AUTH_FAILED", new Error("x"), { code: "AUTH_FAILED" }]) assert.ok(!isAuthError(other));
});

test("S37 a code of a newer server passes through, and every code has a page", async () => {
  const error = await refused(() => refusal(403, "OF_TOMORROW"));
  assert.equal(error.code, "OF_TOMORROW");
  assert.match(error.docs, /errors\/OF_TOMORROW$/);

  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  for (const code of ["NETWORK", "TIMEOUT", "UNREADABLE", "SIGNED_OUT", "USER_CHANGED", "AUTH_LOOP", "BODY_NOT_REPLAYABLE", "UNSUPPORTED"]) {
    assert.match(new AuthError(code).docs, /web\/client#errors$/);
    assert.ok(readme.includes(`\`${code}\``), code);
  }
});

test("S37 what lies below is the cause, and what a pending sign-in needs is not printed", async () => {
  const network = await refused(() => Promise.reject(new TypeError("fetch failed")));
  assert.equal(network.cause.message, "fetch failed");

  const error = await refused(() => refusal(401, "MFA_REQUIRED", { mfaToken: "pending-secret", methods: ["totp"] }));
  assert.deepEqual(error.methods, ["totp"]);
  assert.ok(!JSON.stringify(error).includes("pending-secret") && !Object.values(error).includes("pending-secret"));
});

test("S38 nothing is written to the console, whatever happens", async (t) => {
  for (const kind of ["error", "warn", "log", "info", "debug"]) t.mock.method(console, kind, () => assert.fail(kind));
  const it = makeBrowser();
  const tab = await it.signedIn({ options: { debug: true } });
  for (const answer of [() => refusal(500, "INTERNAL"), () => refusal(401, "TOKEN_REVOKED")]) {
    it.server.next("/api/auth/refresh", answer);
    await it.time.until(tab.client.refresh());
  }
  for (const file of await readdir(dist)) if (file.endsWith(".js")) assert.doesNotMatch(await readFile(new URL(file, dist), "utf8"), /console\./, file);
});

test("S39 the report says how things stand and what happened, and nothing secret", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn({ options: { debug: true } });
  const { value: token } = await it.time.until(tab.client.getToken());
  it.server.next("/api/auth/refresh", () => refusal(500, "INTERNAL"));
  await it.time.until(tab.client.refresh());

  const { value } = await it.time.until(tab.client.diagnose());

  const { status, token: age, timeline, browser } = JSON.parse(value);
  assert.equal(status, "offline");
  assert.equal(age.lifetimeSeconds, 900);
  assert.deepEqual(browser, { locks: true, channel: true, attemptIds: "localStorage", visibility: "visible", onLine: "unknown", userAgent: "unknown" });
  assert.ok(timeline.some((line) => /failed.*INTERNAL/.test(line)));
  for (const secret of [token, token.split(".")[1], it.jar.refresh, "ada@example.test", "Ada", tab.client.snapshot().user.id, tab.client.snapshot().sessionId]) assert.ok(!value.includes(secret), secret);
});

test("S39 without debug there is no timeline", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();

  const { value } = await it.time.until(tab.client.diagnose());

  assert.deepEqual(JSON.parse(value).timeline, []);
});

test("S40 dispose leaves no timer, no listener and no channel, and the session goes on", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const other = await it.another();
  await it.time.advance(1_000);
  assert.ok(it.time.count(tab) > 0 && tab.listening() > 0 && tab.channels() > 0);

  tab.client.dispose();
  await it.time.advance(1_000);

  assert.deepEqual([it.time.count(tab), tab.listening(), tab.channels()], [0, 0, 0]);
  assert.equal((await it.time.until(other.client.fetch("/orders"))).value.status, 200);
  await it.time.advance(3_600_000);
  assert.equal(it.time.count(tab), 0);
});

test("S40 a sign-in in flight sets up nothing after dispose", async () => {
  const it = makeBrowser();
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  it.server.next("/api/auth/login", it.slowly(3_000));
  const signIn = tab.client.signIn.password({ email: "ada@example.test", password: "right" });
  await it.time.advance(100);

  tab.client.dispose();
  await it.time.until(signIn);
  await it.time.advance(10);

  assert.deepEqual([it.time.count(tab), tab.listening(), tab.channels()], [0, 0, 0]);
});

test("S40 a refresh in flight sets up nothing after dispose", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/auth/refresh", it.slowly(3_000));
  const refresh = tab.client.refresh();
  await it.time.advance(100);

  tab.client.dispose();
  await it.time.until(refresh);
  await it.time.advance(10);

  assert.deepEqual([it.time.count(tab), tab.listening(), tab.channels()], [0, 0, 0]);
});
