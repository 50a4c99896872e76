// Requests with the access token: to whom it goes, and what a refusal leads to (S3, S12, S18 to S20).
//
// Promises: the token goes to the configured origins and nowhere else; a request is repeated once at most, and never in the name of
// somebody else than the one who began it; a service that refuses every fresh token causes two refreshes a minute and not more.

import type { Core } from "./core.js";
import { AuthError, type Refusal } from "./error.js";
import { claimsOf } from "./session.js";
import { codeOf, contentOf } from "./transport.js";

/** What an adapter knows of the answer to a request that carried a token. */
export interface Reply {
  url: string;
  /** The token that it carried. */
  token: string;
  /** A `Response`, or what another library makes of one: then `data` is its content. */
  response: Response | { status: number; headers: { get(name: string): unknown }; data: unknown };
  /** Whether it is the second answer to the same request. */
  isReplay?: boolean;
}

/** Requests in the name of the person. */
export interface Requests {
  /** `fetch` with the token, a refresh where one is due, and one repetition. */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** A token that is good for ten seconds at least; null where nobody is signed in. */
  getToken(signal?: AbortSignal | null): Promise<string | null>;
  /** The token for a request to `url`; null where it must not get one. `isOnce`: it cannot be repeated. */
  tokenFor(url: string, signal?: AbortSignal | null, isOnce?: boolean): Promise<string | null>;
  /** The token to repeat the request with, once; null where the answer is to be taken as it is. */
  judge(reply: Reply): Promise<string | null>;
}

const SPARE_MS = 10_000;
const BREAK_MS = 60_000;

/** Makes the requests. `audiences` are the origins that get the token; `ready` settles when the first answer is there. */
export function makeRequests({ world, session, refresh, events }: Core, audiences: unknown[], ready: Promise<unknown>): Requests {
  // By origin: the fresh tokens that were refused in a row, and until when there is no point in another.
  const refusals = new Map<string, { tokens: Set<string>; openUntil: number }>();
  const originOf = (url: string): string => new URL(url, world.location?.href).origin;

  async function current(leastMs: number): Promise<string | null> {
    if (session.snapshot().status === "loading") await ready;
    if (session.isOut()) return null;
    const left = session.left();
    if (!left || left < Math.min(leastMs, session.lifetime() / 2)) {
      const fault: unknown = await refresh.run().catch((fault: unknown) => fault);
      if (session.isOut()) throw new AuthError("SIGNED_OUT", {}, fault);
      // What is left of the old one may do.
      if (fault && !session.left()) throw fault;
    }
    return session.token()!;
  }

  const getToken: Requests["getToken"] = (signal) => abortable(current(SPARE_MS), signal);

  const tokenFor: Requests["tokenFor"] = async (url, signal, isOnce) =>
    audiences.includes(originOf(url)) ? abortable(current(isOnce ? session.lead() : SPARE_MS), signal) : null;

  async function judge({ url, token, response, isReplay }: Reply): Promise<string | null> {
    const { status, headers } = response;
    const origin = originOf(url);
    const content = status === 401 ? (("data" in response ? response.data : await contentOf(response.clone())) as Refusal) : undefined;
    const code = codeOf(content);
    if (code === "STEP_UP_REQUIRED" && !session.isOut()) {
      session.set("stepUp");
      events.emit("stepUpRequired", { methods: content?.methods ?? [] });
    }
    const isDead = code === "TOKEN_REVOKED" || code === "TOKEN_INVALID";
    const isRefused = isDead || (code ? code === "TOKEN_EXPIRED" : /invalid_token/.test(headers.get("WWW-Authenticate") as string));
    if (status !== 401 || !isRefused) {
      refusals.delete(origin);
      return null;
    }

    const refused = refusals.get(origin) ?? { tokens: new Set(), openUntil: 0 };
    refusals.set(origin, refused);
    const now = world.performance.now();
    if (isReplay && refused.tokens.add(token).size > 1 && refused.openUntil <= now) refused.openUntil = now + BREAK_MS;
    if (refused.openUntil > now) throw new AuthError("AUTH_LOOP", { status });
    if (isReplay) return null;

    if (token === session.token()) {
      // Whoever asks from now on waits for what the refresh says.
      if (isDead) session.drop();
      await refresh.run().catch((fault: unknown) => {
        if (!session.isOut()) throw fault;
      });
    }
    const fresh = session.token();
    if (!fresh || fresh === token) return null;
    if (claimsOf(fresh).sub !== claimsOf(token).sub) throw new AuthError("USER_CHANGED");
    return fresh;
  }

  return {
    getToken,
    tokenFor,
    judge,
    async fetch(input, init = {}) {
      const request = (input as Request).url ? (input as Request) : undefined;
      const url = request?.url ?? String(input);
      const headers = new Headers(init.headers ?? request?.headers);
      const signal = init.signal ?? request?.signal;
      const isOnce = "getReader" in Object(init.body);
      // Whoever brings a token of his own gets his own answer.
      let token = headers.has("Authorization") ? null : await tokenFor(url, signal, isOnce);
      for (let isReplay = false; ; isReplay = true) {
        if (token) headers.set("Authorization", `Bearer ${token}`);
        const response = await world.fetch(request?.clone() ?? (input as string), { ...init, headers });
        if (!token) return response;
        token = await abortable(judge({ url, token, response, isReplay }), signal);
        if (!token) return response;
        if (isOnce) throw new AuthError("BODY_NOT_REPLAYABLE", { status: 401 });
      }
    },
  };
}

/** The caller stops waiting when `signal` says so; what others wait for goes on. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | null | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
