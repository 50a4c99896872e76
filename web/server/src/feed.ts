// Hears of revocations: `const feed = followRevocations({ issuer, key })`, then `createGuard({ issuer, revocations: feed })`.
//
// Promises: what was heard is forgotten only when the last token that it means has expired, whatever happens to the connection; a feed that
// stands still, is played again or leaves something out is found out by its signed heartbeat; nothing is asked for a request.

import type { Claims } from "./claims.js";
import { checkedUrl, type Revocations, type Verdict } from "./guard.js";
import { readObject } from "./json.js";
import { LiveSet } from "./live-set.js";
import { fetchedKeys } from "./source.js";
import { readEvents, type ServerEvent } from "./sse.js";
import { open } from "./verify.js";

export interface FeedOptions {
  /** The server's public URL. */
  issuer: string;
  /** The machine key that the operator made: `countersign machine create NAME`. */
  key: string;
  /** Where the feed is: `/api/revocations` of the issuer, or a mirror of it. */
  url?: string;
  /** Where the feed's own keys are: `/.well-known/revocations/jwks.json` of the issuer. */
  jwks?: string;
  /** How old the newest heartbeat may be: 60 seconds by default. */
  maxStalenessSeconds?: number;
  /** What becomes of good tokens when it is older: answer 503, or accept them with `identity.isStale`. */
  whenStale?: "refuse" | "accept-and-flag";
  /** Hears why a connection ended. It is made again by itself. */
  onTrouble?: (why: string) => void;
  fetch?: typeof fetch;
  /** Milliseconds since 1970. */
  now?: () => number;
  /** From 0 to 1. */
  random?: () => number;
}

/** What is known of the feed. */
export interface FeedStatus {
  /** Whether the newest heartbeat is young enough. */
  isCurrent: boolean;
  /** How old it is; infinite before the first. */
  stalenessSeconds: number;
  /** How many tokens, sessions, persons and keys are held. */
  size: number;
  /** The place in the log. */
  lastEventId: string | undefined;
}

export interface Feed extends Revocations {
  /** Resolves when the feed is up to date for the first time. */
  readonly ready: Promise<void>;
  status(): FeedStatus;
  /** Ends the connection. What is held stays. */
  close(): void;
}

const HEARTBEAT = "countersign-revocation-heartbeat+jwt";
const SILENCE_MS = 5000;
const LONGEST_PAUSE_MS = 30_000;
const MOST_AHEAD_SECONDS = 30;

/** What a connection knows of its place. */
interface Connection {
  /** The hash that the next heartbeat must name; undefined where a snapshot was merged since. */
  hash: string | undefined;
}

/** A reason to end a connection; with `forgets` the next one begins without a place. */
class Trouble extends Error {
  constructor(
    why: string,
    readonly forgets = false,
    readonly pauseMs = 0,
  ) {
    super(why);
  }
}

