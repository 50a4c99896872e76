// An app of its own in front of a server: one origin that serves a page with the client and hands everything under /api to the server.
// It can lose and delay answers, and counts what is asked.

import { readFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { startServer } from "./server.js";

const DIST = new URL("../../client/dist/", import.meta.url);
const POLICY = "default-src 'none'; script-src 'self'; connect-src 'self' http://localhost:*";

/** The page: the client is `auth`, and what it told is in `told`. */
const APP = `import { createClient } from "/sdk/index.js";
const query = new URLSearchParams(location.search);
globalThis.auth = createClient({ debug: true, audiences: query.getAll("audience") });
globalThis.told = [];
for (const kind of ["signedIn", "signedOut", "refreshed", "userChanged", "offline", "online", "error"]) auth.on(kind, (event) => told.push([kind, event]));
globalThis.part = (name) => import("/sdk/" + name + ".js");
auth.ready.then(() => (document.title = "ready"));
`;

/**
 * Starts the site; `t` ends it. `spoil(question, answer)` is called before an answer goes out: what it returns goes instead. `bend(headers)` may
 * change what a question says on its way; `page(path)` may give `[type, text]` for a path that is not the API's, and `handle(request)` a
 * `Response` for any other.
 */
export async function startSite(t, settings = {}) {
  const site = { asked: [], spoil: null, bend: null, page: null, handle: null, elsewhere: null };
  const front = createServer((question, answer) => {
    respond(site, question, answer).catch((fault) => answer.destroy(fault));
  });
  await new Promise((resolve) => front.listen(0, "localhost", resolve));
  t.after(() => (front.closeAllConnections(), new Promise((resolve) => front.close(resolve))));
  site.url = `http://localhost:${front.address().port}`;
  const server = await startServer(t, { ...settings, COUNTERSIGN_PUBLIC_URL: site.url });
  site.behind = server.url;
  site.command = server.command;
  site.refreshes = () => site.asked.filter(({ path }) => path === "/api/auth/refresh");
  return site;
}

async function respond(site, question, answer) {
  const { pathname } = new URL(question.url, site.url);
  if (pathname === "/echo") {
    answer.writeHead(200, { "Content-Type": "application/json" });
    return answer.end(JSON.stringify({ authorization: question.headers.authorization ?? null }));
  }
  if (pathname === "/away") {
    answer.writeHead(302, { Location: site.elsewhere });
    return answer.end();
  }
  if (pathname.startsWith("/api/") || pathname.startsWith("/.well-known/")) return hand(site, pathname, question, answer);
  const page = site.page?.(pathname);
  if (page) return serve(answer, ...page);
  if (site.handle) {
    const made = await site.handle(new Request(site.url + question.url, { method: question.method, headers: question.headers }));
    answer.writeHead(made.status, Object.fromEntries(made.headers));
    return answer.end(await made.text());
  }
  if (pathname === "/plain") return serve(answer, "text/html", '<!doctype html><html lang="en"><title>plain</title>');
  if (pathname === "/app.js") return serve(answer, "text/javascript", APP);
  if (pathname.startsWith("/sdk/")) return serve(answer, "text/javascript", await readFile(new URL(pathname.slice("/sdk/".length), DIST)));
  return serve(answer, "text/html", '<!doctype html><html lang="en"><title>loading</title><script type="module" src="/app.js"></script>');
}

function serve(answer, kind, text) {
  answer.writeHead(200, { "Content-Type": `${kind}; charset=utf-8`, "Content-Security-Policy": POLICY });
  answer.end(text);
}

async function hand(site, path, question, answer) {
  const parts = [];
  for await (const part of question) parts.push(part);
  const body = Buffer.concat(parts);
  const asked = { method: question.method, path, body: body.length ? JSON.parse(body) : undefined, authorization: question.headers.authorization, at: Date.now() };
  site.asked.push(asked);
  const { status, headers, content } = await new Promise((resolve, reject) => {
    const onward = request(site.behind + question.url, { method: question.method, headers: site.bend?.(question.headers) ?? question.headers }, async (incoming) => {
      const chunks = [];
      for await (const chunk of incoming) chunks.push(chunk);
      resolve({ status: incoming.statusCode, headers: incoming.headers, content: Buffer.concat(chunks) });
    });
    onward.on("error", reject);
    onward.end(body);
  });
  asked.status = status;
  asked.case = headers["x-refresh-case"];
  const fate = await site.spoil?.(asked);
  // The server has done its work; the browser never hears of it.
  if (fate === "lost") return answer.destroy();
  answer.writeHead(status, headers);
  return answer.end(content);
}
