// A report on the state that may be pasted anywhere (S39).
//
// Promises: no token, no address and no name is in it; of a person and of a session it shows the last four characters.

import type { Core } from "./core.js";

/** The report, as text. */
export function report({ world, root, clock, session, attempts, refresh, timeline }: Core): string {
  const { status, user, sessionId } = session.snapshot();
  const end = (id: string | null | undefined): string => (id ? `…${id.slice(-4)}` : "none");
  const seconds = (ms: number | undefined): number | string =>
    ms === undefined ? "none" : ms === Infinity ? "unknown" : Math.round(ms / 1000);
  return JSON.stringify(
    {
      status,
      user: end(user?.id),
      session: end(sessionId),
      server: root,
      token: { leftSeconds: seconds(session.left()), lifetimeSeconds: seconds(session.lifetime()) },
      sessionLeftSeconds: seconds(session.sessionLeft()),
      refreshWaitsSeconds: seconds(refresh.wait()),
      clockSkewSeconds: seconds(clock.skewMs()),
      browser: {
        locks: world.navigator?.locks !== undefined,
        channel: world.BroadcastChannel !== undefined,
        attemptIds: attempts.kept(),
        visibility: world.document?.visibilityState ?? "none",
        onLine: world.navigator?.onLine ?? "unknown",
        userAgent: world.navigator?.userAgent ?? "unknown",
      },
      timeline,
    },
    null,
    2,
  );
}
