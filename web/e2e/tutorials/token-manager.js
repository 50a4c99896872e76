// A keeper of the token, and a service that refreshes it ahead of time and tells its subscribers.

import { startShell } from "./shell.js";

export class TokenManager {
  #token = null;

  get() {
    return this.#token;
  }

  set(token) {
    this.#token = token;
  }

  claims() {
    return this.#token && JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(this.#token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0))));
  }

  /** By the claim itself: the subject is `sub`, the end is `exp`. */
  endsWithin(seconds) {
    return Boolean(this.#token) && this.claims().exp - Date.now() / 1000 < seconds;
  }
}

export class TokenRefreshService {
  #isRefreshing = false;
  #subscribers = [];

  constructor(manager) {
    this.manager = manager;
  }

  async refresh() {
    if (this.#isRefreshing) return new Promise((resolve, reject) => this.#subscribers.push({ resolve, reject }));
    this.#isRefreshing = true;
    try {
      const answer = await fetch("/api/auth/refresh", { method: "POST", credentials: "include", headers: { "X-CSRF-Token": await csrfToken() } });
      const content = await answer.json();
      if (!answer.ok) throw Object.assign(new Error(content.message), { code: content.code });
      this.manager.set(content.accessToken);
      this.#settle((subscriber) => subscriber.resolve(content.accessToken));
      return content.accessToken;
    } catch (error) {
      this.#settle((subscriber) => subscriber.reject(error));
      throw error;
    } finally {
      this.#isRefreshing = false;
    }
  }

  #settle(tell) {
    const waiting = this.#subscribers;
    this.#subscribers = [];
    waiting.forEach(tell);
  }
}

const csrfToken = async () => (await (await fetch("/api/csrf-token", { credentials: "include" })).json()).csrfToken;
const manager = new TokenManager();
const service = new TokenRefreshService(manager);

async function send(method, path, body) {
  const headers = { ...(body && { "Content-Type": "application/json" }), ...(method !== "GET" && { "X-CSRF-Token": await csrfToken() }) };
  if (manager.get()) headers.Authorization = `Bearer ${manager.get()}`;
  const answer = await fetch(path, { method, credentials: "include", headers, body: body && JSON.stringify(body) });
  return { status: answer.status, content: await answer.json().catch(() => null) };
}

export async function call(method, path, body) {
  if (manager.endsWithin(5)) await service.refresh().catch(() => {});
  const token = manager.get();
  const answer = await send(method, path, body);
  if (answer.status !== 401 || answer.content.code !== "TOKEN_EXPIRED") return answer;
  // Another call's refresh may be over already.
  const isFresh = manager.get() !== token || await service.refresh().then(() => true, () => false);
  return isFresh ? send(method, path, body) : answer;
}

async function enter(path, body) {
  manager.set(null);
  const { status, content } = await send("POST", path, body);
  if (content.code === "MFA_REQUIRED") return content;
  if (status >= 400) throw new Error(content.message);
  manager.set(content.accessToken);
  return null;
}

/** Cookies that a script cannot read are not a script's to delete: the server is asked. */
async function leave(path) {
  await call("POST", path);
  manager.set(null);
}

export const api = {
  register: (who) => enter("/api/auth/register", who),
  signIn: (who) => enter("/api/auth/login", who),
  secondStep: (mfaToken, code) => enter("/api/auth/mfa/verify", { mfaToken, method: "totp", code }),
  resume: () => service.refresh().then(() => true, () => false),
  call,
  signOut: () => leave("/api/auth/logout"),
  signOutEverywhere: () => leave("/api/auth/logout-all"),
};

if (document.body.dataset.app === "token-manager") startShell(api);
