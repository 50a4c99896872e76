// Solves the proof of work that a sign-in costs where an account has seen many failures (ALTCHA, version 1).
//
// Promises: each number up to `maxnumber` is tried once; the page gets its turn after each batch. There is no worker: `crypto.subtle`
// hashes on threads of its own already, and a worker would be one more file that every bundler has to be told of, served from the
// page's own origin lest `script-src 'self'` forbid it.

import type { Challenge } from "./schema.gen.js";
import type { World } from "./world.js";

const BATCH = 1000;

/** The text to send as `challengeResponse`; null where the challenge is of an unknown kind or has no solution. */
export async function solve(
  { algorithm, challenge, maxnumber, salt, signature }: Challenge,
  world: Pick<World, "crypto" | "setTimeout">,
): Promise<string | null> {
  const { subtle } = world.crypto;
  if (algorithm !== "SHA-256" || !subtle) return null;
  const encoder = new TextEncoder();
  const wanted = (challenge.match(/../g) ?? []).map((digits) => Number.parseInt(digits, 16));
  const isWanted = (hash: ArrayBuffer): boolean => new Uint8Array(hash).every((byte, at) => byte === wanted[at]);
  for (let first = 0; first <= maxnumber; first += BATCH) {
    const count = Math.min(BATCH, maxnumber - first + 1);
    const tries = Array.from({ length: count }, (_, n) => subtle.digest("SHA-256", encoder.encode(`${salt}${first + n}`)));
    const found = (await Promise.all(tries)).findIndex(isWanted);
    if (found >= 0) return btoa(JSON.stringify({ algorithm, challenge, number: first + found, salt, signature }));
    await new Promise<void>((resolve) => world.setTimeout(resolve, 0));
  }
  return null;
}
