// Where the keys come from: fetched, kept, and fetched again when that is due.
//
// Promises: one fetch at a time; after a fetch, good or bad, none for `coolDownSeconds` on account of a token, so that made-up key ids cost
// nothing; when the issuer does not answer, the keys that are there go on for `staleSeconds`, and then nothing is accepted.

import { readKeys, type Jwks, type Keys } from "./keys.js";

/** How the keys are fetched. Seconds. */
export interface SourceOptions {
  fetch: typeof fetch;
  now: () => number;
  coolDownSeconds: number;
  staleSeconds: number;
  timeoutSeconds: number;
}

/** Gives the keys; with a `kid` that they lack, newer ones where they may be had. Undefined where there are none to rely on. */
export type Source = (kid?: string) => Promise<Keys | undefined>;

/** Keys that never change. */
export function fixedKeys(jwks: Jwks): Source {
  const keys = readKeys(JSON.stringify(jwks));
  // Whoever asks hears of it; until then it is nobody's fault that nobody does.
  keys.catch(() => {});
  return () => keys;
}

/** Keys from `url`. */
export function fetchedKeys(url: string, options: SourceOptions): Source {
  const { now, coolDownSeconds, staleSeconds, timeoutSeconds } = options;
  let keys: Keys | undefined;
  let text = "";
  let fetchedAt = 0;
  let freshSeconds = 0;
  let triedAt = -Infinity;
  let flight: Promise<void> | undefined;
  /** A clock that was set back must not make anything young again. */
  const isWithin = (since: number, seconds: number): boolean => now() >= since && now() < since + seconds * 1000;

  async function load(): Promise<void> {
    triedAt = now();
    try {
      const answer = await options.fetch(url, {
        // A redirect would let somebody else name the keys. Left alone it is an answer that is not ok; Cloudflare's workers know no "error".
        redirect: "manual",
        headers: { Accept: "application/jwk-set+json, application/json" },
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      });
      if (!answer.ok) return void answer.body?.cancel();
      const found = await answer.text();
      // The same keys stay the same objects: what was remembered of them stays true.
      if (!keys || found !== text) keys = await readKeys(found);
      text = found;
      fetchedAt = triedAt;
      const [, age] = /max-age=(\d+)/.exec(answer.headers.get("Cache-Control") ?? "") ?? [];
      freshSeconds = Math.min(Math.max(Number(age ?? 300), 60), 3600);
    } catch {
      // What is there serves on, until it is too old.
    }
  }

  return async (kid) => {
    const isDue = !isWithin(fetchedAt, freshSeconds) || (kid !== undefined && !keys?.has(kid));
    if (isDue && (flight || !isWithin(triedAt, coolDownSeconds))) {
      // In Cloudflare's workers no request may wait for what another one began.
      if (!flight || globalThis.navigator?.userAgent === "Cloudflare-Workers") {
        const mine: Promise<void> = load().finally(() => (flight = flight === mine ? undefined : flight));
        flight = mine;
      }
      await flight;
    }
    return isWithin(fetchedAt, freshSeconds + staleSeconds) ? keys : undefined;
  };
}
