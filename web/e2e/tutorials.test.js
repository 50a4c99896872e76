// Front ends as tutorials teach them, in Chromium against the real server: people who come from one keep what they wrote. None of them knows
// our client, sends an attempt id, or reads more than `accessToken` and `code`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "../client/node_modules/esbuild/lib/main.js";
import { PASSWORD, startBrowser, visit } from "./support/browser.js";
import { startSite } from "./support/site.js";
import { totp } from "./support/totp.js";

const APPS = { "fetch-class": "js", interceptor: "js", "token-manager": "js", plain: "js", hoc: "jsx" };
/** Each caller of the plain script refreshes by itself. */
const MANY_REFRESHES = ["plain"];

const home = fileURLToPath(new URL("tutorials/", import.meta.url));
const { outputFiles } = await build({
  absWorkingDir: home,
  entryPoints: Object.entries(APPS).map(([name, kind]) => `${name}.${kind}`),
  nodePaths: ["client", "react"].map((name) => fileURLToPath(new URL(`../${name}/node_modules`, import.meta.url))),
  outdir: "out",
  bundle: true,
  format: "esm",
  jsx: "automatic",
  define: { "process.env.NODE_ENV": '"production"' },
  write: false,
});
const scripts = new Map(outputFiles.map(({ path, text }) => [/([^/]+)$/.exec(path)[1], text]));
const browser = await startBrowser();

/** A site with one of the front ends, and what is needed to let time pass for a token. */
async function startApp(t, app) {
  const site = await startSite(t);
  site.page = (path) => (path.startsWith("/js/") ? ["text/javascript", scripts.get(path.slice(4))] : ["text/html", `<!doctype html><html lang="en"><title>loading</title><body data-app="${app}"><script type="module" src="/js/${app}.js"></script>`]);
  const old = new Set();
  let expired;
  /** A token of the same person that is past its time stands in for each that was seen until now. */
  site.expire = async () => {
    expired ??= await expiredToken(site);
    for (const { authorization } of site.asked) if (authorization) old.add(authorization);
    site.asked.length = 0;
  };
  site.bend = (headers) => (old.has(headers.authorization) ? { ...headers, authorization: expired } : headers);
  return site;
}

async function expiredToken(site) {
  const token = (await site.command("token", "mint", "ada@example.test", "--ttl-seconds", "1")).trim();
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    const answer = await fetch(`${site.behind}/api/auth/verify`, { headers: { Authorization: `Bearer ${token}` } });
    if ((await answer.json()).code === "TOKEN_EXPIRED") return `Bearer ${token}`;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the token does not expire");
}

const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();
const press = (page, name) => page.getByRole("button", { name, exact: true }).click();
const said = (page, text) => page.locator("output").getByText(text).waitFor();

async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await page.getByLabel(label, { exact: true }).fill(value);
  await press(page, "Go on");
}

const CREDENTIALS = { Email: "ada@example.test", Password: PASSWORD };
const refreshes = (site) => site.refreshes().filter(({ status }) => status === 200).length;

for (const app of Object.keys(APPS)) {
  test(`${app}: register, reload, expiry, profile, roles, sign out`, async (t) => {
    const site = await startApp(t, app);
    const page = await visit(t, browser, `${site.url}/register`);
    await fill(page, { Name: "Ada", ...CREDENTIALS });
    await heading(page, "Home");
    assert.equal(await page.locator("#name").textContent(), "Ada");

    await page.reload();
    await heading(page, "Home");

    await site.expire();
    await press(page, "Orders");
    await heading(page, "Orders");
    assert.equal(refreshes(site), 1, "one call that found its token expired");
    assert.equal(await page.locator("#of").textContent(), "ada@example.test");

    await site.expire();
    await press(page, "Eight calls");
    await said(page, `Statuses: ${Array(8).fill(200).join(" ")}`);
    assert.ok(MANY_REFRESHES.includes(app) ? refreshes(site) >= 1 : refreshes(site) === 1, `${refreshes(site)} refreshes for eight calls`);

    await site.expire();
    await page.getByLabel("New name").fill("Ada Lovelace");
    await press(page, "Save name");
    await said(page, "Saved: Ada Lovelace");
    assert.ok(refreshes(site) >= 1);

    site.asked.length = 0;
    await press(page, "People");
    await heading(page, "Not permitted");
    assert.ok(site.asked.filter(({ path }) => path.startsWith("/api/admin/")).every(({ status }) => status === 403));
    assert.equal(refreshes(site), 0, "a 403 refreshes nothing");

    const cookies = await page.context().cookies();
    const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
    assert.ok(!/eyJ/.test(kept) && !kept.includes(cookies.find(({ name }) => name === "refreshToken").value));
    await press(page, "Sign out");
    await heading(page, "Sign in");
    assert.deepEqual((await page.context().cookies()).filter(({ name }) => name === "refreshToken"), []);
    assert.deepEqual(page.troubles, []);
  });

  test(`${app}: a guarded page, the way back to it, a session that ends elsewhere, and the second step`, async (t) => {
    const site = await startApp(t, app);
    const page = await visit(t, browser, `${site.url}/register`);
    await fill(page, { Name: "Ada", ...CREDENTIALS });
    await heading(page, "Home");
    const elsewhere = await visit(t, browser, `${site.url}/orders`);
    await heading(elsewhere, "Sign in");
    assert.equal(new URL(elsewhere.url()).searchParams.get("returnTo"), "/orders");
    assert.equal(await elsewhere.locator("p[role=status]").count(), 0, "a stranger's session has not expired");
    await fill(elsewhere, { ...CREDENTIALS, Password: "not the password of Ada" });
    await said(elsewhere, "The e-mail address or the password is not right.");
    await fill(elsewhere, CREDENTIALS);
    await heading(elsewhere, "Orders");

    await press(page, "Sign out everywhere");
    await heading(page, "Sign in");
    await elsewhere.getByLabel("New name").fill("Eve");
    await press(elsewhere, "Save name");
    await heading(elsewhere, "Sign in");
    await elsewhere.locator("p[role=status]").getByText("Your session has expired").waitFor();
    assert.deepEqual([...new URL(elsewhere.url()).searchParams], [["session", "expired"], ["returnTo", "/orders"]]);
    await fill(elsewhere, CREDENTIALS);
    await heading(elsewhere, "Orders");

    const secret = await elsewhere.evaluate(async (credentials) => {
      const post = async (path, body, token) => (await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) }, body: JSON.stringify(body) })).json();
      const { accessToken } = await post("/api/auth/login", credentials);
      const { secret } = await post("/api/user/mfa/totp", {}, accessToken);
      globalThis.confirm = (code) => post("/api/user/mfa/totp/confirm", { code }, accessToken);
      return secret;
    }, { email: CREDENTIALS.Email, password: PASSWORD });
    const { recoveryCodes } = await elsewhere.evaluate((code) => confirm(code), totp(secret, 0));
    assert.equal(recoveryCodes.length, 10);
    await fill(page, CREDENTIALS);
    await heading(page, "One more step");
    assert.deepEqual((await page.context().cookies()).filter(({ name }) => name === "refreshToken"), [], "no session before the second step");
    await fill(page, { Code: totp(secret, 1) });
    await heading(page, "Home");
    assert.deepEqual([...page.troubles, ...elsewhere.troubles], []);
  });
}
