// S31 and S32: other libraries, long connections, and the events.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MutationObserver, QueryClient } from "@tanstack/query-core";
import axios from "axios";
import ky from "ky";
import { attachAxios } from "../dist/axios.js";
import { kyHooks } from "../dist/ky.js";
import { connectEvents, connectSocket } from "../dist/live.js";
import { attachQuery, queryDefaults } from "../dist/query.js";
import { makeBrowser } from "./support/browser.js";
import { lost, refusal } from "./support/server.js";

const paths = (it) => it.server.asked.map(({ path }) => path.split("/").pop());

/** An axios whose requests go to the world's server. */
function axiosOf(tab) {
  return axios.create({
    baseURL: "https://app.example.test",
    adapter: async (config) => {
      const url = axios.getUri(config);
      const response = await tab.world.fetch(url, { method: config.method.toUpperCase(), body: config.data, headers: config.headers.toJSON() });
      const text = await response.text();
      const answer = { data: JSON.parse(text || "null"), status: response.status, headers: new axios.AxiosHeaders(Object.fromEntries(response.headers)), config, request: {} };
      if (response.ok) return answer;
      throw new axios.AxiosError("refused", "ERR_BAD_REQUEST", config, {}, answer);
    },
  });
}

test("S31 axios sends the token, refreshes once and repeats once, body and all", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = axiosOf(tab);
  attachAxios(tab.client, http);
  it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));

  const { value } = await it.time.until(http.post("/orders", { a: 1 }));

  assert.equal(value.status, 200);
  assert.deepEqual(paths(it), ["orders", "refresh", "orders"]);
  assert.deepEqual(it.server.asked[2].body, { a: 1 });
  it.server.always("/orders", () => refusal(401, "TOKEN_EXPIRED"));
  assert.equal((await it.time.until(http.get("/orders"))).error.response.status, 401);
  assert.equal((await it.time.until(http.get("/orders"))).error.code, "AUTH_LOOP");
});

test("S31 eight axios calls that are refused at once cause one refresh", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = axiosOf(tab);
  attachAxios(tab.client, http);
  const old = (await it.time.until(tab.client.getToken())).value;
  it.server.always("/orders", ({ token }, serve) => (token === old ? refusal(401, "TOKEN_EXPIRED") : serve()));

  const { value } = await it.time.until(Promise.all([...Array(8)].map(() => http.get("/orders"))));

  assert.equal(value.length, 8);
  assert.equal(it.server.refreshes().length, 1);
});

test("S31 the refresh does not pass through axios, and a refused one is not refreshed", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = axiosOf(tab);
  const seen = [];
  http.interceptors.request.use((config) => (seen.push(config.url), config));
  attachAxios(tab.client, http);
  it.server.revoke();

  const { error } = await it.time.until(http.get("/orders"));

  assert.equal(error.response.status, 401);
  assert.deepEqual(seen, ["/orders"]);
  assert.equal(it.server.refreshes().length, 1);
});

test("S31 attaching axios twice changes nothing, and detaching undoes it", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = axiosOf(tab);

  const detach = attachAxios(tab.client, http);
  assert.equal(attachAxios(tab.client, http), detach);
  it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));
  await it.time.until(http.get("/orders"));
  assert.deepEqual(paths(it), ["orders", "refresh", "orders"]);
  detach();
  await it.time.until(http.get("/orders").catch(() => {}));

  assert.equal(it.server.asked.at(-1).token, undefined);
  assert.equal(it.server.asked.length, 4);
});

test("S31 axios gives a stranger's host no token", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = axiosOf(tab);
  attachAxios(tab.client, http);

  await it.time.until(http.get("https://evil.test/x").catch(() => {}));

  assert.equal(it.server.asked[0].token, undefined);
});

