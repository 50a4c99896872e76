// What a page needs while somebody is signed in: the timers, the news about the clock, what other tabs say through the storage, and what
// happens when the browser brings back a page that it had kept (S7, S22, S23). Loaded with the first token.
//
// Promises: a page that was kept while somebody signed out, or in as somebody else, is blank before it is seen, and loads anew.

import type { Core } from "./core.js";
import { makeSchedule } from "./schedule.js";

/** The part that is loaded with the first token. */
export interface Stay {
  /** Looks anew at what is due. */
  plan(): void;
}

/** What a verifier forgives at most. */
const SKEW_TOLD_SECONDS = 30;

/** Begins to listen. */
export function make(core: Core): Stay {
  const { world, session, peers, clock, events, refresh } = core;
  const schedule = makeSchedule(core);
  let seen = "";
  let told = 0;
  const standing = (): string => `${peers.mark()} ${core.hint()}`;

  core.listen<{ persisted?: boolean }>(world, "pageshow", ({ persisted }) => {
    if (!persisted || session.isOut() || standing() === seen) return;
    world.document?.documentElement.style.setProperty("display", "none", "important");
    world.location?.reload();
  });

  // Without a channel the mark is all that other tabs can change here.
  core.listen<{ key: string | null }>(world, "storage", ({ key }) => {
    if (peers.isOpen() || key !== peers.key) return;
    if (peers.mark().startsWith("out")) core.finish("signedOut", undefined, true);
    else refresh.run(true).catch(() => {});
  });

  return {
    plan() {
      seen = standing();
      const skewSeconds = Math.round(clock.skewMs() / 1000);
      if (Math.abs(skewSeconds - told) > SKEW_TOLD_SECONDS) {
        told = skewSeconds;
        events.emit("clockSkew", { skewSeconds });
      }
      schedule.plan();
    },
  };
}
