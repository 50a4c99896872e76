// S24 to S30: the bindings, in a React of their own, on the real client in a world without a server.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Window } from "happy-dom";
import { makeBrowser } from "../../client/test/support/browser.js";
import { refusal } from "../../client/test/support/server.js";

const window = new Window({ url: "https://app.example.test/page" });
const globals = { window, document: window.document, navigator: window.navigator, HTMLElement: window.HTMLElement, Node: window.Node, IS_REACT_ACT_ENVIRONMENT: true };
for (const [name, value] of Object.entries(globals)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });

const { act, createElement: h, StrictMode, Suspense } = await import("react");
const { createRoot, hydrateRoot } = await import("react-dom/client");
const { renderToString } = await import("react-dom/server");
const { AuthProvider, Can, RequireAuth, SignedIn, SignedOut, useAuth, useAuthClient, useAuthEvent, useExchange, useReady, useSnapshot, useUser, withAuth } = await import("../dist/index.js");

const KNOWN = Object.freeze({ status: "signedIn", user: { id: "usr_ada", name: "Ada", roles: ["member"], permissions: ["orders:read"] }, sessionId: "ses_1" });

/** Something that React draws into, and what it complained about. */
function stage(t) {
  const box = document.createElement("div");
  document.body.append(box);
  const complaints = [];
  t.mock.method(console, "error", (...said) => complaints.push(said.map(String).join(" ")));
  let root;
  t.after(() => act(() => root?.unmount()));
  return {
    box,
    complaints,
    text: () => box.textContent,
    render: (element) => act(() => (root ??= createRoot(box)).render(element)),
    hydrate: (html, element) => {
      box.innerHTML = html;
      return act(() => (root = hydrateRoot(box, element, { onRecoverableError: (fault) => complaints.push(String(fault)) })));
    },
    unmount: () => act(() => root.unmount()),
  };
}

/** Does something in the world and lets React draw what came of it. */
async function during(it, work, ms = 50) {
  let outcome;
  await act(async () => {
    outcome = await it.time.until(Promise.resolve(work()));
    await it.time.advance(ms);
  });
  if (outcome.error) throw outcome.error;
  return outcome.value;
}

const Status = () => `${useAuth().status} ${useUser()?.name ?? useUser()?.email ?? "nobody"}`;

test("S24 the server's picture is frozen, and not the client's own", async () => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const seen = [];
  const Seen = () => (seen.push(useSnapshot()), null);

  renderToString(h(AuthProvider, { client: tab.client }, h(Seen)));
  renderToString(h(AuthProvider, { client: tab.client, initialSession: KNOWN }, h(Seen)));

  assert.deepEqual(seen, [{ status: "loading", user: null, sessionId: null }, KNOWN]);
  for (const one of seen) assert.ok(Object.isFrozen(one) && one !== tab.client.snapshot() && one !== KNOWN);
});

test("S30 initialSession hydrates without a word and without a flash", async (t) => {
  const it = makeBrowser();
  await it.signedIn();
  const tab = it.tab({ options: { initialSession: KNOWN } });
  const page = (client) => h(AuthProvider, { client, initialSession: KNOWN }, h(Status));
  const html = renderToString(page(tab.client));
  const seen = [];
  const { hydrate, text, complaints } = stage(t);

  await hydrate(html, h(AuthProvider, { client: tab.client, initialSession: KNOWN }, h(() => (seen.push(useAuth().status), h(Status)))));
  await during(it, () => tab.client.ready);

  assert.equal(html, "signedIn Ada");
  assert.deepEqual(new Set(seen), new Set(["signedIn"]), "nobody saw a loading page");
  assert.match(text(), /^signedIn/);
  assert.deepEqual(complaints, []);
});

test("S24 a client that has gone on before React hydrates causes no mismatch", async (t) => {
  const it = makeBrowser();
  const tab = it.tab();
  const html = renderToString(h(AuthProvider, { client: makeBrowser().tab().client }, h(Status)));
  await it.time.until(tab.client.ready);
  const { hydrate, text, complaints } = stage(t);

  await hydrate(html, h(AuthProvider, { client: tab.client }, h(Status)));

  assert.equal(html, "loading nobody");
  assert.equal(text(), "signedOut nobody");
  assert.deepEqual(complaints, []);
});

