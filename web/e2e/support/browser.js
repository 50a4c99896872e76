// Debian's Chromium, kept quiet, and the acts of a person on the page.

import { after } from "node:test";
import { chromium } from "playwright-core";

/** What keeps Chromium from asking the world. */
export const QUIET = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const PASSWORD = "a long enough phrase for a test";

/** One browser for the test file. `options` are Playwright's. */
export async function startBrowser(options = {}) {
  const executablePath = process.env.CHROMIUM_BIN ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: QUIET, ...options });
  after(() => browser.close());
  return browser;
}

/** A person with a browser profile of his own. `troubles` collects what a browser complains about. */
export async function person(t, browser, server, options = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(15_000);
  t.after(() => context.close());
  const troubles = [];
  context.on("console", (message) => {
    // Chromium asks for this by itself where a page names no icon.
    if (message.location().url.endsWith("/favicon.ico")) return;
    if (message.type() === "error" || message.type() === "warning") troubles.push(message.text());
  });
  context.on("weberror", (error) => troubles.push(String(error.error())));
  const page = await context.newPage();
  await page.goto(server.url);
  return { context, page, troubles };
}

/** A page of somebody new at a site; `page.troubles` collects the errors of its scripts. */
export async function visit(t, browser, url) {
  const context = await browser.newContext();
  context.setDefaultTimeout(15_000);
  t.after(() => context.close());
  const page = await context.newPage();
  page.troubles = [];
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  await page.goto(url);
  return page;
}

export async function register(page, name) {
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.getByLabel("Name").first().fill(name);
  await page.locator("#register").getByLabel("Email address").fill(`${name.toLowerCase()}@example.test`);
  await page.locator("#register").getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  await signedIn(page, name);
}

export async function signIn(page, name, password = PASSWORD) {
  const form = page.locator("#sign-in");
  await form.getByLabel("Email address").fill(`${name.toLowerCase()}@example.test`);
  await form.getByLabel("Password").fill(password);
  await form.getByRole("button", { name: "Sign in", exact: true }).click();
}

export async function signedIn(page, name) {
  await page.getByRole("heading", { name: `Signed in as ${name}` }).waitFor();
}

export async function signedOut(page) {
  await page.getByRole("heading", { name: "Sign in", exact: true }).waitFor();
}

/** The claims that the page shows. */
export async function claims(page) {
  return JSON.parse(await page.locator("#token-claims").textContent());
}
