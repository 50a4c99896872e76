// A service behind a guard, and what it answers.

import assert from "node:assert/strict";
import { createGuard } from "../../dist/index.js";
import { createTestIssuer } from "../../dist/testing.js";

export const NOT_VALID = 'Bearer error="invalid_token", error_description="not valid"';

/** An issuer and a service that believes it. `it.time` is the clock of both, in milliseconds. */
export async function makeService(options = {}, guardOptions = {}) {
  const it = { time: Date.UTC(2026, 0, 1), reached: [] };
  it.issuer = await createTestIssuer({ now: () => it.time, ...options });
  it.guard = createGuard({ ...it.issuer.guardOptions, ...guardOptions });
  it.serve = it.guard.protect((request, identity) => {
    it.reached.push(identity);
    return new Response(identity.id);
  });
  /** What the service answers to a request with this field. */
  it.ask = (authorization) => it.serve(new Request("https://api.test/orders", { headers: authorization === undefined ? {} : { Authorization: authorization } }));
  /** The code of the answer to this token, or "ok". */
  it.judge = async (token) => {
    const answer = await it.ask(`Bearer ${token}`);
    return answer.ok ? "ok" : (await answer.json()).code;
  };
  /** The token is refused as not valid, nobody is reached, and the owner's good one still serves. */
  it.refuses = async (token, reason) => {
    const before = it.reached.length;
    const answer = await it.ask(`Bearer ${token}`);
    assert.deepEqual([answer.status, (await answer.json()).code], [401, "TOKEN_INVALID"], reason);
    assert.equal(answer.headers.get("WWW-Authenticate"), NOT_VALID, reason);
    assert.equal(it.reached.length, before, reason);
    it.good ??= await it.issuer.token();
    assert.equal(await it.judge(it.good), "ok", reason);
  };
  return it;
}

export const text = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
