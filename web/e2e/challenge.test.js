// challenge.js with Node's own SHA-256.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

const source = await readFile(new URL("../../crates/http/src/page/challenge.js", import.meta.url));
const { solve } = await import(`data:text/javascript;base64,${source.toString("base64")}`);

const SALT = "07070707?expires=1800000300&";

function made(number, maxnumber) {
  const challenge = createHash("sha256").update(`${SALT}${number}`).digest("hex");
  return { algorithm: "SHA-256", challenge, maxnumber, salt: SALT, signature: "s" };
}

async function solved(challenge) {
  let [hashed, pauses] = [0, 0];
  const response = await solve(challenge, {
    digest: async (bytes) => ((hashed += 1), createHash("sha256").update(bytes).digest()),
    pause: async () => (pauses += 1),
  });
  return { answer: response && JSON.parse(atob(response)), hashed, pauses };
}

test("the number is found wherever it is, and the rest is sent back as it came", async () => {
  for (const [number, hashed, pauses] of [[0, 1000, 0], [999, 1000, 0], [1000, 2000, 1], [2500, 2501, 2]]) {
    const { maxnumber, ...asked } = made(number, 2500);

    const found = await solved({ maxnumber, ...asked });

    assert.deepEqual(found, { answer: { ...asked, number }, hashed, pauses });
  }
});

test("what has no solution, or is of another kind, ends in nothing", async () => {
  assert.deepEqual(await solved(made(11, 10)), { answer: null, hashed: 11, pauses: 1 });
  assert.deepEqual(await solved({ ...made(1, 10), algorithm: "SHA-512" }), { answer: null, hashed: 0, pauses: 0 });
});
