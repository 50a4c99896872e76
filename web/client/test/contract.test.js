// What the server offers beside the session, against a fake of the contract: the proof of work, second factors, passkeys and the
// account. The real server is asked in web/e2e.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { isAuthError } from "../dist/index.js";
import { account } from "../dist/account.js";
import { passkeys } from "../dist/passkeys.js";
import { solve } from "../dist/proof-of-work.js";
import { makeBrowser } from "./support/browser.js";
import { lost, refusal, reply } from "./support/server.js";

const SALT = "07070707?expires=1800000300&";
const ADA = { email: "ada@example.test", password: "right" };

function challengeOf(number, maxnumber) {
  return { algorithm: "SHA-256", challenge: createHash("sha256").update(`${SALT}${number}`).digest("hex"), maxnumber, salt: SALT, signature: "s" };
}

test("a proof of work is done without the caller's help, and the sign-in goes on", async () => {
  const it = makeBrowser();
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  it.server.next("/api/auth/login", () => refusal(428, "CHALLENGE_REQUIRED", { challenge: challengeOf(1234, 5000) }));

  const user = await settled(it, tab.client.signIn.password(ADA));

  assert.equal(user.name, "Ada");
  const [first, second] = it.server.to("/api/auth/login");
  assert.equal(first.body.challengeResponse, undefined);
  assert.deepEqual(JSON.parse(atob(second.body.challengeResponse)), { algorithm: "SHA-256", challenge: challengeOf(1234).challenge, number: 1234, salt: SALT, signature: "s" });
  assert.equal(second.body.email, ADA.email);
});

test("proofs that do not help, or cannot be made, end in the refusal", async () => {
  const it = makeBrowser();
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  const stop = it.server.always("/api/auth/login", () => refusal(428, "CHALLENGE_REQUIRED", { challenge: challengeOf(3, 10) }));
  await assert.rejects(settled(it, tab.client.signIn.password(ADA)), { code: "CHALLENGE_REQUIRED" });
  assert.equal(it.server.to("/api/auth/login").length, 4);
  stop();

  it.server.next("/api/auth/login", () => refusal(428, "CHALLENGE_REQUIRED", { challenge: { ...challengeOf(3, 10), algorithm: "SHA-512" } }));
  await assert.rejects(settled(it, tab.client.signIn.password(ADA)), { code: "CHALLENGE_REQUIRED" });
  assert.equal(it.server.to("/api/auth/login").length, 5);
});

test("the number is found wherever it is, and the page has its turn between the batches", async () => {
  for (const [number, turns] of [[0, 0], [999, 0], [1000, 1], [2500, 2]]) {
    let pauses = 0;
    const world = { crypto: globalThis.crypto, setTimeout: (act) => ((pauses += 1), setImmediate(act)) };
    assert.equal(JSON.parse(atob(await solve(challengeOf(number, 2500), world))).number, number);
    assert.equal(pauses, turns);
  }
  const world = { crypto: globalThis.crypto, setTimeout: (act) => setImmediate(act) };
  assert.equal(await solve(challengeOf(11, 10), world), null);
  assert.equal(await solve(challengeOf(1, 10), { crypto: {} }), null, "a page that is no secure context");
});

test("a registration signs in, and one whose address must be confirmed says so by null", async () => {
  const it = makeBrowser();
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  const eve = { email: "eve@example.test", password: "right", name: "Eve" };
  it.server.next("/api/auth/register", () => reply(202, { message: "A mail is on its way." }));

  assert.equal(await settled(it, tab.client.register(eve)), null);
  assert.equal(tab.client.snapshot().status, "signedOut");
  assert.equal((await settled(it, tab.client.register(eve))).name, "Eve");

  assert.equal(tab.client.snapshot().status, "signedIn");
});

test("a second factor goes on where the password ended, without the caller carrying anything", async () => {
  const it = makeBrowser();
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  it.server.next("/api/auth/login", () => refusal(401, "MFA_REQUIRED", { mfaToken: "pending", methods: ["totp", "passkey", "recovery"] }));
  it.server.next("/api/auth/mfa/verify", () => refusal(401, "AUTH_FAILED"));
  it.server.next("/api/auth/mfa/verify", async () => it.fetch(tab, "/api/auth/login", { method: "POST", body: JSON.stringify(ADA), headers: { "Content-Type": "application/json" } }));

  await assert.rejects(settled(it, tab.client.signIn.password(ADA)), { code: "MFA_REQUIRED", methods: ["totp", "passkey", "recovery"] });
  await assert.rejects(settled(it, tab.client.signIn.secondFactor({ method: "totp", code: "000000" })), { code: "AUTH_FAILED" });
  const user = await settled(it, tab.client.signIn.secondFactor({ method: "totp", code: "123456", rememberDevice: true }));

  assert.equal(user.name, "Ada");
  assert.deepEqual(it.server.to("/api/auth/mfa/verify").map(({ body }) => body), [
    { mfaToken: "pending", method: "totp", code: "000000" },
    { mfaToken: "pending", method: "totp", code: "123456", rememberDevice: true },
  ]);
});

