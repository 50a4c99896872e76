// Passkeys in a real browser, with an authenticator that the browser simulates.

import assert from "node:assert/strict";
import { test } from "node:test";
import { claims, person, register, signedIn, signedOut, signIn, startBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const browser = await startBrowser();

/** Plugs an authenticator into a page. */
async function authenticator(page, options = {}) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  });
  return {
    credentials: async () => (await cdp.send("WebAuthn.getCredentials", { authenticatorId })).credentials,
    put: (credential) => cdp.send("WebAuthn.addCredential", { authenticatorId, credential }),
    verifies: (isUserVerified) => cdp.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified }),
  };
}

/** A person whose browser has no list below the address field, so that nothing but the button asks. */
async function plain(t, server) {
  const { context, page, troubles } = await person(t, browser, server);
  await context.addInitScript(() => {
    PublicKeyCredential.isConditionalMediationAvailable = async () => false;
  });
  await page.reload();
  return { page, troubles };
}

async function addPasskey(page, name = "") {
  await page.getByLabel("Name of the new passkey").fill(name);
  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("The passkey is ready.").waitFor();
}

async function signOut(page) {
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await signedOut(page);
}

test("a passkey is added, named, renamed and deleted", async (t) => {
  const server = await startServer(t);
  const { page, troubles } = await plain(t, server);
  const key = await authenticator(page);
  await register(page, "Ada");
  assert.ok(await page.getByText("You have none yet.").isVisible());

  await addPasskey(page, "Laptop");
  const item = page.locator("#passkeys li");
  assert.match(await item.innerText(), /Laptop/);
  const [held] = await key.credentials();
  assert.equal(held.rpId, "localhost");
  assert.equal(held.isResidentCredential, true);

  await item.getByLabel("New name").fill("Work laptop");
  await item.getByRole("button", { name: /Rename/ }).click();
  await page.getByText("The passkey has its new name.").waitFor();
  assert.match(await item.innerText(), /Work laptop/);

  await page.getByRole("button", { name: "Add a passkey" }).click();
  await page.getByText("This device has a passkey for this account already.").waitFor();

  await item.getByRole("button", { name: "Delete the passkey Work laptop" }).click();
  await page.getByText("The passkey is deleted.").waitFor();
  assert.equal(await item.count(), 0);
  assert.deepEqual(troubles, []);
});

test("a passkey signs in with nothing typed", async (t) => {
  const server = await startServer(t);
  const { page, troubles } = await plain(t, server);
  const key = await authenticator(page);
  await register(page, "Ada");
  await addPasskey(page);
  await signOut(page);

  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await signedIn(page, "Ada");

  const shown = await claims(page);
  assert.deepEqual(shown.amr, ["hwk", "mfa", "user"]);
  assert.equal(shown.acr, "aal2");
  await page.reload();
  await signedIn(page, "Ada");
  assert.deepEqual(troubles, []);
});

test("passkeys are offered below the address field, and a stranger who does nothing causes no call", async (t) => {
  const server = await startServer(t);
  const { page } = await plain(t, server);
  const key = await authenticator(page);
  await register(page, "Ada");
  await addPasskey(page);
  const [synced] = await key.credentials();

  // Another browser of hers, where nobody has touched anything yet.
  const { context, page: elsewhere } = await person(t, browser, server);
  const calls = [];
  context.on("request", (request) => request.url().includes("/api/") && calls.push(new URL(request.url()).pathname));
  const other = await authenticator(elsewhere);
  await other.put(synced);
  await elsewhere.reload();
  await signedOut(elsewhere);
  assert.deepEqual(calls, []);

  // The simulated authenticator chooses the passkey of the list by itself.
  await elsewhere.getByLabel("Email address").first().focus();
  await signedIn(elsewhere, "Ada");

  assert.deepEqual(calls.slice(0, 2), ["/api/auth/passkey/options", "/api/auth/passkey"]);
});

test("a passkey is the second factor after a password", async (t) => {
  const server = await startServer(t);
  const { page } = await plain(t, server);
  await authenticator(page);
  await register(page, "Ada");
  await addPasskey(page);
  assert.equal(await page.locator("#passkey-codes li").count(), 10);
  await signOut(page);

  await signIn(page, "Ada");
  await signedIn(page, "Ada");

  const shown = await claims(page);
  assert.deepEqual(shown.amr, ["hwk", "mfa", "pwd", "user"]);
});

test("a passkey that does not check its holder signs nobody in", async (t) => {
  const server = await startServer(t);
  const { page } = await plain(t, server);
  const key = await authenticator(page);
  await register(page, "Ada");
  await addPasskey(page);
  await signOut(page);
  await key.verifies(false);

  await page.getByRole("button", { name: "Sign in with a passkey" }).click();

  // The browser itself gives up: nothing is said, and nobody is in.
  await page.reload();
  await signedOut(page);
});

// attack 78
test("a copy of a passkey whose count fell behind is refused", async (t) => {
  const server = await startServer(t);
  const { page } = await plain(t, server);
  const key = await authenticator(page);
  await register(page, "Ada");
  await addPasskey(page);
  const [copy] = await key.credentials();
  await signOut(page);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await signedIn(page, "Ada");

  const { page: thiefs } = await plain(t, server);
  const stolen = await authenticator(thiefs);
  await stolen.put(copy);
  await thiefs.getByRole("button", { name: "Sign in with a passkey" }).click();
  await thiefs.locator("#status").getByText(/not right|could not/i).waitFor();
  await thiefs.reload();
  await signedOut(thiefs);
});