test("S25 StrictMode makes one client, and the last one out disposes of it", async (t) => {
  t.mock.method(globalThis, "fetch", async () => refusal(401, "TOKEN_MISSING"));
  const made = new Set();
  const Client = () => (made.add(useAuthClient()), null);
  const { render, unmount } = stage(t);
  const page = h(StrictMode, null, h(AuthProvider, { options: { url: "https://strict.example.test" } }, h(Client)), h(AuthProvider, { options: { url: "https://strict.example.test" } }, h(Client)));

  await render(page);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(made.size, 1);
  const [client] = made;
  let undone = 0;
  client.core.cleanup.list.push(() => (undone += 1));
  await render(h(StrictMode, null, h(AuthProvider, { options: { url: "https://strict.example.test" } }, h(Client))));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(undone, 0, "one of two has gone");
  await unmount();
  await new Promise((resolve) => setTimeout(resolve, 0));

  assert.equal(undone, 1);
});

test("S25 a client of one's own is not disposed of", async (t) => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const { render, unmount } = stage(t);

  await render(h(StrictMode, null, h(AuthProvider, { client: tab.client }, h(Status))));
  await unmount();
  await new Promise((resolve) => setTimeout(resolve, 0));

  assert.ok(tab.client.core.cleanup.list);
  assert.equal(it.server.refreshes().length, 0);
});

test("S25 an exchange that works once is made once, and each mount gets its outcome", async (t) => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  let made = 0;
  const Link = ({ token }) => {
    const { isPending, value, error } = useExchange(token, async (token) => ((made += 1), await null, token === "bad" ? Promise.reject(new Error("no")) : `in by ${token}`));
    return isPending ? "…" : (value ?? error.message);
  };
  const { render, text } = stage(t);

  await render(h(StrictMode, null, h(AuthProvider, { client: tab.client }, h(Link, { token: "t1" }), h(Link, { token: "t1" }), h(Link, { token: "bad" }))));
  await during(it, () => null);

  assert.equal(text(), "in by t1in by t1no");
  assert.equal(made, 2);
});

test("S26 a refresh that changes nothing renders nothing", async (t) => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  let drawn = 0;
  const Drawn = () => ((drawn += 1), useAuth().status);
  const { render } = stage(t);
  await render(h(AuthProvider, { client: tab.client }, h(Drawn)));
  const before = drawn;

  await during(it, () => tab.client.refresh());
  await during(it, () => null, 20 * 60_000);

  assert.ok(it.server.refreshes().length >= 2);
  assert.equal(drawn, before);
});

test("S26 what a component takes stays the same between pictures", async (t) => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const seen = new Set();
  const Seen = ({ n }) => (seen.add(useAuth()), n);
  const { render } = stage(t);

  for (const n of [1, 2, 3]) await render(h(AuthProvider, { client: tab.client }, h(Seen, { n })));

  assert.equal(seen.size, 1);
});

test("S27 useReady suspends until the first answer, and only until then", async (t) => {
  const it = makeBrowser();
  await it.signedIn();
  const tab = it.tab();
  const Ready = () => useReady().status;
  const { render, text } = stage(t);

  await render(h(AuthProvider, { client: tab.client }, h(Suspense, { fallback: "…" }, h(Ready))));
  assert.equal(text(), "…");
  await during(it, () => tab.client.ready);
  assert.equal(text(), "signedIn");
  await during(it, () => tab.client.signOut());

  assert.equal(text(), "signedOut");
});

test("S27 without Suspense each status is told", async (t) => {
  const it = makeBrowser();
  await it.signedIn();
  const tab = it.tab();
  const { render, text } = stage(t);
  await render(h(AuthProvider, { client: tab.client }, h(Status)));
  assert.equal(text(), "loading nobody");
  await during(it, () => tab.client.ready);
  assert.equal(text(), "signedIn ada@example.test");
  it.server.next("/orders", () => refusal(401, "STEP_UP_REQUIRED"));
  await during(it, () => tab.client.fetch("/orders"));
  assert.equal(text(), "stepUp ada@example.test");
  await during(it, () => tab.client.declineStepUp());
  it.server.next("/api/auth/refresh", () => refusal(500, "INTERNAL"));
  await during(it, () => tab.client.refresh().catch(() => {}));
  assert.equal(text(), "offline ada@example.test");
  await during(it, () => null, 2_000);
  assert.equal(text(), "signedIn ada@example.test");
  await during(it, () => tab.client.signOut());
  assert.equal(text(), "signedOut nobody");
});