test("each call of the account is the one that the contract names", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const me = account(tab.client);
  const done = () => new Response(null, { status: 204 });
  const calls = [
    [() => me.profile(), "GET /api/user/profile"],
    [() => me.rename("Zoë"), "PATCH /api/user/profile", { name: "Zoë" }, () => reply(200, { id: "usr_ada", email: ADA.email, emailVerified: true, name: "Zoë", roles: ["member"], createdAt: "x" })],
    [() => me.changePassword({ currentPassword: "a", newPassword: "b" }), "POST /api/user/password", { currentPassword: "a", newPassword: "b" }],
    [() => me.sessions(), "GET /api/user/sessions", undefined, () => reply(200, { sessions: [] })],
    [() => me.endSession("ses_1/../x"), "DELETE /api/user/sessions/ses_1%2F..%2Fx", undefined, done],
    [() => me.verify(), "GET /api/auth/verify"],
    [() => me.devices(), "GET /api/user/devices", undefined, () => reply(200, { devices: [] })],
    [() => me.forgetDevice("dev_1"), "DELETE /api/user/devices/dev_1", undefined, done],
    [() => me.factors(), "GET /api/user/mfa"],
    [() => me.totp.begin(), "POST /api/user/mfa/totp"],
    [() => me.totp.confirm("123456"), "POST /api/user/mfa/totp/confirm", { code: "123456" }, () => reply(200, { recoveryCodes: [] })],
    [() => me.totp.remove(), "DELETE /api/user/mfa/totp", undefined, done],
    [() => me.renewRecoveryCodes(), "POST /api/user/mfa/recovery-codes", undefined, () => reply(200, { recoveryCodes: [] })],
    [() => me.email.change("new@example.test"), "POST /api/user/email", { newEmail: "new@example.test" }],
  ];
  for (const [act, line, body, answer] of calls) {
    it.server.asked.length = 0;
    const [method, path] = line.split(" ");
    if (answer) it.server.next(path, answer);
    await settled(it, act());
    const [asked] = it.server.asked;
    assert.equal(`${asked.method} ${asked.path}`, line);
    assert.deepEqual(asked.body || undefined, body);
    assert.ok(asked.token, line);
  }
  assert.equal(tab.client.snapshot().user.name, "Zoë");
});

test("a call that nobody answers is an error of the one kind, within thirty seconds", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const me = account(tab.client);
  it.server.next("/api/user/profile", lost);
  const { error } = await it.time.until(me.profile());
  assert.deepEqual([error.code, isAuthError(error), error.cause.message], ["NETWORK", true, "fetch failed"]);

  it.server.next("/api/user/profile", () => new Promise(() => {}));
  const late = await it.time.until(me.profile());

  assert.equal(late.error.code, "TIMEOUT");
  assert.ok(late.ms >= 30_000 && late.ms < 30_200, `${late.ms} ms`);
});

test("calls that want no token get none", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const me = account(tab.client);
  const calls = [
    [() => me.email.confirm({ token: "t" }), "/api/auth/email/verify", { token: "t" }],
    [() => me.email.resend("a@b.test"), "/api/auth/email/resend", { email: "a@b.test" }],
    [() => me.email.undo("t"), "/api/auth/email/undo", { token: "t" }],
    [() => me.password.forgot("a@b.test"), "/api/auth/password/forgot", { email: "a@b.test" }],
    [() => me.password.reset("t", "new"), "/api/auth/password/reset", { token: "t", newPassword: "new" }],
    [() => me.link.send("a@b.test"), "/api/auth/link", { email: "a@b.test" }],
  ];
  for (const [act, path, body] of calls) {
    it.server.next(path, () => reply(202, { message: "Done." }));
    await settled(it, act());
    const asked = it.server.asked.at(-1);
    assert.deepEqual([asked.method, asked.path, asked.body, asked.token], ["POST", path, body, undefined]);
  }
});

