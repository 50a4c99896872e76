// One refresh, sign-in or sign-out at a time among the tabs of a browser (S1).
//
// Promises: `act` runs exactly once and nobody else's code runs while it does; nobody waits longer than 3 s, nor longer than 1 s for a
// holder that shows no sign of life; a page that is put away lets go. The lock saves requests. It is not what keeps anyone signed in:
// the server stands any number of refreshes at once.

import type { Core } from "./core.js";

const SILENT_HOLDER_MS = 1_000;
const LIVE_HOLDER_MS = 2_000;
/** The grant of a lock may overtake the message of the one who held it. */
const MESSAGE_MS = 20;

/** Runs `act` alone. */
export type Alone = <T>(act: () => Promise<T>) => Promise<T>;

/** Makes the lock. */
export function makeLock({ world, name, peers, listen }: Core): Alone {
  const releases = new Set<() => void>();
  const waiters = new Set<() => void>();
  listen(world, "pagehide", () => releases.forEach((release) => release()));
  peers.hear(({ kind }) => {
    if (kind === "ask" && releases.size) peers.post({ kind: "busy" });
    if (kind === "busy") waiters.forEach((live) => live());
  });

  return async <T>(act: () => Promise<T>): Promise<T> => {
    const patience = new AbortController();
    let isLive = releases.size > 0;
    let outcome: Promise<T> | undefined;
    const go = (): Promise<T> => (outcome ??= act());
    const live = (): void => void (isLive = true);
    const give = (): void => patience.abort();
    let timer = world.setTimeout(() => (isLive ? (timer = world.setTimeout(give, LIVE_HOLDER_MS)) : give()), SILENT_HOLDER_MS);
    waiters.add(live);
    peers.post({ kind: "ask" });

    // Refused (an aborted wait, a page without an origin), not there, or never answered: go without.
    await new Promise<unknown>((resolve) => {
      patience.signal.addEventListener("abort", resolve);
      const hold = async (): Promise<void> => {
        world.clearTimeout(timer);
        // Given too late.
        if (outcome) return;
        if (isLive) await new Promise<void>((go) => world.setTimeout(go, MESSAGE_MS));
        await new Promise<void>((release) => {
          releases.add(release);
          go().finally(release).catch(resolve);
        }).finally(() => releases.clear());
      };
      (world.navigator?.locks?.request(name, { signal: patience.signal }, hold) ?? Promise.reject()).then(resolve, resolve);
    });
    world.clearTimeout(timer);
    waiters.delete(live);
    return go();
  };
}
