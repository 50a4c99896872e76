// Ways in: register, sign in, a second factor, a renewed proof; and calls of the server itself. A proof of work is done on the way
// where the server asks for one. Loaded when it is needed; it takes what it shares with the rest from the core, so that the rest stays
// one file.
//
// Promises: the tabs sign in one at a time; what a pending sign-in needs to go on stays in this closure; a new session begins with new
// attempt ids, and the other tabs learn of it.

import type { Core } from "./core.js";
import type { Refusal } from "./error.js";
import type { SignedIn, SignedOutEverywhere, User } from "./schema.gen.js";

/** What is loaded when somebody signs in, or calls an endpoint of the server itself. */
export interface Ways {
  /** Signs in by an endpoint that answers as `POST /api/auth/login` does; with `isNew` false, proves the person again. */
  enter(path: string, body: object, isNew?: boolean): Promise<User | null>;
  /** What the endpoints of a pending sign-in want in their body; empty where none is pending. */
  pending(): { mfaToken?: string };
  /** Calls an endpoint of the server in the name of the person; `path` begins with `/api/`. */
  call<T>(method: string, path: string, body?: object): Promise<T>;
  /** Calls an endpoint of the server that wants no token. */
  ask<T>(method: string, path: string, body?: object): Promise<T>;
  /** Ends every session of the person; gives how many there were. */
  endAll(): Promise<number>;
}

/** Hashing waits in a queue, and may take longer than a refresh may. */
const PATIENCE_MS = 30_000;
/** A solution may come too late, so there is more than one try. */
const MOST_PROOFS = 3;
const BRAND = Symbol.for("countersign.AuthError");

/** Makes the ways in. */
export function make(core: Core): Ways {
  const { world, root, session, send, requests } = core;
  let mfaToken: string | undefined;

  async function prove<T>(body: object | undefined, ask: (body?: object) => Promise<T>): Promise<T> {
    for (let left = MOST_PROOFS; ; left -= 1) {
      try {
        return await ask(body);
      } catch (fault) {
        const refusal = (fault as { [BRAND]?: Refusal })[BRAND] ?? {};
        mfaToken = refusal.mfaToken ?? mfaToken;
        if (refusal.code !== "CHALLENGE_REQUIRED" || !refusal.challenge || !left) throw fault;
        const part = await import("./proof-of-work.js").catch(() => null);
        const challengeResponse = await part?.solve(refusal.challenge, world);
        if (!challengeResponse) throw fault;
        body = { ...body, challengeResponse };
      }
    }
  }

  const call: Ways["call"] = (method, path, body) =>
    prove(body, async (body) => {
      const patience = new AbortController();
      const timer = world.setTimeout(() => patience.abort(), PATIENCE_MS);
      try {
        return await core.read<never>(await requests.fetch(root + path, { method, signal: patience.signal, ...core.with(body) }));
      } catch (fault) {
        throw BRAND in Object(fault) ? fault : new core.AuthError(patience.signal.aborted ? "TIMEOUT" : "NETWORK", {}, fault);
      } finally {
        world.clearTimeout(timer);
      }
    });

  return {
    call,
    ask: (method, path, body) => prove(body, async (body) => (await send<never>(method, path, { body })).content),
    pending: () => (mfaToken ? { mfaToken } : {}),
    enter: (path, body, isNew = true) =>
      prove(path.endsWith("/mfa/verify") ? { mfaToken, ...body } : body, async (body) => {
        const token = isNew ? null : await requests.getToken();
        const epoch = session.epoch();
        return core.alone(async () => {
          const { content, asked } = await send<SignedIn>("POST", path, { body, token, timeoutMs: PATIENCE_MS });
          if (!content.accessToken) return null;
          if (isNew) await core.attempts.clear();
          else if (epoch !== session.epoch()) throw new core.AuthError("USER_CHANGED");
          mfaToken = undefined;
          core.take(content, asked, isNew);
          return content.user;
        });
      }),
    endAll: async () => (await call<SignedOutEverywhere>("POST", "/api/auth/logout-all")).revoked,
  };
}
