// A class around `fetch`: the token in a field, one refresh for many callers, one repetition.

import { startShell } from "./shell.js";

class ApiClient {
  #token = null;
  #refreshing = null;
  #csrf = null;

  async #send(path, { method = "GET", body, headers = {} } = {}) {
    const answer = await fetch(path, {
      method,
      credentials: "include",
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }), ...(this.#token && { Authorization: `Bearer ${this.#token}` }) },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, content: text ? JSON.parse(text) : null };
  }

  async request(path, options) {
    const token = this.#token;
    const answer = await this.#send(path, options);
    if (answer.status !== 401 || answer.content.code !== "TOKEN_EXPIRED") return answer;
    // Another call's refresh may be over already.
    if (this.#token === token && !(await this.refresh())) return answer;
    return this.#send(path, options);
  }

  /** Whether there is a new token. Whoever asks in the meantime gets the same answer. */
  refresh() {
    this.#refreshing ??= this.#send("/api/auth/refresh", { method: "POST" })
      .then(({ status, content }) => {
        if (status === 200) this.#token = content.accessToken;
        else if (status === 401) this.#token = null;
        return status === 200;
      })
      .finally(() => (this.#refreshing = null));
    return this.#refreshing;
  }

  async enter(path, body) {
    this.#token = null;
    const { status, content } = await this.#send(path, { method: "POST", body });
    if (content.code === "MFA_REQUIRED") return content;
    if (status >= 400) throw new Error(content.error);
    this.#token = content.accessToken;
    this.#csrf = null;
    return content;
  }

  async csrfToken() {
    this.#csrf ??= (await this.#send("/api/csrf-token")).content.csrfToken;
    return this.#csrf;
  }

  async change(method, path, body) {
    return this.request(path, { method, body, headers: { "X-CSRF-Token": await this.csrfToken() } });
  }

  async leave(path) {
    await this.change("POST", path);
    this.#token = null;
  }
}

const client = new ApiClient();
startShell({
  register: (who) => client.enter("/api/auth/register", who),
  signIn: (who) => client.enter("/api/auth/login", who),
  secondStep: (mfaToken, code) => client.enter("/api/auth/mfa/verify", { mfaToken, method: "totp", code }),
  resume: () => client.refresh(),
  call: (method, path, body) => (method === "GET" ? client.request(path) : client.change(method, path, body)),
  signOut: () => client.leave("/api/auth/logout"),
  signOutEverywhere: () => client.leave("/api/auth/logout-all"),
});