test("a call that needs a recent proof says so, and works after the step-up", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const me = account(tab.client);
  it.server.next("/api/user/mfa/totp", () => refusal(401, "STEP_UP_REQUIRED", { methods: ["password"] }));

  await assert.rejects(settled(it, me.totp.begin()), { code: "STEP_UP_REQUIRED", methods: ["password"] });
  assert.equal(tab.client.snapshot().status, "stepUp");
  await settled(it, tab.client.stepUp({ password: "right" }));

  assert.ok(await settled(it, me.totp.begin()));
});

test("a profile that comes after the sign-out, or of somebody else, is shown to nobody", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const me = account(tab.client);
  it.server.next("/api/user/profile", it.slowly(2_000));
  const late = me.profile();
  await it.time.advance(10);
  await it.time.until(tab.client.signOut());
  await it.time.until(late);
  assert.deepEqual(tab.client.snapshot(), { status: "signedOut", user: null, sessionId: null });

  await it.time.until(tab.client.signIn.password(ADA));
  it.server.next("/api/user/profile", () => reply(200, { id: "usr_bob", name: "Bob", roles: [] }));
  await it.time.until(me.profile());
  assert.equal(tab.client.snapshot().user.name, "Ada");
});

test("deleting the account signs this browser out", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  it.server.next("/api/user", () => new Response(null, { status: 204 }));

  await settled(it, account(tab.client).erase("right"));

  assert.equal(tab.client.snapshot().status, "signedOut");
});

/** An authenticator that says yes, in a browser that translates JSON itself or does not. */
function authenticator({ isOld = false } = {}) {
  const asked = [];
  const bytes = (...values) => new Uint8Array(values).buffer;
  const credential = (response) => ({
    id: "AQI",
    rawId: bytes(1, 2),
    type: "public-key",
    authenticatorAttachment: "platform",
    response,
    getClientExtensionResults: () => ({}),
    ...(isOld ? {} : { toJSON: () => ({ id: "AQI", made: "by the browser" }) }),
  });
  return {
    asked,
    world: {
      navigator: {
        credentials: {
          get: async (how) => (asked.push(how), credential({ clientDataJSON: bytes(255), authenticatorData: bytes(1), signature: bytes(2), userHandle: null })),
          create: async (how) => (asked.push(how), credential({ clientDataJSON: bytes(255), attestationObject: bytes(3), getTransports: () => ["internal"] })),
        },
      },
      PublicKeyCredential: isOld
        ? {}
        : {
            parseRequestOptionsFromJSON: (json) => ({ parsed: json }),
            parseCreationOptionsFromJSON: (json) => ({ parsed: json }),
            isConditionalMediationAvailable: async () => true,
          },
    },
  };
}

const OPTIONS = { challenge: "AQID", timeout: 60_000, rpId: "example.test", allowCredentials: [{ id: "AQI", type: "public-key" }], userVerification: "preferred" };

test("a passkey signs in, is made, renamed and removed as the contract says", async () => {
  const it = makeBrowser();
  const { asked, world } = authenticator();
  const tab = await it.signedIn({ world });
  const keys = passkeys(tab.client);
  assert.deepEqual([keys.isSupported(), await keys.canSuggest()], [true, true]);
  it.server.always("/api/auth/passkey/options", () => reply(200, OPTIONS));
  it.server.next("/api/auth/passkey", () => it.fetch(tab, "/api/auth/login", { method: "POST", body: JSON.stringify(ADA), headers: { "Content-Type": "application/json" } }));

  const user = await settled(it, keys.signIn({ isSuggested: true, remember: false }));

  assert.equal(user.name, "Ada");
  assert.deepEqual(it.server.to("/api/auth/passkey")[0].body, { credential: { id: "AQI", made: "by the browser" }, remember: false });
  assert.equal(asked[0].mediation, "conditional");
  assert.deepEqual(asked[0].publicKey, { parsed: OPTIONS });

  it.server.next("/api/user/passkeys/options", () => reply(200, { ...OPTIONS, user: { id: "AQ" } }));
  it.server.next("/api/user/passkeys", () => reply(201, { passkey: { id: "psk_1", name: "Phone" } }));
  assert.equal((await settled(it, keys.add("Phone"))).id, "psk_1");
  assert.deepEqual(it.server.to("/api/user/passkeys")[0].body, { credential: { id: "AQI", made: "by the browser" }, name: "Phone" });
  it.server.next("/api/user/passkeys/psk_1", () => reply(200, { passkey: { id: "psk_1", name: "Old phone" } }));
  assert.equal((await settled(it, keys.rename("psk_1", "Old phone"))).name, "Old phone");
  it.server.next("/api/user/passkeys/psk_1", () => new Response(null, { status: 204 }));
  await settled(it, keys.remove("psk_1"));
  it.server.next("/api/user/passkeys", () => reply(200, { passkeys: [] }));
  assert.deepEqual(await settled(it, keys.list()), []);
  assert.deepEqual(it.server.to("/api/user/passkeys/psk_1").map(({ method }) => method), ["PATCH", "DELETE"]);
});

