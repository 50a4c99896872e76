// The refresh: one at a time, and what follows when it fails (S1, S13 to S17, S21).
//
// Promises: callers share one question and each gets its outcome; nothing but a 401 of the refresh itself, with a code of the API, ends
// a session; a failure is not asked about again at once, however many callers come; an answer that comes after a sign-in or a
// sign-out is put away unread.

import type { Core } from "./core.js";
import type { AuthError } from "./error.js";
import type { Refreshed } from "./schema.gen.js";

/** The refresh of one client. */
export interface Refresh {
  /** Gets a new access token. Rejects at once while an earlier failure says to wait, unless `isForced`. */
  run(isForced?: boolean): Promise<void>;
  /** Ms until the next try makes sense; undefined where nothing has failed. */
  wait(): number | undefined;
  /** The reason to wait is gone; a server's own `Retry-After` is honoured all the same. */
  forgive(): void;
  /** It worked, here or in another tab. */
  succeed(): void;
}

/** The 401 codes of the API: from the refresh call they mean that the session is over. */
const OVER = /^(TOKEN_(MISSING|EXPIRED|INVALID|REVOKED|REUSED)|AUTH_FAILED|MFA_REQUIRED|STEP_UP_REQUIRED)$/;
const FIRST_MS = 500;
const LONGEST_MS = 30_000;
/** So many tries until the longest wait is reached; then it cools down. */
const TRIES = 7;
const COOL_DOWN_MS = 60_000;

/** Makes the refresh. */
export function makeRefresh(core: Core): Refresh {
  const { world, session, attempts, alone, send, peers, events, note } = core;
  let flight: Promise<void> | undefined;
  let failure: { error: AuthError; count: number; until: number; isOrdered: boolean } | undefined;

  async function exchange(): Promise<void> {
    const epoch = session.epoch();
    const token = session.token();
    const mark = peers.mark();
    const isStale = (): boolean => session.epoch() !== epoch || (peers.mark() !== mark && peers.mark().startsWith("out"));
    try {
      await alone(async () => {
        // Another tab was quicker, or the session is over.
        if (isStale() || session.token() !== token) return;
        const ids = await attempts.begin();
        if (isStale()) return;
        note("refresh");
        const { content, asked, headers } = await send<Refreshed>("POST", "/api/auth/refresh", { body: ids });
        if (content.rotated && ids.attemptId) await attempts.settle(ids.attemptId);
        note("answer", { rotated: content.rotated, case: headers.get("X-Refresh-Case") });
        if (isStale()) return note("put away");
        core.take(content, asked, false);
      });
    } catch (fault) {
      if (!isStale()) fail(fault as AuthError);
      throw fault;
    } finally {
      core.plan();
    }
  }

  function fail(error: AuthError): void {
    const { code, status, retryAfter } = error;
    note("failed", { code, status });
    if (status === 401 && OVER.test(code)) {
      failure = undefined;
      return core.finish(code === "TOKEN_REVOKED" ? "revoked" : code === "TOKEN_REUSED" ? "reused" : "expired", code);
    }
    const isDown = status < 400 || status >= 500;
    const count = failure?.error.code === code ? failure.count + 1 : 0;
    const isOrdered = retryAfter !== undefined;
    const ms = isOrdered
      ? retryAfter * 1000
      : (isDown || status === 429) && count < TRIES
        ? world.Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** count)
        : COOL_DOWN_MS;
    failure = { error, count, until: world.performance.now() + ms, isOrdered };
    events.emit("error", { error });
    const before = session.snapshot().status;
    if (isDown && before !== "offline") events.emit("offline", { error });
    if (isDown || before === "loading") session.set("offline");
  }

  function succeed(): void {
    failure = undefined;
  }

  return {
    async run(isForced = false) {
      if (!isForced && failure && failure.until > world.performance.now()) throw failure.error;
      flight ??= exchange().finally(() => (flight = undefined));
      return flight;
    },
    wait: () => failure && Math.max(0, failure.until - world.performance.now()),
    forgive: () => {
      if (failure && !failure.isOrdered) failure = undefined;
    },
    succeed,
  };
}
