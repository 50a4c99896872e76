// The page: shows what the client knows and passes on what the person does. Rules about sessions are in client.js.

import { solve } from "/assets/challenge.js";
import { createClient } from "/assets/client.js";
import { startPasskeys } from "/assets/passkey-section.js";

const CLAIM = "countersign.claim";
const PAUSE_MS = 60_000;

const element = (id) => document.getElementById(id);
let passkeys = { show: async () => {}, clear: () => {}, withSecondFactor: (signIn) => signIn() };
const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("countersign") : null;

const client = createClient({
  fetch: (...question) => fetch(...question),
  storage: keptIn(() => localStorage),
  locks: navigator.locks,
  cookies: () => document.cookie,
  random: (length) => crypto.getRandomValues(new Uint8Array(length)),
  now: () => Date.now(),
  solve: prove,
  changed,
});

const ENDED = {
  signed_out: "You are signed out.",
  signed_out_elsewhere: "You signed out in another tab.",
  TOKEN_EXPIRED: "You were away for long, so the session ended. Sign in again.",
  TOKEN_REVOKED: "This session was ended. Sign in again.",
  TOKEN_REUSED: "Somebody used a copy of this session, so it was ended. Sign in and change your password.",
};

/** Storage that may be refused (private windows, full disks): reads nothing then, and says that it kept nothing. */
function keptIn(open) {
  const attempt = (act, otherwise) => {
    try {
      return act(open());
    } catch {
      return otherwise;
    }
  };
  return {
    read: (key) => attempt((storage) => storage.getItem(key), null),
    write: (key, value) => attempt((storage) => (storage.setItem(key, value), true), false),
    remove: (key) => attempt((storage) => storage.removeItem(key)),
  };
}

// What is shown ----------------------------------------------------------------------------------------------------------

function say(text) {
  element("status").textContent = text;
}

function show(view, title) {
  for (const id of ["offline", "sign-in", "second-step", "register", "account"]) element(id).hidden = id !== view;
  document.title = `${title} · Countersign`;
}

function showStranger() {
  const view = location.hash === "#register" ? "register" : "sign-in";
  const before = element(view === "register" ? "sign-in-email" : "register-email");
  const email = element(`${view}-email`);
  email.value ||= before.value;
  show(view, view === "register" ? "Create an account" : "Sign in");
}

function showPerson(user) {
  const rows = [
    ["Name", user.name],
    ["Email address", user.email],
    ["Roles", user.roles.join(", ") || "none"],
    ["Member since", moment(user.createdAt)],
  ];
  element("profile").replaceChildren(...rows.flatMap(([term, text]) => [made("dt", term), made("dd", text)]));
  element("profile-title").textContent = `Signed in as ${user.name}`;
  element("profile-name").value = user.name;
  element("password-account").value = user.email;
}

function showToken() {
  const token = client.view();
  if (token === null) return;
  element("token-header").textContent = JSON.stringify(token.header, null, 2);
  element("token-claims").textContent = JSON.stringify(token.claims, null, 2);
  showCountdown(token);
}

function showCountdown(token) {
  const seconds = Math.max(0, Math.round((token.expiresAt - Date.now()) / 1000));
  const text = `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  element("countdown").textContent = seconds > 0 ? `Expires in ${text}. A new one is fetched before that.` : "Expired.";
}

async function showSessions() {
  const { sessions } = await client.call("GET", "/api/user/sessions");
  element("sessions").replaceChildren(...sessions.map(sessionItem));
}

function sessionItem(session) {
  const name = session.label ?? "Unknown browser";
  const place = session.country ? ` (${session.country})` : "";
  const seen = moment(session.lastSeenAt);
  const item = made("li");
  item.append(made("strong", session.current ? `${name} (this one)` : name));
  item.append(made("span", `last seen ${seen}, opened ${moment(session.createdAt)}, from ${session.ipAddress ?? "an unknown address"}${place}`));
  const button = made("button", "End");
  button.type = "button";
  button.className = "quiet";
  button.setAttribute("aria-label", `End the session in ${name}, last seen ${seen}`);
  button.addEventListener("click", () => act(() => endSession(session)));
  item.append(button);
  return item;
}

async function endSession(session) {
  if (session.current) return client.signOut();
  await client.call("DELETE", `/api/user/sessions/${encodeURIComponent(session.id)}`);
  await showSessions();
  say("The session has ended.");
  element("sessions-title").focus();
}

function moment(text) {
  return new Date(text).toLocaleString(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}

function made(tag, text) {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  return node;
}

/** Does the work that a sign-in to a flooded account costs, and says so: it takes seconds on a slow machine. */
async function prove(challenge) {
  say("One moment. Many sign-ins to this account have failed lately, so your browser is asked for a little work first.");
  try {
    return await solve(challenge, {
      digest: (bytes) => crypto.subtle.digest("SHA-256", bytes),
      pause: () => new Promise((resolve) => setTimeout(resolve)),
    });
  } finally {
    say("");
  }
}

// Errors -----------------------------------------------------------------------------------------------------------------

function clearErrors(form) {
  form.querySelector(".errors").replaceChildren();
  document.title = document.title.replace(/^Error: /, "");
  for (const control of form.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    const described = control.getAttribute("aria-describedby").split(" ").filter((id) => id !== `${control.id}-error`);
    if (described.length > 0) control.setAttribute("aria-describedby", described.join(" "));
    else control.removeAttribute("aria-describedby");
    element(`${control.id}-error`)?.remove();
  }
}

function showErrors(form, error) {
  const summary = form.querySelector(".errors");
  summary.append(made("p", messageOf(error)));
  const list = made("ul");
  for (const { field, message } of error.errors ?? []) {
    const control = form.elements.namedItem(field);
    const item = made("li");
    if (control) {
      markInvalid(control, message);
      const link = made("a", message);
      link.href = `#${control.id}`;
      link.addEventListener("click", (event) => {
        event.preventDefault();
        control.focus();
      });
      item.append(link);
    } else {
      item.textContent = `${field}: ${message}`;
    }
    list.append(item);
  }
  if (list.children.length > 0) summary.append(list);
  document.title = `Error: ${document.title.replace(/^Error: /, "")}`;
  summary.focus();
}