test("a passkey is a second factor and a step-up", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn({ world: authenticator().world });
  const keys = passkeys(tab.client);
  it.server.always("/api/auth/passkey/options", () => reply(200, OPTIONS));
  it.server.next("/api/auth/step-up", () => reply(200, { accessToken: it.server.tokenOf([...it.server.sessions.values()][0]), expiresIn: 900, tokenType: "Bearer" }));
  await settled(it, keys.stepUp());
  assert.deepEqual(it.server.to("/api/auth/step-up")[0].body.method, "passkey");
  assert.ok(it.server.to("/api/auth/passkey/options")[0].token, "the options are for this person");

  it.server.next("/api/auth/login", () => refusal(401, "MFA_REQUIRED", { mfaToken: "pending", methods: ["passkey"] }));
  await settled(it, tab.client.signIn.password(ADA)).catch(() => {});
  it.server.next("/api/auth/mfa/verify", () => it.fetch(tab, "/api/auth/login", { method: "POST", body: JSON.stringify(ADA), headers: { "Content-Type": "application/json" } }));
  await settled(it, keys.secondFactor());

  assert.deepEqual(it.server.to("/api/auth/passkey/options")[1].body, { mfaToken: "pending" });
  assert.deepEqual(it.server.to("/api/auth/mfa/verify")[0].body, { mfaToken: "pending", method: "passkey", credential: { id: "AQI", made: "by the browser" } });
});

test("a browser that does not translate is helped, and one without passkeys says so", async () => {
  const it = makeBrowser();
  const { asked, world } = authenticator({ isOld: true });
  const tab = await it.signedIn({ world });
  it.server.always("/api/auth/passkey/options", () => reply(200, OPTIONS));
  it.server.next("/api/auth/passkey", () => refusal(401, "AUTH_FAILED"));
  await settled(it, passkeys(tab.client).signIn()).catch(() => {});
  assert.deepEqual([...asked[0].publicKey.challenge], [1, 2, 3]);
  assert.deepEqual([...asked[0].publicKey.allowCredentials[0].id], [1, 2]);
  const { credential } = it.server.to("/api/auth/passkey")[0].body;
  assert.deepEqual(credential, { id: "AQI", rawId: "AQI", type: "public-key", response: { clientDataJSON: "_w", authenticatorData: "AQ", signature: "Ag" }, authenticatorAttachment: "platform", clientExtensionResults: {} });
  it.server.next("/api/user/passkeys/options", () => reply(200, { challenge: "AQ", user: { id: "AQ", name: "a", displayName: "A" }, pubKeyCredParams: [] }));
  it.server.next("/api/user/passkeys", () => reply(201, { passkey: { id: "psk_1" } }));
  await settled(it, passkeys(tab.client).add());
  assert.deepEqual([...asked[1].publicKey.user.id], [1]);
  assert.deepEqual(it.server.to("/api/user/passkeys")[0].body.credential.response, { clientDataJSON: "_w", attestationObject: "Aw", transports: ["internal"] });

  const bare = await makeBrowser().signedIn();
  assert.equal(passkeys(bare.client).isSupported(), false);
});

test("a new question aborts the one that waits among the suggestions", async () => {
  const it = makeBrowser();
  const { world } = authenticator();
  const signals = [];
  world.navigator.credentials.get = ({ signal }) => (signals.push(signal), new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))));
  const tab = await it.signedIn({ world });
  const keys = passkeys(tab.client);
  it.server.always("/api/auth/passkey/options", () => reply(200, OPTIONS));

  const waiting = keys.signIn({ isSuggested: true });
  await it.time.advance(100);
  keys.signIn().catch(() => {});
  const { error } = await it.time.until(waiting);

  assert.equal(error.name, "AbortError");
  assert.deepEqual(signals.map(({ aborted }) => aborted), [true, false]);
});

/** Work on threads of its own (hashing) needs real time as well as the world's. */
async function settled(it, promise) {
  for (;;) {
    const { isHanging, error, value } = await it.time.until(promise, 40_000);
    if (error) throw error;
    if (!isHanging) return value;
  }
}
