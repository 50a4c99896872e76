// Keeps one browser signed in.
//
// Promises: the access token stays in this closure and goes to this origin's /api only; one refresh runs at a time, and each
// caller gets its outcome; a request is repeated once at most; nothing but a 401 from the refresh call itself, or a server that
// says that the session has ended, signs anyone out. The rule behind the attempt ids: docs/concepts/sessions.md.

const REFRESH = "/api/auth/refresh";
const PENDING = "countersign.attemptId";
const LAST = "countersign.lastAttemptId";
const LOCK_WAIT_MS = 3000;
const SPARE_MS = 10_000;
const MOST_PROOFS = 3;

/** A refusal. `code` is the API's, or `NETWORK` where nobody answered, or `UNREADABLE` where somebody else did. */
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem.detail ?? "The server gave an answer that this page does not understand.");
    this.status = status;
    this.code = problem.code ?? "UNREADABLE";
    this.errors = problem.errors ?? [];
    this.retryAfter = problem.retryAfter;
    this.challenge = problem.challenge;
    this.mfaToken = problem.mfaToken;
    this.methods = problem.methods ?? [];
  }
}

/**
 * Makes the client. All that it touches of the world is an argument, so that it can be tested without one. `solve(challenge)` is the
 * text that answers a proof of work, or null.
 * `changed(reason)` is called after each sign-in, refresh and end: `signed_in`, `refreshed`, `session_changed` (another tab signed
 * in, perhaps as somebody else), `signed_out` or the code of the answer that ended it.
 */