function markInvalid(control, message) {
  const note = element(`${control.id}-error`) ?? made("span");
  note.id = `${control.id}-error`;
  note.className = "field-error";
  note.textContent = note.textContent ? `${note.textContent} ${message}` : message;
  control.after(note);
  control.setAttribute("aria-invalid", "true");
  const described = new Set((control.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean)).add(note.id);
  control.setAttribute("aria-describedby", [...described].join(" "));
}

function messageOf(error) {
  const wait = error.retryAfter > 90 ? `${Math.ceil(error.retryAfter / 60)} minutes` : `${error.retryAfter} seconds`;
  return error.retryAfter ? `${error.message} Try again in ${wait}.` : error.message;
}

/** Runs something that a button started, and says in the status line what went wrong. */
async function act(work, tell = (text) => client.view() !== null && say(text)) {
  try {
    await work();
  } catch (error) {
    tell(messageOf(error));
  }
}

function onSubmit(id, work) {
  const form = element(id);
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.getAttribute("aria-disabled") === "true") return;
    clearErrors(form);
    say("");
    // Not `disabled`, which would throw the focus away.
    button.setAttribute("aria-disabled", "true");
    try {
      await work(Object.fromEntries(new FormData(form)), form);
    } catch (error) {
      // A form that is gone, because the session has ended, is not the place.
      if (!form.closest("[hidden]")) showErrors(form, error);
    } finally {
      button.removeAttribute("aria-disabled");
    }
  });
}

// What the client reports ------------------------------------------------------------------------------------------------

function changed(reason) {
  if (reason === "signed_in" || reason === "signed_out") channel?.postMessage(reason);
  // Another tab signed in, perhaps as somebody else: nothing of the person before may stay on the page.
  if (reason === "session_changed") return location.reload();
  if (document.body.dataset.page === "claim") return act(showClaim);
  if (client.view() !== null) return showToken();
  passkeys.clear();
  for (const form of document.forms) {
    form.reset();
    clearErrors(form);
  }
  forgetHash();
  showStranger();
  sayEnded(reason);
  element("sign-in-title").focus();
}

function sayEnded(reason) {
  say(ENDED[reason] ?? "You are signed out. Sign in again.");
}

function forgetHash() {
  history.replaceState(null, "", location.pathname);
}

async function entered(user) {
  const claim = sessionStorage.getItem(CLAIM);
  if (claim) {
    sessionStorage.removeItem(CLAIM);
    location.assign(`/claim/${encodeURIComponent(claim)}`);
    return;
  }
  forgetHash();
  say("");
  showPerson(user);
  showToken();
  show("account", "Your account");
  // Not waited for: the focus must not come late.
  act(showSessions);
  act(passkeys.show);
}

async function enteredByPasskey(user) {
  await entered(user);
  element("profile-title").focus();
}

async function begin() {
  try {
    const state = await client.resume();
    if (state === "refreshed") return await entered(await client.call("GET", "/api/user/profile"));
    showStranger();
    if (state !== "stranger") sayEnded(state);
  } catch (error) {
    // A 401 ended the session, and `changed` has said so.
    if (error.status === 401) return;
    element("offline-reason").textContent = messageOf(error);
    show("offline", "Not connected");
  }
}

