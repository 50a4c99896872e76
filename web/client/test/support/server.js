// A server of the contract, in a few lines: the refresh rule's rows 2, 5, 6, 7 and 9, and services beside it. What it says is what
// docs/reference/openapi.json and the page on sessions promise; what the real one does is shown in web/e2e.

const W_MS = 30_000;
const LIFE_SECONDS = 900;

/** `time.true` is its clock. */
export function makeServer(time) {
  let counter = 0;
  const sessions = new Map();
  const people = new Map([["ada@example.test", { id: "usr_ada", name: "Ada", password: "right" }], ["bob@example.test", { id: "usr_bob", name: "Bob", password: "right" }]]);
  const planned = [];

  const server = {
    asked: [],
    lifeSeconds: LIFE_SECONDS,
    sessions,
    /** How many refreshes wrote a new generation. */
    rotations: 0,
    /** What was asked of a path, in order. */
    to: (path) => server.asked.filter((one) => one.path === path),
    refreshes: () => server.to("/api/auth/refresh"),
    /** The next question to `path` gets this answer; `answer(question, serve)` may let the server do its work with `serve()`. */
    next(path, answer) {
      planned.push({ path, answer });
    },
    /** Every question to `path` gets this answer, until the function that it returns is called. */
    always(path, answer) {
      const plan = { path, answer, stays: true };
      planned.push(plan);
      return () => planned.splice(planned.indexOf(plan), 1);
    },
    /** Somebody ends every session. */
    revoke() {
      for (const session of sessions.values()) session.ended ??= "TOKEN_REVOKED";
    },
    tokenOf(session, more = {}) {
      const person = session.person;
      const iat = Math.floor(time.true / 1000);
      const claims = { sub: person.id, sid: session.id, jti: `tok_${(counter += 1)}`, email: person.email, roles: ["member"], permissions: ["orders:read"], iat, exp: iat + server.lifeSeconds, ...more };
      return `${part({ typ: "at+jwt", alg: "EdDSA" })}.${part(claims)}.signature`;
    },
    async handle(question, jar) {
      server.asked.push(question);
      const mine = planned.filter(({ path }) => path === question.path);
      const at = planned.indexOf(mine.find(({ stays }) => !stays) ?? mine[0]);
      const serve = () => answer(question, jar);
      if (at < 0) return serve();
      const { answer: act, stays } = planned[at];
      if (!stays) planned.splice(at, 1);
      return act(question, serve);
    },
  };

  function answer({ method, path, body, token, origin }, jar) {
    if (path === "/api/auth/refresh") return refresh(body ?? {}, jar);
    if (path === "/api/auth/login" || path === "/api/auth/register") return signIn(path, body, jar);
    if (path === "/api/auth/logout") {
      const session = sessions.get(jar.refresh?.split(".")[0]) ?? sessionOf(token);
      if (session) session.ended ??= "TOKEN_REVOKED";
      jar.refresh = jar.hint = undefined;
      return reply(200, { message: "Signed out." });
    }
    const claims = claimsOf(token);
    const session = sessions.get(claims?.sid);
    if (!session) return refusal(401, token ? "TOKEN_INVALID" : "TOKEN_MISSING");
    if (session.ended) return refusal(401, "TOKEN_REVOKED");
    if (claims.exp * 1000 <= time.true) return refusal(401, "TOKEN_EXPIRED");
    if (path === "/api/auth/logout-all") {
      server.revoke();
      return reply(200, { message: "Signed out.", revoked: sessions.size });
    }
    if (path === "/api/auth/step-up") {
      if (body.password !== "right") return refusal(401, "AUTH_FAILED");
      return reply(200, { accessToken: server.tokenOf(session, { amr: ["pwd"] }), expiresIn: server.lifeSeconds, tokenType: "Bearer" });
    }
    if (path === "/api/user/profile") return reply(200, userOf(session.person));
    return reply(200, { path, method, origin, by: claims.sub, body });
  }

  function signIn(path, { email, password, name }, jar) {
    const person = path.endsWith("register") ? { id: `usr_${name}`, name, password } : people.get(email);
    if (!person || person.password !== password) return refusal(401, "AUTH_FAILED");
    const session = { id: `ses_${(counter += 1)}`, person: { ...person, email }, generation: 0, spentAt: new Map(), answered: [], recent: [] };
    sessions.set(session.id, session);
    jar.refresh = `${session.id}.0`;
    jar.hint = `1.${time.true}.${session.id}`;
    return reply(path.endsWith("register") ? 201 : 200, { user: userOf(session.person), ...grant(session) });
  }

  function refresh({ attemptId, lastAttemptId }, jar) {
    const [id, presented] = jar.refresh?.split(".") ?? [];
    const session = sessions.get(id);
    if (!session) return refusal(401, jar.refresh ? "TOKEN_INVALID" : "TOKEN_MISSING");
    if (session.ended) return refusal(401, session.ended);
    const n = Number(presented);
    const isKnown = session.answered.some((known) => known === attemptId || known === lastAttemptId);
    if (n === session.generation) {
      session.spentAt.set(n, time.true);
      session.recent.push(...session.answered);
      session.answered = [attemptId];
      session.generation += 1;
      server.rotations += 1;
      jar.refresh = `${id}.${session.generation}`;
      return reply(200, { ...grant(session), rotated: true }, { "X-Refresh-Case": "5" });
    }
    if (isKnown) {
      session.answered.push(attemptId);
      jar.refresh = `${id}.${session.generation}`;
      return reply(200, { ...grant(session), rotated: true }, { "X-Refresh-Case": "6" });
    }
    if (time.true - session.spentAt.get(n) < W_MS || session.recent.includes(attemptId)) {
      return reply(200, { ...grant(session), rotated: false }, { "X-Refresh-Case": "7" });
    }
    session.ended = "TOKEN_REUSED";
    return refusal(401, "TOKEN_REUSED");
  }

  const grant = (session) => ({
    accessToken: server.tokenOf(session),
    expiresIn: server.lifeSeconds,
    tokenType: "Bearer",
    session: { id: session.id, expiresIn: 2_592_000, idleExpiresIn: 604_800 },
    serverTime: new Date(time.true).toISOString(),
  });
  const sessionOf = (token) => sessions.get(claimsOf(token)?.sid);
  const userOf = ({ id, email, name }) => ({ id, email, emailVerified: true, name, role: "member", roles: ["member"], createdAt: "2026-01-01T00:00:00Z" });
  return server;
}

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
export const claimsOf = (token) => (token ? JSON.parse(Buffer.from(token.split(".")[1], "base64url")) : undefined);

/** An answer with a JSON body. */
export function reply(status, content, headers = {}) {
  const kind = status < 400 ? "application/json" : "application/problem+json";
  return new Response(JSON.stringify(content), { status, headers: { "Content-Type": kind, ...headers } });
}

/** A problem document. */
export function refusal(status, code, more = {}, headers = {}) {
  return reply(status, { type: `https://auth.example.test/errors/${code}`, title: code, status, detail: code, code, error: code, message: code, requestId: "req_1", ...more }, headers);
}

export const lost = () => Promise.reject(new TypeError("fetch failed"));