export function createClient({ fetch, storage, locks, cookies, random, now, solve, changed }) {
  let session = null;
  let refreshing = null;
  // Grows with each sign-in and sign-out: an answer to a question asked before that is not adopted.
  let epoch = 0;

  async function send(method, path, body, token) {
    // The token must not reach another host, whatever a caller passes.
    if (!path.startsWith("/api/")) throw new TypeError(`not a path of this API: ${path}`);
    const headers = {};
    if (body !== undefined) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    const options = { method, headers, credentials: "same-origin", cache: "no-store", redirect: "error" };
    if (body !== undefined) options.body = JSON.stringify(body);

    let answer;
    try {
      answer = await fetch(path, options);
    } catch {
      throw new ApiError(0, { code: "NETWORK", detail: "The server cannot be reached. Check the connection and try again." });
    }
    const isJson = /^application\/(problem\+)?json\b/.test(answer.headers.get("Content-Type") ?? "");
    const content = isJson ? await answer.json().catch(() => ({})) : {};
    if (!answer.ok) throw new ApiError(answer.status, content);
    return { content, headers: answer.headers };
  }

  function adopt(content, startedAt) {
    session = {
      id: content.session?.id ?? session?.id,
      accessToken: content.accessToken,
      // Counted from the question: the way back may have been long.
      startsAt: startedAt,
      expiresAt: startedAt + content.expiresIn * 1000,
    };
  }

  function end(reason) {
    epoch += 1;
    if (session === null) return;
    session = null;
    changed(reason);
  }

  /** Runs `act` alone among the tabs, or after a while without waiting for them: a stuck tab must not stop the others. */
  async function alone(act) {
    if (!locks) return act();
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), LOCK_WAIT_MS);
    let begun = false;
    const begin = () => {
      begun = true;
      clearTimeout(timer);
      return act();
    };
    try {
      return await locks.request("countersign.session", { signal: patience.signal }, begin);
    } catch (error) {
      if (begun) throw error;
      return act();
    } finally {
      clearTimeout(timer);
    }
  }

  function attempt() {
    const last = storage.read(LAST);
    const pending = storage.read(PENDING) ?? newAttempt();
    // Kept before it is sent; where it cannot be kept, none is sent.
    const isKept = storage.write(PENDING, pending);
    return { ...(isKept && { attemptId: pending }), ...(last && { lastAttemptId: last }) };
  }

  function newAttempt() {
    const text = btoa(String.fromCharCode(...random(16)));
    return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  function settle(attemptId) {
    if (!attemptId) return;
    storage.write(LAST, attemptId);
    if (storage.read(PENDING) === attemptId) storage.remove(PENDING);
  }

  async function exchange() {
    const asked = epoch;
    const ids = attempt();
    const startedAt = now();
    let answer;
    try {
      answer = await send("POST", REFRESH, ids);
    } catch (error) {
      if (error.status === 401 && asked === epoch) end(error.code);
      throw error;
    }
    if (answer.content.rotated) settle(ids.attemptId);
    if (asked !== epoch) throw new ApiError(0, { code: "SUPERSEDED", detail: "You signed in or out meanwhile." });
    const isOther = session !== null && session.id !== answer.content.session.id;
    adopt(answer.content, startedAt);
    changed(isOther ? "session_changed" : "refreshed");
    return { rotated: answer.content.rotated, row: answer.headers.get("X-Refresh-Case") };
  }

  function refresh() {
    refreshing ??= alone(exchange).finally(() => {
      refreshing = null;
    });
    return refreshing;
  }

  /** Sends it, and again with a proof of work where one is asked for. A solution may come too late, so there is more than one try. */
  async function sendProving(path, body) {
    let proof = {};
    for (let left = MOST_PROOFS; ; left -= 1) {
      const startedAt = now();
      try {
        return { ...(await send("POST", path, { ...body, ...proof })), startedAt };
      } catch (error) {
        if (error.code !== "CHALLENGE_REQUIRED" || left === 0) throw error;
        const challengeResponse = await solve(error.challenge);
        if (challengeResponse === null) throw error;
        proof = { challengeResponse };
      }
    }
  }

  async function enter(path, body) {
    return alone(async () => {
      const { content, startedAt } = await sendProving(path, body);
      epoch += 1;
      session = null;
      storage.remove(PENDING);
      storage.remove(LAST);
      adopt(content, startedAt);
      changed("signed_in");
      return content.user;
    });
  }

  async function call(method, path, body) {
    if (session === null || session.expiresAt - now() < SPARE_MS) await refresh();
    try {
      return (await send(method, path, body, session?.accessToken)).content;
    } catch (error) {
      if (error.code === "TOKEN_REVOKED" || error.code === "TOKEN_INVALID") end(error.code);
      if (error.code !== "TOKEN_EXPIRED") throw error;
    }
    await refresh();
    return (await send(method, path, body, session?.accessToken)).content;
  }

  async function stepUpWith(proof) {
    const startedAt = now();
    adopt(await call("POST", "/api/auth/step-up", proof), startedAt);
    changed("refreshed");
  }

  return {
    register: (body) => enter("/api/auth/register", body),
    signIn: (body) => enter("/api/auth/login", body),
    /** Goes on with a sign-in that was refused with `MFA_REQUIRED`. */
    secondStep: (body) => enter("/api/auth/mfa/verify", body),
    signInWithPasskey: (body) => enter("/api/auth/passkey", body),
    /** Asks something for which nobody has to be signed in. */
    ask: async (path, body) => (await send("POST", path, body)).content,
    refresh,
    call,

    /**
     * Takes up the session that this browser may hold: `refreshed`, or the code with which it was refused, or `stranger`, for whom
     * nothing is asked.
     */
    async resume() {
      if (!/(^|; )sessionHint=/.test(cookies())) return "stranger";
      try {
        await refresh();
        return "refreshed";
      } catch (error) {
        if (error.status === 401) return error.code;
        throw error;
      }
    },

    async signOut() {
      // The cookie says enough; the token serves where the browser keeps no cookies.
      const token = session !== null && session.expiresAt > now() ? session.accessToken : undefined;
      await alone(() => send("POST", "/api/auth/logout", undefined, token));
      end("signed_out");
    },

    async signOutEverywhere() {
      const { revoked } = await call("POST", "/api/auth/logout-all");
      // The cookie belongs to a session that is over now: this clears it.
      await send("POST", "/api/auth/logout").catch(() => {});
      end("signed_out");
      return revoked;
    },

    /** Proves the person again in the running session. */
    stepUp: (password) => stepUpWith({ password }),
    stepUpWith,

    /** Another tab said that the session is over. */
    drop: end,

    /** What may be shown: when the token began and ends (ms), the session's id, and the token's two readable parts. */
    view() {
      if (session === null) return null;
      const [header, claims] = session.accessToken.split(".").slice(0, 2).map(decode);
      return { id: session.id, startsAt: session.startsAt, expiresAt: session.expiresAt, header, claims };
    },
  };
}

function decode(part) {
  const binary = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0))));
}
