// A script in a page, without a library and without storage: functions and one variable.

import { startShell } from "./shell.js";

let accessToken = "";

function post(path, body) {
  return fetch(path, { method: "POST", headers: { "Content-Type": "application/json", Authorization: `Bearer ${accessToken}` }, body: JSON.stringify(body ?? {}) });
}

async function enter(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const content = await answer.json();
  if (content.code === "MFA_REQUIRED") return content;
  if (!answer.ok) throw new Error(content.error);
  ({ accessToken } = content);
  return null;
}

async function refresh() {
  const answer = await post("/api/auth/refresh");
  if (!answer.ok) return false;
  ({ accessToken } = await answer.json());
  return true;
}

/** Each caller that is refused refreshes by itself: the server stands that. */
async function call(method, path, body) {
  const { csrfToken } = method === "GET" ? {} : await (await fetch("/api/csrf-token")).json();
  const send = () =>
    fetch(path, {
      method,
      headers: { Authorization: `Bearer ${accessToken}`, ...(body && { "Content-Type": "application/json" }), ...(csrfToken && { "X-CSRF-Token": csrfToken }) },
      body: body && JSON.stringify(body),
    });
  let answer = await send();
  if (answer.status === 401 && (await refresh())) answer = await send();
  return { status: answer.status, content: await answer.json() };
}

async function leave(path) {
  await post(path);
  accessToken = "";
}

startShell({
  register: (who) => enter("/api/auth/register", who),
  signIn: (who) => enter("/api/auth/login", who),
  secondStep: (mfaToken, code) => enter("/api/auth/mfa/verify", { mfaToken, method: "totp", code }),
  resume: refresh,
  call,
  signOut: () => leave("/api/auth/logout"),
  signOutEverywhere: () => leave("/api/auth/logout-all"),
});