test("S28 the guards show what they must, and nothing while nothing is known", async (t) => {
  const it = makeBrowser();
  await it.signedIn();
  const tab = it.tab();
  const sent = [];
  const Page = () => [
    h(SignedIn, { key: 1 }, "[in]"),
    h(SignedOut, { key: 2 }, "[out]"),
    h(RequireAuth, { key: 3, fallback: "[wait]", onSignedOut: () => sent.push("/login") }, "[page]"),
    h(Can, { key: 4, permission: "orders:read" }, "[may]"),
    h(Can, { key: 5, permission: "orders:write", fallback: "[may not]" }, "[writes]"),
    h(Can, { key: 6, role: "admin", permission: "orders:read" }, "[admin]"),
    h(Can, { key: 7, role: "member" }, "[member]"),
  ];
  const { render, text } = stage(t);
  await render(h(AuthProvider, { client: tab.client }, h(Page)));
  assert.equal(text(), "[wait][may not]");
  await during(it, () => tab.client.ready);
  assert.equal(text(), "[in][page][may][may not][member]");
  assert.deepEqual(sent, []);
  it.server.next("/api/auth/refresh", () => refusal(500, "INTERNAL"));
  await during(it, () => tab.client.refresh().catch(() => {}));
  assert.equal(text(), "[in][page][may][may not][member]", "nobody is thrown out because a server is down");

  await during(it, () => tab.client.signOut());

  assert.equal(text(), "[out][wait][may not]");
  await render(h(AuthProvider, { client: tab.client }, h(Page)));
  assert.deepEqual(sent, ["/login"], "once, however often it is drawn");
});

test("S28 withAuth is RequireAuth around a component", async (t) => {
  const it = makeBrowser();
  const tab = it.tab();
  let asked = 0;
  const fetch = tab.world.fetch;
  tab.world.fetch = (...what) => ((asked += 1), fetch(...what));
  const Page = ({ name }) => `page of ${name}`;
  const Guarded = withAuth(Page, { fallback: "sign in" });
  const { render, text } = stage(t);
  await render(h(StrictMode, null, h(AuthProvider, { client: tab.client }, h(Guarded, { name: "Ada" }))));
  await during(it, () => tab.client.ready);
  assert.equal(text(), "sign in");

  await during(it, () => tab.client.signIn.password({ email: "ada@example.test", password: "right" }));

  assert.equal(text(), "page of Ada");
  assert.equal(Guarded.displayName, "withAuth(Page)");
  assert.equal(asked, 1, "a mount asks nothing: the sign-in was the one question");
});

test("S29 rendering on a server asks nothing, opens nothing, and shows what is known", async () => {
  const { execFileSync } = await import("node:child_process");
  const script = `
    import { createElement as h } from "react";
    import { renderToString } from "react-dom/server";
    import { AuthProvider, Can, SignedIn, SignedOut, useReady } from "./dist/index.js";
    globalThis.fetch = () => { throw new Error("asked"); };
    const Ready = () => useReady().status;
    const page = (initialSession) => h(AuthProvider, { options: {}, initialSession }, h(SignedIn, null, "in"), h(SignedOut, null, "out"), h(Can, { permission: "orders:read" }, "may"));
    console.log(JSON.stringify([renderToString(page(${JSON.stringify(KNOWN)})), renderToString(page())]));
  `;
  // Node ends by itself only if no channel and no timer was opened.
  const said = execFileSync(process.execPath, ["--input-type=module", "-e", script], { cwd: new URL("..", import.meta.url), timeout: 20_000 });

  assert.deepEqual(JSON.parse(said).map((html) => html.replaceAll("<!-- -->", "")), ["inmay", ""], "one request's session is not another's");
});

test("events are heard by the latest listener, as long as it is there", async (t) => {
  const it = makeBrowser();
  const tab = await it.signedIn();
  const heard = [];
  const Listener = ({ name }) => (useAuthEvent("refreshed", () => heard.push(name)), null);
  const { render } = stage(t);
  await render(h(StrictMode, null, h(AuthProvider, { client: tab.client }, h(Listener, { name: "one" }))));
  await during(it, () => tab.client.refresh());
  await render(h(StrictMode, null, h(AuthProvider, { client: tab.client }, h(Listener, { name: "two" }))));
  await during(it, () => tab.client.refresh());
  await render(h(StrictMode, null, h(AuthProvider, { client: tab.client })));
  await during(it, () => tab.client.refresh());

  assert.deepEqual(heard, ["one", "two"]);
});

test("a component without a provider says what is missing", async (t) => {
  const { render } = stage(t);

  await assert.rejects(async () => render(h(Status)), /no <AuthProvider>/);
});
