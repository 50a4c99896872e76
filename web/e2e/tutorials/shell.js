// The page around a front end: its routes, its forms, and a way back to where one was. A front end gives `api`:
//
// `register`, `signIn` (resolves to `{ mfaToken }` where a second step is asked), `secondStep`, `resume` (true where somebody is signed in),
// `call(method, path, body)` (resolves to `{ status, content }`), `signOut`, `signOutEverywhere`.

const GUARDED = ["/", "/orders", "/admin"];

export function startShell(api) {
  const body = document.body;
  const at = () => location.pathname;
  const query = () => new URLSearchParams(location.search);
  let waiting = null;
  let isIn = false;

  function show(html) {
    body.innerHTML = html;
  }

  function go(to) {
    history.pushState(null, "", to);
    return render();
  }

  /** A path of this site, or the start: never another site's address. */
  function back() {
    const wanted = query().get("returnTo") ?? "/";
    return GUARDED.includes(wanted) ? wanted : "/";
  }

  const toSignIn = (reason) => go(`/login?${reason ? `session=${reason}&` : ""}returnTo=${encodeURIComponent(at())}`);

  async function call(...asked) {
    const answer = await api.call(...asked);
    if (answer.status !== 401) return answer;
    isIn = false;
    await toSignIn("expired");
    return null;
  }

  async function render() {
    if (at() === "/login" || at() === "/register") return forms(at() === "/register");
    if (!isIn) return toSignIn(null);
    if (at() === "/orders") {
      const answer = await call("GET", "/api/user/profile");
      if (!answer) return;
      show(`<h1>Orders</h1><p id="of"></p>${ACTS}`);
      document.querySelector("#of").textContent = answer.content.email;
      return;
    }
    if (at() === "/admin") {
      const answer = await call("GET", "/api/admin/v1/users");
      if (answer) show(`<h1>${answer.status === 403 ? "Not permitted" : "People"}</h1>${ACTS}`);
      return;
    }
    const answer = await call("GET", "/api/user/profile");
    if (!answer) return;
    show(`<h1>Home</h1><p id="name"></p>${ACTS}`);
    document.querySelector("#name").textContent = answer.content.name;
  }

  const ACTS = `<label>New name <input name="name"></label> <button data-act="save">Save name</button> <button data-act="eight">Eight calls</button>
    <button data-act="orders">Orders</button> <button data-act="admin">People</button> <button data-act="out">Sign out</button> <button data-act="all">Sign out everywhere</button><output></output>`;

  const acts = {
    async save() {
      const answer = await call("PATCH", "/api/user/profile", { name: document.querySelector("[name=name]").value });
      if (answer) say(answer.status === 200 ? `Saved: ${answer.content.name}` : answer.content.code);
    },
    async eight() {
      const answers = await Promise.all([...Array(8)].map(() => api.call("GET", "/api/user/profile")));
      say(`Statuses: ${answers.map(({ status }) => status).join(" ")}`);
    },
    orders: () => go("/orders"),
    admin: () => go("/admin"),
    async out() {
      await api.signOut();
      isIn = false;
      await go("/login");
    },
    async all() {
      await api.signOutEverywhere();
      isIn = false;
      await go("/login");
    },
  };

  function say(text) {
    document.querySelector("output").textContent = text;
  }

  function forms(isNew) {
    const expired = query().get("session") === "expired" ? "<p role=status>Your session has expired. Please sign in again.</p>" : "";
    const code = waiting ? '<label>Code <input name="code"></label>' : '<label>Email <input name="email"></label><label>Password <input name="password" type="password"></label>';
    show(`<h1>${waiting ? "One more step" : isNew ? "Register" : "Sign in"}</h1>${expired}<form>${isNew ? '<label>Name <input name="name"></label>' : ""}${code}<button>Go on</button></form><output></output>`);
  }

  body.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    try {
      const answer = waiting ? await api.secondStep(waiting, given.code) : at() === "/register" ? await api.register(given) : await api.signIn(given);
      waiting = answer?.mfaToken ?? null;
      if (waiting) return forms(false);
      isIn = true;
      await go(back());
    } catch (error) {
      say(error.message);
    }
  });
  body.addEventListener("click", (event) => acts[event.target.dataset.act]?.());
  addEventListener("popstate", render);

  (async () => {
    isIn = !["/login", "/register"].includes(at()) && (await api.resume());
    await render();
    document.title = "ready";
  })();
}