/** Follows the feed until `close()`. */
export function followRevocations(options: FeedOptions): Feed {
  const { key, maxStalenessSeconds = 60, whenStale = "refuse", onTrouble, now = Date.now, random = Math.random } = options;
  const { fetch = (...asked) => globalThis.fetch(...asked) } = options;
  const issuer = checkedUrl(options.issuer);
  const url = checkedUrl(options.url ?? `${issuer}/api/revocations`);
  const jwks = checkedUrl(options.jwks ?? `${issuer}/.well-known/revocations/jwks.json`);
  const source = fetchedKeys(jwks, { fetch, now, staleSeconds: 86_400, coolDownSeconds: 60, timeoutSeconds: 2 });
  const held = new LiveSet(now);
  const ended = new AbortController();
  let lastEventId: string | undefined;
  let heardAt = -Infinity;
  let retryMs = 1000;
  let failures = 0;
  let arrive: () => void;
  const ready = new Promise<void>((resolve) => (arrive = resolve));

  async function connect(): Promise<void> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    const stop = (): void => silence.abort();
    ended.signal.addEventListener("abort", stop);
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream", Authorization: `Bearer ${key}` };
      if (lastEventId !== undefined) headers["Last-Event-ID"] = lastEventId;
      const answer = await fetch(url, { headers, redirect: "manual", signal: silence.signal });
      const kind = answer.headers.get("Content-Type") ?? "";
      if (answer.status !== 200 || !answer.body || !kind.startsWith("text/event-stream")) {
        void answer.body?.cancel().catch(() => {});
        throw new Trouble(`answered ${answer.status} ${kind}`, false, Number(answer.headers.get("Retry-After") ?? 0) * 1000);
      }
      const connection: Connection = { hash: lastEventId?.split("-")[1] };
      for await (const event of readEvents(answer.body, heard)) await take(event, connection);
      throw new Trouble("ended by the server");
    } catch (fault) {
      if (silence.signal.aborted && !ended.signal.aborted) throw new Trouble("nothing came for 5 s");
      throw fault;
    } finally {
      clearTimeout(timer);
      ended.signal.removeEventListener("abort", stop);
      // Whatever ended it: the socket is let go.
      silence.abort();
    }
  }

  async function take({ kind, data, id, retryMs: wanted }: ServerEvent, connection: Connection): Promise<void> {
    if (wanted !== undefined) retryMs = Math.min(Math.max(wanted, 100), LONGEST_PAUSE_MS);
    if (kind === "reset") connection.hash = undefined;
    else if (kind === "snapshot") {
      const list = objectOf(data)?.revocations;
      if (!Array.isArray(list)) throw new Trouble("a snapshot that is none", true);
      for (const one of list) held.add(one);
      connection.hash = undefined;
    } else if (kind === "revoked") {
      const one = objectOf(data);
      if (!one) throw new Trouble("a revocation that cannot be read", true);
      held.add(one);
      connection.hash = id?.split("-")[1];
    } else if (kind === "heartbeat") await listen(data, connection);
    else return;
    // A snapshot has no id: one that is cut off is sent again.
    if (id !== undefined) lastEventId = id;
  }

  async function listen(data: string, connection: Connection): Promise<void> {
    const opened = await open(data, source, HEARTBEAT).catch((fault: unknown) => {
      throw new Trouble(`a heartbeat that is not good: ${(fault as Error).message}`);
    });
    const { iss, hash, time } = readObject(opened.payload) ?? {};
    if (opened.header.typ !== HEARTBEAT || opened.header.alg !== "EdDSA" || iss !== issuer || typeof hash !== "string" || typeof time !== "number") {
      throw new Trouble("a heartbeat of something else");
    }
    if (time > now() / 1000 + MOST_AHEAD_SECONDS) throw new Trouble("a heartbeat from the future");
    if (connection.hash !== undefined && connection.hash !== hash) throw new Trouble("something was left out on the way", true);
    // From here on only a revocation moves it.
    connection.hash = hash;
    failures = 0;
    heardAt = Math.max(heardAt, time * 1000);
    held.sweep();
    arrive();
  }

  async function follow(): Promise<void> {
    while (!ended.signal.aborted) {
      let pause = 0;
      await connect().catch((fault: unknown) => {
        if (ended.signal.aborted) return;
        failures += 1;
        if (fault instanceof Trouble) {
          if (fault.forgets) lastEventId = undefined;
          pause = fault.pauseMs;
        }
        onTrouble?.((fault as Error).message);
      });
      // The first time after `retry`, then less and less often; never all readers at once.
      const backOff = Math.min(retryMs * 2 ** (failures - 1), LONGEST_PAUSE_MS);
      await rest(Math.max(backOff, Math.min(pause, LONGEST_PAUSE_MS)) * (0.5 + random()));
    }
  }

  function rest(ms: number): Promise<void> {
    if (ended.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      ended.signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
    });
  }

  const staleness = (): number => Math.max(0, (now() - heardAt) / 1000);
  const isCurrent = (): boolean => staleness() <= maxStalenessSeconds;
  void follow();
  return {
    ready,
    judge(claims: Claims, kid: string): Verdict {
      const found = held.judge(claims, kid);
      if (found !== "live" || isCurrent()) return found;
      return whenStale === "refuse" ? "stale" : "flagged";
    },
    status: () => ({ isCurrent: isCurrent(), stalenessSeconds: staleness(), size: held.size, lastEventId }),
    close: () => ended.abort(),
  };
}

function objectOf(data: string): Record<string, unknown> | undefined {
  return readObject(new TextEncoder().encode(data));
}
