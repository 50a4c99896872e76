// What people do with mails: at the device where they asked, and at the one where they read them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { PASSWORD, person, register, signedIn, signIn, startBrowser } from "./support/browser.js";
import { startServer } from "./support/server.js";

const NEW = "another long enough phrase";
const browser = await startBrowser();

/** Opens the newest mail with this subject in the mailbox of `countersign dev`. */
async function openMail(page, server, subject) {
  await page.goto(`${server.url}/dev/mail`);
  // It is on its way: delivery comes after the answer.
  while ((await page.getByRole("link", { name: subject }).count()) === 0) {
    await page.getByRole("link", { name: "Look again" }).click();
  }
  await page.getByRole("link", { name: subject }).first().click();
  await page.getByRole("heading", { name: "Text", exact: true }).waitFor();
}

/** Asks for a new password, on the page of somebody who is signed out. */
async function forget(page, server) {
  await page.goto(server.url);
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail address").fill("ada@example.test");
  await page.getByRole("button", { name: "Send the mail" }).click();
  await page.getByRole("heading", { name: "Look into your mailbox" }).waitFor();
}

async function ada(t, server) {
  const { context, page } = await person(t, browser, server);
  await register(page, "Ada");
  await context.close();
}

test("a link survives a scanner, is pressed on the telephone, and the waiting page at the desk goes on by itself", async (t) => {
  const server = await startServer(t);
  await ada(t, server);
  const desk = await person(t, browser, server);
  const phone = await person(t, browser, server);
  await forget(desk.page, server);

  await openMail(phone.page, server, /password/i);
  await phone.page.getByRole("button", { name: "Scan its links as a mail gateway does" }).click();
  await phone.page.getByText("No link was used by that").waitFor();
  await phone.page.locator("pre a").first().click();
  await phone.page.getByLabel("New password").fill(NEW);
  await phone.page.locator("form button[type=submit]").first().click();
  await phone.page.getByText("The password is set").waitFor();

  await desk.page.waitForURL(`${server.url}/`);
  await signIn(desk.page, "Ada", NEW);
  await signedIn(desk.page, "Ada");
  assert.deepEqual(desk.troubles, []);
  assert.deepEqual(phone.troubles, []);
});

test("the code of the mail is typed where the mail was asked for, in any case and spacing", async (t) => {
  const server = await startServer(t);
  await ada(t, server);
  const desk = await person(t, browser, server);
  const phone = await person(t, browser, server);
  await forget(desk.page, server);
  await openMail(phone.page, server, /password/i);
  const code = /\b([A-Z0-9]{4})-([A-Z0-9]{4})\b/.exec(await phone.page.locator("pre").textContent());
  assert.ok(code, "the mail carries a code");

  await desk.page.getByLabel("E-mail address").fill("ada@example.test");
  await desk.page.getByLabel("Code").fill(`${code[1]} ${code[2]}`.toLowerCase());
  await desk.page.getByLabel("New password").fill(NEW);
  await desk.page.getByRole("button", { name: "Go on" }).click();
  await desk.page.getByText("The password is set").waitFor();

  await desk.page.goto(server.url);
  await signIn(desk.page, "Ada", PASSWORD);
  await desk.page.locator("#sign-in").getByRole("alert").waitFor();
  await signIn(desk.page, "Ada", NEW);
  await signedIn(desk.page, "Ada");
});

test("the mail pages work without scripts", async (t) => {
  const server = await startServer(t);
  await ada(t, server);
  const { page } = await person(t, browser, server, { javaScriptEnabled: false });
  await page.goto(`${server.url}/forgot`);
  await page.getByLabel("E-mail address").fill("ada@example.test");
  await page.getByRole("button", { name: "Send the mail" }).click();
  await openMail(page, server, /password/i);
  await page.locator("pre a").first().click();
  await page.getByLabel("New password").fill(NEW);
  await page.locator("form button[type=submit]").first().click();
  await page.getByText("The password is set").waitFor();
});
