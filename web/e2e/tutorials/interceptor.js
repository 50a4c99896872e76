// axios with two interceptors: one adds the token, the other queues what was refused, refreshes and sends it again.

import axios from "axios";
import { startShell } from "./shell.js";

const http = axios.create({ withCredentials: true, validateStatus: (status) => status < 400 || status === 403 });
let token = null;
let isRefreshing = false;
let queue = [];

const settle = (error, fresh) => {
  for (const { resolve, reject } of queue) error ? reject(error) : resolve(fresh);
  queue = [];
};

http.interceptors.request.use((config) => {
  if (token) config.headers.Authorization = `Bearer ${token}`;
  return config;
});

http.interceptors.response.use(null, async (error) => {
  const { config, response } = error;
  // The refresh's own refusal is final.
  if (response?.status !== 401 || response.data.code !== "TOKEN_EXPIRED" || config._retry || config.url.startsWith("/api/auth/refresh")) throw error;
  config._retry = true;
  // Another call's refresh may be over already.
  if (!isRefreshing && config.headers.Authorization !== `Bearer ${token}`) return http(config);
  if (isRefreshing) {
    await new Promise((resolve, reject) => queue.push({ resolve, reject }));
    return http(config);
  }
  isRefreshing = true;
  try {
    await refresh();
    settle(null, token);
  } catch (failure) {
    settle(failure);
    throw failure;
  } finally {
    // Before anything is sent again: who is refused from now on begins anew, and waits in no queue that nobody empties.
    isRefreshing = false;
  }
  return http(config);
});

async function refresh() {
  token = (await http.post("/api/auth/refresh")).data.accessToken;
}

async function enter(path, body) {
  token = null;
  try {
    token = (await http.post(path, body)).data.accessToken;
    return null;
  } catch ({ response }) {
    if (response.data.code === "MFA_REQUIRED") return response.data;
    throw new Error(response.data.message);
  }
}

async function call(method, url, data) {
  const headers = method === "GET" ? {} : { "X-CSRF-Token": (await http.get("/api/csrf-token")).data.csrfToken };
  try {
    const answer = await http({ method, url, data, headers });
    return { status: answer.status, content: answer.data };
  } catch ({ response }) {
    return { status: response.status, content: response.data };
  }
}

startShell({
  register: (who) => enter("/api/auth/register", who),
  signIn: (who) => enter("/api/auth/login", who),
  secondStep: (mfaToken, code) => enter("/api/auth/mfa/verify", { mfaToken, method: "totp", code }),
  resume: () => refresh().then(() => true, () => false),
  call,
  signOut: () => call("POST", "/api/auth/logout").then(() => (token = null)),
  signOutEverywhere: () => call("POST", "/api/auth/logout-all").then(() => (token = null)),
});
