// The page for everyone: keyboard, labels, errors that are heard, narrow screens, contrast.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { person, register, signedIn, signedOut, signIn, startBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const browser = await startBrowser();
const STYLE = new URL("../../crates/http/src/page/style.css", import.meta.url);

test("a wrong password is said, heard and leaves the address typed", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await signedOut(page);

  await signIn(page, "Ada", "not the password at all");
  const alert = page.locator("#sign-in .errors");
  await alert.getByText(/not right/).waitFor();

  assert.equal(await alert.getAttribute("role"), "alert");
  assert.equal(await page.evaluate(() => document.activeElement.className), "errors");
  assert.match(await page.title(), /^Error: Sign in/);
  assert.equal(await page.locator("#sign-in-email").inputValue(), "ada@example.test");
  await signIn(page, "Ada");
  await signedIn(page, "Ada");
  assert.doesNotMatch(await page.title(), /Error/);
});

test("an unlawful password is marked at its field", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await page.getByRole("link", { name: "Create an account" }).click();
  await page.locator("#register").getByLabel("Name").fill("Ada");
  await page.locator("#register").getByLabel("Email address").fill("ada@example.test");
  await page.locator("#register").getByLabel("Password").fill("short");
  await page.getByRole("button", { name: "Create account" }).click();

  const password = page.locator("#register-password");
  await page.locator("#register-password-error").waitFor();
  assert.equal(await password.getAttribute("aria-invalid"), "true");
  assert.match(await password.getAttribute("aria-describedby"), /register-password-error/);
  await page.locator("#register .errors a").first().click();
  assert.equal(await page.evaluate(() => document.activeElement.id), "register-password");
});

test("everything on the way in and out works by keyboard alone", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");
  await page.getByRole("button", { name: "Sign out", exact: true }).focus();
  await page.keyboard.press("Enter");
  await signedOut(page);

  await page.keyboard.press("Tab");
  await page.keyboard.type("ada@example.test");
  await page.keyboard.press("Tab");
  await page.keyboard.type("a long enough phrase for a test");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Space");
  assert.equal(await page.locator("#sign-in-remember").isChecked(), false);
  await page.keyboard.press("Enter");

  await signedIn(page, "Ada");
  assert.equal(await page.evaluate(() => document.activeElement.id), "profile-title");
});

test("every control has a name, and every field a label and a purpose", async (t) => {
  const server = await startServer(t);
  const { page } = await person(t, browser, server);
  await register(page, "Ada");

  const faults = await page.evaluate(() => {
    const found = [];
    for (const control of document.querySelectorAll("input, select, textarea")) {
      if (control.hidden) continue;
      if (control.labels.length === 0) found.push(`${control.id}: no label`);
      if (control.type !== "checkbox" && !control.autocomplete) found.push(`${control.id}: no purpose`);
    }
    for (const control of document.querySelectorAll("button, a")) {
      if (!(control.getAttribute("aria-label") ?? control.textContent).trim()) found.push(`${control.outerHTML}: no name`);
    }
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    if (new Set(ids).size !== ids.length) found.push("an id is there twice");
    if (!document.documentElement.lang) found.push("no language");
    return found;
  });
  assert.deepEqual(faults, []);
});

for (const colorScheme of ["light", "dark"]) {
  test(`320 pixels are wide enough, and nothing is complained about (${colorScheme})`, async (t) => {
    const server = await startServer(t);
    const { page, troubles } = await person(t, browser, server, { viewport: { width: 320, height: 640 }, colorScheme });

    const widths = async () => page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    const [before, room] = await widths();
    await register(page, "Ada");
    const [after] = await widths();

    assert.ok(before <= room && after <= room, `${before} and ${after} pixels of ${room}`);
    const small = await page.evaluate(() =>
      [...document.querySelectorAll("button, input")]
        .map((control) => [control.id, control.getBoundingClientRect()])
        .filter(([, box]) => box.height > 0 && (box.height < 24 || box.width < 24))
        .map(([id]) => id));
    assert.deepEqual(small, []);
    assert.deepEqual(troubles, []);
  });
}

test("the other pages load whole and nothing is complained about", async (t) => {
  const server = await startServer(t);
  const { page, troubles } = await person(t, browser, server, { viewport: { width: 320, height: 640 } });

  for (const [path, title] of [["/docs", /countersign/i], ["/errors/TOKEN_EXPIRED", /expired/i], ["/claim/made-up", /administrator/]]) {
    await page.goto(server.url + path, { waitUntil: "networkidle" });
    assert.match(await page.locator("h1, h2").allInnerTexts().then((found) => found.join(" ")), title, path);
  }

  assert.deepEqual(troubles, []);
});

test("the colours have the contrast that WCAG 2.2 AA asks for, in both schemes", async () => {
  const [light, dark] = (await readFile(STYLE, "utf8")).split("prefers-color-scheme: dark");
  for (const scheme of [light, dark]) {
    const colour = (name) => new RegExp(`--${name}: (#[0-9a-f]{6});`).exec(scheme)[1];
    for (const [front, back, least] of [
      ["text", "ground", 4.5],
      ["text", "shade", 4.5],
      ["muted", "ground", 4.5],
      ["accent", "ground", 4.5],
      ["on-accent", "accent", 4.5],
      ["alarm", "ground", 4.5],
      ["line", "ground", 3],
      ["line", "shade", 3],
    ]) {
      const ratio = contrast(colour(front), colour(back));
      assert.ok(ratio >= least, `${front} on ${back}: ${ratio.toFixed(2)}`);
    }
  }
});

// WCAG 2.2, "contrast ratio" and "relative luminance".
function contrast(one, other) {
  const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