test("S31 ky sends the token, refreshes once and repeats once, body and all", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = ky.create({ prefixUrl: "https://app.example.test", fetch: (request) => tab.world.fetch(request), hooks: kyHooks(tab.client), retry: 0, timeout: false });
  it.server.next("/orders", () => refusal(401, "TOKEN_EXPIRED"));

  const { value } = await it.time.until(http.post("orders", { json: { a: 1 } }).json());

  assert.equal(value.by, "usr_ada");
  assert.deepEqual(paths(it), ["orders", "refresh", "orders"]);
  assert.deepEqual(it.server.asked[2].body, { a: 1 });
  await it.time.until(http.get("https://evil.test/x", { prefixUrl: "" }).catch(() => {}));
  assert.equal(it.server.asked[3].token, undefined);
  it.server.always("/orders", () => refusal(401, "TOKEN_EXPIRED"));
  assert.equal((await it.time.until(http.get("orders"))).error.response.status, 401);
  assert.equal((await it.time.until(http.get("orders"))).error.code, "AUTH_LOOP");
});

test("S31 a header of one's own is ky's affair, whatever comes back", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const http = ky.create({ fetch: (request) => tab.world.fetch(request), hooks: kyHooks(tab.client), retry: 0, timeout: false });
  it.server.next("/x", () => refusal(401, "TOKEN_EXPIRED"));

  const { error } = await it.time.until(http.get("https://third.test/x", { headers: { Authorization: "Bearer own" } }));

  assert.equal(error.response.status, 401);
  assert.deepEqual(paths(it), ["x"]);
});

test("S31 the hooks take what ky 2 hands to them too", async () => {
  const it = makeBrowser();
  const { client } = await it.signedIn();
  const { beforeRequest, afterResponse } = kyHooks(client);
  const request = new Request("https://app.example.test/orders", { method: "POST", body: "x" });

  await it.time.until(beforeRequest[0]({ request }));
  assert.match(request.headers.get("Authorization"), /^Bearer /);
  const { value } = await it.time.until(afterResponse[0]({ request, response: refusal(401, "TOKEN_EXPIRED") }));

  assert.equal(value.status, 200);
  assert.equal(it.server.to("/orders")[0].body, "x");
});

test("S31 TanStack Query retries no AuthError, and forgets everything with the person", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const cache = new QueryClient({ defaultOptions: queryDefaults() });
  attachQuery(tab.client, cache);
  cache.setQueryData(["orders"], ["Ada's"]);
  await it.time.sleep(1_000_000);
  it.server.always("/api/auth/refresh", lost);

  const { error } = await it.time.until(cache.fetchQuery({ queryKey: ["x"], queryFn: () => tab.client.fetch("/orders"), retry: queryDefaults().queries.retry }));
  assert.equal(error.code, "NETWORK");
  assert.equal(it.server.refreshes().length, 1);
  assert.deepEqual([0, 1, 2, 3].map((n) => queryDefaults().queries.retry(n, new Error("other"))), [true, true, true, false]);
  assert.ok(new MutationObserver(cache, {}).getCurrentResult().isIdle);
  await it.time.until(tab.client.signOut());
  await it.time.advance(10);

  assert.equal(cache.getQueryData(["orders"]), undefined);
});

test("S31 server-sent events come back with a new token and the last id, and end with the session", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const heard = [];
  const streams = [];
  it.server.always("/events", ({ token, headers }) => {
    let controller;
    const body = new ReadableStream({ start: (it) => (controller = it) });
    streams.push({ token, last: headers.get("Last-Event-ID"), send: (text) => controller.enqueue(new TextEncoder().encode(text)), end: () => controller.close() });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  });

  const connection = connectEvents(tab.client, "/events", { event: (event) => heard.push(event) });
  await it.time.advance(100);
  streams[0].send(": comment\nevent: order\nid: 7\ndata: one\nda");
  streams[0].send("ta: two\r\n\r\ndata: plain\n\n");
  await it.time.advance(10);
  assert.deepEqual(heard, [{ kind: "order", data: "one\ntwo", id: "7" }, { kind: "message", data: "plain", id: "7" }]);
  await it.time.sleep(1_000_000);
  streams[0].end();
  await it.time.advance(2_000);

  assert.equal(streams.length, 2);
  assert.equal(streams[1].last, "7");
  assert.notEqual(streams[1].token, streams[0].token);
  await it.time.until(tab.client.signOut());
  await it.time.advance(120_000);
  assert.equal(streams.length, 2);
  connection.close();
});

