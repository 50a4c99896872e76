// Solves the proof of work that a sign-in costs where an account has seen many failures (ALTCHA, version 1).
//
// Promises: each number up to `maxnumber` is tried once; the page gets its turn after each batch; no worker and no further
// script, so that the strict policy of these pages holds.

const BATCH = 1000;

/**
 * The text to send as `challengeResponse`; null where the challenge is of an unknown kind or has no solution. `digest(bytes)` is
 * SHA-256, `pause()` lets the page do what waits.
 */
export async function solve({ algorithm, challenge, maxnumber, salt, signature }, { digest, pause }) {
  if (algorithm !== "SHA-256") return null;
  const encoder = new TextEncoder();
  const wanted = challenge.match(/../g).map((digits) => Number.parseInt(digits, 16));
  const isWanted = (hash) => new Uint8Array(hash).every((byte, at) => byte === wanted[at]);
  for (let first = 0; first <= maxnumber; first += BATCH) {
    const count = Math.min(BATCH, maxnumber - first + 1);
    const tries = Array.from({ length: count }, (_, n) => digest(encoder.encode(`${salt}${first + n}`)));
    const found = (await Promise.all(tries)).findIndex(isWanted);
    if (found >= 0) return btoa(JSON.stringify({ algorithm, challenge, number: first + found, salt, signature }));
    await pause();
  }
  return null;
}