function startAccountPage() {
  passkeys = startPasskeys({ client, element, made, moment, say, act, onSubmit, entered: enteredByPasskey });
  // Names the sign-in that waits for its second step. Nowhere but here: a reload begins anew.
  let mfaToken = null;
  onSubmit("sign-in-form", async ({ email, password, remember }, form) => {
    try {
      const user = await passkeys.withSecondFactor(() => client.signIn({ email, password, remember: remember === "on" }));
      form.reset();
      await entered(user);
      element("profile-title").focus();
    } catch (error) {
      if (error.code !== "MFA_REQUIRED") throw error;
      form.reset();
      mfaToken = error.mfaToken;
      show("second-step", "One more step");
      element("second-step-code").focus();
    }
  });
  onSubmit("second-step-form", async ({ code, rememberDevice }, form) => {
    const method = /^\s*\d{3}\s*\d{3}\s*$/.test(code) ? "totp" : "recovery";
    try {
      const user = await client.secondStep({ mfaToken, method, code, rememberDevice: rememberDevice === "on" });
      form.reset();
      await entered(user);
      element("profile-title").focus();
    } catch (error) {
      element("second-step-code").value = "";
      if (error.code !== "TOKEN_INVALID") throw error;
      startAgain();
      say(messageOf(error));
    }
  });
  function startAgain() {
    mfaToken = null;
    element("second-step-form").reset();
    clearErrors(element("second-step-form"));
    showStranger();
    element("sign-in-title").focus();
  }
  element("second-step-back").addEventListener("click", (event) => {
    event.preventDefault();
    startAgain();
  });
  onSubmit("register-form", async ({ email, password, name }, form) => {
    const user = await client.register({ email, password, name });
    form.reset();
    await entered(user);
    element("profile-title").focus();
  });
  onSubmit("profile-form", async ({ name }) => {
    showPerson(await client.call("PATCH", "/api/user/profile", { name }));
    say("The name is saved.");
  });
  onSubmit("password-form", async (passwords, form) => {
    await changePassword(passwords);
    form.reset();
    element("password-account").value = client.view()?.claims.email ?? "";
    await showSessions();
    say("The password is changed. Every other session has ended.");
  });
  element("sign-out").addEventListener("click", () => act(() => client.signOut()));
  element("sign-out-everywhere").addEventListener("click", () => act(() => client.signOutEverywhere()));
  element("refresh").addEventListener("click", () => act(async () => {
    const { rotated, row } = await client.refresh();
    const kept = rotated ? "a new refresh token came with it" : "the refresh token stays as it is";
    say(`New access token; ${kept}${row ? ` (case ${row} of the refresh table)` : ""}.`);
  }));
  element("retry").addEventListener("click", begin);
  addEventListener("hashchange", () => {
    if (client.view() !== null) return;
    showStranger();
    element(element("register").hidden ? "sign-in-title" : "register-title").focus();
  });
  begin();
  keepFresh();
}

/** The current password is a proof: where the server wants a recent one, it is given first. */
async function changePassword(passwords) {
  try {
    await client.call("POST", "/api/user/password", passwords);
  } catch (error) {
    if (error.code !== "STEP_UP_REQUIRED") throw error;
    await client.stepUp(passwords.currentPassword);
    await client.call("POST", "/api/user/password", passwords);
  }
}

/** Fetches the next access token in the last quarter of this one's life, in a page that somebody sees. */
function keepFresh() {
  let triedAt = -PAUSE_MS;
  setInterval(() => {
    const token = client.view();
    if (token === null || document.hidden) return;
    showCountdown(token);
    const isDue = Date.now() > token.startsAt + 0.75 * (token.expiresAt - token.startsAt);
    if (isDue && Date.now() - triedAt > PAUSE_MS) {
      triedAt = Date.now();
      act(() => client.refresh());
    }
  }, 1000);
}

// The one-time link ------------------------------------------------------------------------------------------------------

async function showClaim() {
  const token = client.view();
  element("claim-stranger").hidden = token !== null;
  element("claim-form").hidden = token === null;
  if (token === null) return;
  const user = await client.call("GET", "/api/user/profile");
  element("claim-person").textContent = `${user.name} (${user.email})`;
}

async function startClaimPage() {
  const claim = decodeURIComponent(location.pathname.split("/").pop());
  onSubmit("claim-form", async () => {
    await client.call("POST", "/api/auth/claim-admin", { token: claim });
    await client.refresh();
    element("claim-form").hidden = true;
    element("claim-done").hidden = false;
    say("Done.");
    element("claim-title").focus();
  });
  for (const link of element("claim-stranger").querySelectorAll("a")) {
    link.addEventListener("click", () => sessionStorage.setItem(CLAIM, claim));
  }
  await client.resume().catch(() => say("The server cannot be reached. Load this page again when it is back."));
  await showClaim();
}

// Other tabs, and a page that comes back from the browser's memory ----------------------------------------------------------

channel?.addEventListener("message", ({ data }) => {
  if (data === "signed_out") client.drop("signed_out_elsewhere");
  if (data === "signed_in" && document.body.dataset.page !== "claim") begin();
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

if (document.body.dataset.page === "claim") startClaimPage();
else startAccountPage();
