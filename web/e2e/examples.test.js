// The examples, built and run as their readers would, against the real server.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { PASSWORD, startBrowser, visit } from "./support/browser.js";
import { startSite } from "./support/site.js";

const examples = fileURLToPath(new URL("../examples/", import.meta.url));
const dist = fileURLToPath(new URL("../client/dist/", import.meta.url));
const KINDS = { html: "text/html", js: "text/javascript" };
const LONGEST = 70;
const browser = await startBrowser();

/** Serves a folder at a path, as `site.page` wants it. */
function folder(path, home) {
  const names = new Set(readdirSync(home, { recursive: true }).map((name) => `${path}${name}`));
  return (asked) => names.has(asked) && [KINDS[asked.split(".").pop()] ?? "text/plain", readFileSync(join(home, asked.slice(path.length)), "utf8")];
}

const heading = (page, name) => page.getByRole("heading", { name, exact: true }).waitFor();

/** Registers, reloads, signs out, fails to sign in, and signs in. */
async function drive(page) {
  const fill = async (fields) => {
    for (const [label, value] of Object.entries(fields)) await page.getByLabel(label).fill(value);
    await page.getByRole("button", { name: "Go on" }).click();
  };
  await fill({ Name: "Ada", Email: "ada@example.test", Password: PASSWORD });
  await heading(page, "Orders of Ada");
  await page.reload();
  await heading(page, "Orders of Ada");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Email").waitFor();
  await fill({ Name: "", Email: "ada@example.test", Password: "not the password of Ada" });
  await page.getByRole("alert").getByText("The e-mail address or the password is not right.").waitFor();
  await fill({ Password: PASSWORD });
  await heading(page, "Orders of Ada");
  assert.deepEqual(page.troubles, []);
}

test("the examples fit on a screen", () => {
  for (const name of ["react-spa/src/main.jsx", "react-spa/vite.config.js", "plain-page/page.js", "plain-page/index.html", "ssr/handler.js", "express-api/server.js"]) {
    const lines = readFileSync(examples + name, "utf8").trimEnd().split("\n").length;
    assert.ok(lines <= LONGEST, `${name}: ${lines} lines`);
  }
});

test("Vite and React: built, registered, reloaded, signed out, signed in", async (t) => {
  const built = await mkdtemp(join(tmpdir(), "countersign-spa-"));
  t.after(() => rm(built, { recursive: true, force: true }));
  await promisify(execFile)(process.execPath, [`${examples}react-spa/node_modules/vite/bin/vite.js`, "build", "--outDir", built, "--emptyOutDir"], { cwd: `${examples}react-spa` });
  const site = await startSite(t);
  const files = folder("/", built);
  site.page = (path) => files(path === "/" ? "/index.html" : path);

  await drive(await visit(t, browser, `${site.url}/`));
});

test("a page without a build step: registered, reloaded, signed out, signed in", async (t) => {
  const site = await startSite(t);
  const [files, client] = [folder("/plain-page/", `${examples}plain-page/`), folder("/countersign/", dist)];
  site.page = (path) => files(path) || client(path);

  await drive(await visit(t, browser, `${site.url}/plain-page/index.html`));
});

test("a Request/Response handler makes HTML for whoever asks", async (t) => {
  const site = await startSite(t);
  process.env.ISSUER = site.url;
  const { default: handler } = await import(`${examples}ssr/handler.js`);
  const client = folder("/countersign/", dist);
  // The keys are asked of the issuer, which is this site.
  site.page = (path) => client(path);
  site.handle = (request) => handler.fetch(request);
  const page = await visit(t, browser, `${site.url}/`);

  await heading(page, "Please sign in");
  await page.evaluate((who) => auth.register(who), { email: "ada@example.test", password: PASSWORD, name: "Ada" });
  await heading(page, "Orders of ada@example.test");
  await page.reload();
  await heading(page, "Orders of ada@example.test");
  assert.equal(await page.evaluate(async () => (await auth.fetch("/desk/fragment")).status), 403);
  assert.equal((await fetch(`${site.url}/desk/fragment`)).status, 401);
  await page.evaluate(() => auth.signOut());
  await heading(page, "Please sign in");
  assert.deepEqual(page.troubles, []);
});

test("an API in Express knows who calls", async (t) => {
  const AUDIENCE = "https://orders.example.test";
  const site = await startSite(t, { COUNTERSIGN_TOKENS__AUDIENCE: AUDIENCE });
  const api = spawn(process.execPath, ["server.js"], { cwd: `${examples}express-api`, env: { PATH: process.env.PATH, ISSUER: site.url, AUDIENCE, PORT: "0" }, stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => api.kill());
  const port = await new Promise((resolve, reject) => {
    api.stdout.on("data", (text) => resolve(/\d+/.exec(text)[0]));
    api.once("exit", (code) => reject(new Error(`the example ended with ${code}`)));
  });
  const answer = await fetch(`${site.url}/api/auth/register`, { method: "POST", headers: { "Content-Type": "application/json", Origin: site.url }, body: JSON.stringify({ email: "ada@example.test", password: PASSWORD, name: "Ada" }) });
  const { accessToken } = await answer.json();
  const ask = async (path, { method, body, token = accessToken } = {}) => {
    const given = await fetch(`http://localhost:${port}${path}`, { method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json", ...(token && { Authorization: `Bearer ${token}` }) } });
    const text = await given.text();
    return [given.status, text && JSON.parse(text)];
  };
  const code = async (...asked) => (await ask(...asked)).map((part) => part.code ?? part).join(" ");

  assert.deepEqual(await ask("/"), [200, { hello: "ada@example.test" }]);
  assert.deepEqual(await ask("/", { token: null }), [200, { hello: "stranger" }]);
  assert.equal(await code("/orders", { token: null }), "401 TOKEN_MISSING");
  assert.equal(await code("/orders", { token: `${accessToken}x` }), "401 TOKEN_INVALID");
  assert.deepEqual(await ask("/orders", { method: "POST", body: { what: "tea" } }), [201, { orders: ["tea"] }]);
  assert.deepEqual(await ask("/orders"), [200, { orders: ["tea"] }]);
  assert.equal(await code("/orders/all"), "403 FORBIDDEN");
  assert.deepEqual(await ask("/orders", { method: "DELETE" }), [204, ""]);
});
