// HTML made on the server for whoever asks, by a handler from Request to Response. `deno serve handler.js` and `bun handler.js` run it, and so do
// workers; in Next.js `orders` is the `GET` of app/orders/fragment/route.js.
//
// A browser that opens a page sends no access token, and the refresh cookie goes to /api/auth alone: only the browser refreshes. So the page is the
// same for everyone and can be cached; what is somebody's own is made here too, and asked for with the token.

import { createGuard } from "@countersign/server";

const { env } = globalThis.process ?? { env: {} };
const guard = createGuard({ issuer: env.ISSUER ?? "http://localhost:8420" });

const html = (text, more = {}) => new Response(text, { headers: { "Content-Type": "text/html; charset=utf-8", ...more } });
const escape = (text) => text.replace(/[&<>"']/g, (sign) => `&#${sign.codePointAt(0)};`);

const page = () => html('<!doctype html><html lang="en"><title>Orders</title><main></main><script type="module" src="/page.js"></script>');

/** The browser's part. /countersign is `dist` of @countersign/client. */
const script = () => new Response(`import { createClient } from "/countersign/index.js";
globalThis.auth = createClient();
const show = async () => { document.querySelector("main").innerHTML = await (await auth.fetch("/orders/fragment")).text(); };
for (const kind of ["signedIn", "signedOut"]) auth.on(kind, show);
await auth.ready;
await show();`, { headers: { "Content-Type": "text/javascript" } });

const orders = guard.protectOptional((_request, identity) => {
  const said = identity ? `<h1>Orders of ${escape(identity.email)}</h1>` : "<h1>Please sign in</h1>";
  return html(said, { "Cache-Control": "no-store", Vary: "Authorization" });
});

/** What the desk sees: for one role, with a second factor if that is `admin`. */
const desk = guard.protect((_request, identity) => html(`<h1>Desk of ${escape(identity.email)}</h1>`, { "Cache-Control": "no-store" }), { roles: ["admin"] });

const routes = { "/": page, "/page.js": script, "/orders/fragment": orders, "/desk/fragment": desk };

export default {
  fetch(request) {
    return routes[new URL(request.url).pathname]?.(request) ?? new Response("Not found", { status: 404 });
  },
};
