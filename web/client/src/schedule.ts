// When to refresh without being asked (S8 to S10), and when to say that the session ends.
//
// Promises: a timer is a hint, what is true is looked at when it fires; who has not looked at the page for five minutes is not kept
// signed in by it; coming back, waking up and going online refresh at most once in five seconds.

import type { Core } from "./core.js";

/** The timers of one client. */
export interface Schedule {
  /** Looks anew at what is due. */
  plan(): void;
}

const HIDDEN_MS = 300_000;
const BETWEEN_WAKES_MS = 5_000;
const WARNING_MS = 300_000;
const BETWEEN_ENDS_MS = 60_000;
const LONGEST_TIMER_MS = 86_400_000;

/** Makes the schedule and begins to listen. */
export function makeSchedule({ world, session, refresh, events, cleanup, listen }: Core): Schedule {
  const page = world.document;
  let timer: unknown;
  let warning: unknown;
  let warnedOf = -Infinity;
  let hiddenAt: number | undefined;
  let wokeAt = -Infinity;
  const now = (): number => world.performance.now();
  const isHidden = (): boolean => page?.visibilityState === "hidden";
  const isForgotten = (): boolean => hiddenAt !== undefined && now() - hiddenAt > HIDDEN_MS;
  const untilLead = (): number => session.left() - session.lead();
  const isWanted = (): boolean => !/^(signedOut|loading)$/.test(session.snapshot().status);

  function plan(): void {
    world.clearTimeout(timer);
    world.clearTimeout(warning);
    if (!cleanup.list || !isWanted()) return;
    const wait = refresh.wait();
    if (wait !== undefined || session.token() || session.snapshot().status === "offline") {
      const due = wait ?? Math.max(0, untilLead());
      // With a wait the jitter is in it already.
      timer = world.setTimeout(wait ? act : spread, Math.min(due, LONGEST_TIMER_MS));
    }
    warning = world.setTimeout(warn, Math.min(Math.max(0, session.sessionLeft() - WARNING_MS), LONGEST_TIMER_MS));
  }

  // The tabs of a browser do not begin together; the one that is looked at begins first.
  function spread(): void {
    const [least, more] = isHidden() ? [3000, 3000] : page?.hasFocus() ? [0, 500] : [1000, 1000];
    timer = world.setTimeout(act, least + world.Math.random() * more);
  }

  function act(): void {
    if (isForgotten()) return;
    if (untilLead() > 0 && refresh.wait() === undefined) return plan();
    refresh.run(true).catch(() => {});
  }

  function warn(): void {
    const left = session.sessionLeft();
    if (left > WARNING_MS) return plan();
    // Said once for each end, which is known to a few seconds.
    const end = now() + left;
    if (Math.abs(end - warnedOf) < BETWEEN_ENDS_MS) return;
    warnedOf = end;
    events.emit("sessionExpiring", { inSeconds: Math.max(0, Math.round(left / 1000)) });
  }

  function wake(): void {
    if (isHidden()) {
      hiddenAt ??= now();
      return;
    }
    hiddenAt = undefined;
    if (!isWanted() || now() - wokeAt < BETWEEN_WAKES_MS) return;
    if (untilLead() > 0 && session.snapshot().status !== "offline") return plan();
    wokeAt = now();
    refresh.forgive();
    // A `Retry-After` stands, whoever comes back.
    refresh.run().catch(plan);
  }

  if (isHidden()) hiddenAt = now();
  listen(page, "visibilitychange", wake);
  for (const kind of ["pageshow", "online", "focus"]) listen(world, kind, wake);
  cleanup.list?.push(() => {
    world.clearTimeout(timer);
    world.clearTimeout(warning);
  });
  return { plan };
}
