// React with a component that guards others, `withAuth`: it asks the server at each mount whether the token is good.

import { createElement as h, StrictMode, useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { api } from "./token-manager.js";

const here = () => location.pathname;
const query = () => new URLSearchParams(location.search);
const listeners = new Set();

function go(to) {
  history.pushState(null, "", to);
  for (const heard of listeners) heard();
}

function usePath() {
  const [path, setPath] = useState(here());
  useEffect(() => {
    const heard = () => setPath(here() + location.search);
    listeners.add(heard);
    return () => listeners.delete(heard);
  }, []);
  return path.split("?")[0];
}

/** Shows `Page` to whoever is signed in; sends everyone else to sign in and back. */
function withAuth(Page) {
  return function Guarded(props) {
    const [state, setState] = useState("asking");
    useEffect(() => {
      let isMounted = true;
      (async () => {
        let answer = await api.call("GET", "/api/auth/verify");
        // After a reload there is no token yet: the cookie may bring one.
        if (answer.status === 401 && (await api.resume())) answer = await api.call("GET", "/api/auth/verify");
        if (!isMounted) return;
        if (answer.status === 200) return setState("in");
        const reason = answer.content.code === "TOKEN_MISSING" ? "" : "session=expired&";
        go(`/login?${reason}returnTo=${encodeURIComponent(here())}`);
      })();
      return () => {
        isMounted = false;
      };
    }, []);
    return state === "in" ? <Page {...props} /> : <p>One moment…</p>;
  };
}

/** A call whose 401 means that the session is over. */
async function call(...asked) {
  const answer = await api.call(...asked);
  if (answer.status !== 401) return answer;
  go(`/login?session=expired&returnTo=${encodeURIComponent(here())}`);
  return null;
}

function Acts({ onSaved }) {
  const [name, setName] = useState("");
  const [said, setSaid] = useState("");
  const save = async () => {
    const answer = await call("PATCH", "/api/user/profile", { name });
    if (answer) setSaid(answer.status === 200 ? `Saved: ${answer.content.name}` : answer.content.code);
    if (answer?.status === 200) onSaved?.(answer.content);
  };
  const eight = async () => setSaid(`Statuses: ${(await Promise.all([...Array(8)].map(() => api.call("GET", "/api/user/profile")))).map(({ status }) => status).join(" ")}`);
  const leave = (how) => async () => (await how(), go("/login"));
  return (
    <>
      <label>New name <input value={name} onChange={(event) => setName(event.target.value)} /></label>
      <button onClick={save}>Save name</button> <button onClick={eight}>Eight calls</button>
      <button onClick={() => go("/orders")}>Orders</button> <button onClick={() => go("/admin")}>People</button>
      <button onClick={leave(api.signOut)}>Sign out</button> <button onClick={leave(api.signOutEverywhere)}>Sign out everywhere</button>
      <output>{said}</output>
    </>
  );
}

function useAnswer(path) {
  const [answer, setAnswer] = useState(null);
  useEffect(() => void call("GET", path).then(setAnswer), [path]);
  return [answer, setAnswer];
}

const Home = withAuth(() => {
  const [answer, setAnswer] = useAnswer("/api/user/profile");
  return answer && <><h1>Home</h1><p id="name">{answer.content.name}</p><Acts onSaved={(content) => setAnswer({ ...answer, content })} /></>;
});

const Orders = withAuth(() => {
  const [answer] = useAnswer("/api/user/profile");
  return answer && <><h1>Orders</h1><p id="of">{answer.content.email}</p><Acts /></>;
});

const People = withAuth(() => {
  const [answer] = useAnswer("/api/admin/v1/users");
  return answer && <><h1>{answer.status === 403 ? "Not permitted" : "People"}</h1><Acts /></>;
});

function SignIn({ isNew }) {
  const [waiting, setWaiting] = useState(null);
  const [said, setSaid] = useState("");
  const submit = async (event) => {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.target));
    try {
      const answer = waiting ? await api.secondStep(waiting, given.code) : await (isNew ? api.register(given) : api.signIn(given));
      if (answer?.mfaToken) return setWaiting(answer.mfaToken);
      const wanted = query().get("returnTo");
      go(["/orders", "/admin"].includes(wanted) ? wanted : "/");
    } catch (error) {
      setSaid(error.message);
    }
  };
  return (
    <>
      <h1>{waiting ? "One more step" : isNew ? "Register" : "Sign in"}</h1>
      {query().get("session") === "expired" && <p role="status">Your session has expired. Please sign in again.</p>}
      <form onSubmit={submit}>
        {isNew && <label>Name <input name="name" /></label>}
        {waiting ? <label>Code <input name="code" key="code" /></label> : <><label>Email <input name="email" /></label><label>Password <input name="password" type="password" /></label></>}
        <button>Go on</button>
      </form>
      <output>{said}</output>
    </>
  );
}

const PAGES = { "/orders": Orders, "/admin": People };

function App() {
  const path = usePath();
  useEffect(() => void (document.title = "ready"), []);
  if (path === "/login" || path === "/register") return <SignIn key={path} isNew={path === "/register"} />;
  return h(PAGES[path] ?? Home, { key: path });
}

const root = document.createElement("div");
document.body.append(root);
createRoot(root).render(<StrictMode><App /></StrictMode>);