test("S31 a WebSocket is opened anew with a token of that moment", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const sockets = [];
  const open = (token) => {
    const socket = Object.assign(new EventTarget(), { token, close: () => socket.dispatchEvent(new Event("close")) });
    sockets.push(socket);
    return socket;
  };

  const connection = connectSocket(tab.client, { open });
  await it.time.advance(10);
  sockets[0].dispatchEvent(new Event("open"));
  await it.time.sleep(1_000_000);
  sockets[0].close();
  await it.time.advance(2_000);
  assert.equal(sockets.length, 2);
  assert.notEqual(sockets[1].token, sockets[0].token);
  connection.close();
  await it.time.advance(60_000);

  assert.equal(sockets.length, 2);
});

test("S32 events come in a task of their own, after the state has settled, and may call anything", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const seen = [];
  tab.client.on("refreshed", async () => {
    seen.push(tab.client.snapshot().status, (await tab.client.getToken()) !== null);
    if (seen.length < 3) await tab.client.refresh();
    seen.push("done");
  });

  let isTold = false;
  tab.client.on("refreshed", () => (isTold = true));
  await it.time.until(tab.client.refresh().then(() => assert.ok(!isTold)));
  await it.time.advance(1_000);

  assert.deepEqual(seen.filter((one) => one === "done").length, 2);
});

test("S32 a listener that throws disturbs nobody, and is not hidden", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const fault = new Error("the app's own");
  const heard = [];
  tab.client.on("signedOut", () => {
    throw fault;
  });
  tab.client.on("signedOut", (event) => heard.push(event));

  await it.time.until(tab.client.signOut());
  await it.time.advance(10);

  assert.deepEqual(tab.reported, [fault]);
  assert.equal(heard.length, 1);
  assert.equal(tab.client.snapshot().status, "signedOut");
});

test("S32 a listener that was taken away hears nothing", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const heard = [];
  const stop = tab.client.on("refreshed", () => heard.push(1));

  await it.time.until(tab.client.refresh());
  await it.time.advance(10);
  stop();
  await it.time.until(tab.client.refresh());
  await it.time.advance(10);

  assert.equal(heard.length, 1);
});

test("S32 each event is told where it happens", async () => {
  const it = makeBrowser();
  it.time.wall -= 100_000;
  const tab = it.tab();
  await it.time.until(tab.client.ready);
  await it.time.until(tab.client.signIn.password({ email: "ada@example.test", password: "right" }));
  await it.time.until(tab.client.refresh());
  it.server.next("/api/auth/refresh", lost);
  await it.time.until(tab.client.refresh());
  await it.time.advance(2_000);
  it.server.next("/orders", () => refusal(401, "STEP_UP_REQUIRED"));
  await it.time.until(tab.client.fetch("/orders"));
  await it.time.until(tab.client.signIn.password({ email: "bob@example.test", password: "right" }));
  await it.time.until(tab.client.signOut());
  await it.time.advance(10);

  const kinds = new Set(tab.kinds());
  for (const kind of ["signedIn", "refreshed", "error", "offline", "online", "stepUpRequired", "userChanged", "clockSkew", "signedOut"]) assert.ok(kinds.has(kind), kind);
});

test("a refresh that changes nothing changes no snapshot", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  let changes = 0;
  tab.client.subscribe(() => (changes += 1));
  const before = tab.client.snapshot();

  await it.time.until(tab.client.refresh());
  await it.time.advance(10);

  assert.equal(tab.client.snapshot(), before);
  assert.ok(Object.isFrozen(before));
  assert.equal(changes, 0);
});
