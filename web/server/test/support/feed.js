// A feed of revocations, as the server's page describes it: a log, its hashes, signed heartbeats; and a network that obeys the test.

import { createHash } from "node:crypto";
import { createTestIssuer } from "../../dist/testing.js";

export const ISSUER = "https://auth.test";
export const KEY = "countersign_machine_01k2zq3c5v8e7m4t9x6w1r0ybh_test";
const TYP = "countersign-revocation-heartbeat+jwt";

/** `it.time` is the clock of both sides. Connections that were made are in `it.connections`, the newest is `it.stream`. */
export async function makeFeed(algorithm = "EdDSA") {
  const keys = await createTestIssuer({ algorithm });
  const it = { time: Date.UTC(2026, 0, 1), connections: [], keyFetches: 0, log: [], keys, answer: undefined };

  it.id = (seq = it.log.length) => `${seq}-${hashAt(it.log.slice(0, seq))}`;
  it.fetch = async (url, { headers, signal, redirect } = {}) => {
    if (url === `${ISSUER}/.well-known/revocations/jwks.json`) {
      it.keyFetches += 1;
      return Response.json(keys.jwks());
    }
    if (url !== `${ISSUER}/api/revocations`) throw new TypeError(`nobody answers at ${url}`);
    const connection = { headers, redirect, isOpen: true };
    it.connections.push(connection);
    signal.addEventListener("abort", () => (connection.isOpen = false));
    const refused = it.answer?.();
    if (refused) return refused;
    const body = new ReadableStream({
      start: (controller) => (connection.controller = controller),
      cancel: () => (connection.isOpen = false),
    });
    signal.addEventListener("abort", () => {
      try {
        connection.controller.error(signal.reason);
      } catch {
        // It had ended before.
      }
    });
    it.stream = connection;
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  };
  /** Sends a text as it is. */
  it.send = (text) => it.stream.controller.enqueue(new TextEncoder().encode(text));
  it.event = (kind, data, id) => it.send(`event: ${kind}\n${id ? `id: ${id}\n` : ""}data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`);
  it.until = (seconds = 900) => new Date(it.time + seconds * 1000).toISOString();
  /** Writes a revocation into the log, and sends it unless it is to be lost on the way. */
  it.revoke = (revocation, { isLost = false } = {}) => {
    it.log.push({ effect: "ended", until: it.until(), ...revocation });
    if (!isLost) it.event("revoked", it.log.at(-1), it.id());
  };
  it.snapshot = (...revocations) => it.event("snapshot", { revocations: revocations.map((one) => ({ effect: "ended", until: it.until(), ...one })) });
  it.signed = (claims = {}, header = {}) => {
    const [seq, hash] = it.id().split("-");
    return keys.sign({ typ: TYP, alg: algorithm, kid: keys.header().kid, ...header }, { iss: ISSUER, seq: Number(seq), hash, time: it.time / 1000, ...claims });
  };
  /** Everything that was sent is dealt with: the comment behind it was read, or nobody reads any more. */
  it.dealt = () => {
    const { stream } = it;
    if (stream.isOpen) it.send(":\n\n");
    return settle(() => !stream.isOpen || stream.controller.desiredSize === 1);
  };
  it.heartbeat = async (signed) => {
    it.event("heartbeat", signed, it.id());
    await it.dealt();
  };
  it.beat = async (claims, header) => it.heartbeat(await it.signed(claims, header));
  it.end = () => it.stream.controller.close();
  return it;
}

function hashAt(log) {
  return createHash("sha256").update(JSON.stringify(log)).digest("hex").slice(0, 16);
}

/** Lets what waits for nothing but promises happen, until `done`. WebCrypto works on threads of its own: what waits for it needs a `done`. */
export async function settle(done = () => true) {
  const deadline = performance.now() + 10_000;
  for (let round = 0; round < 20 || !done(); round += 1) {
    if (performance.now() > deadline) throw new Error("it did not happen");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
