// The client: its parts, put together, and how tabs hear of each other.
//
// Promises: a stranger causes no request and a returning person exactly one, begun before anything is drawn (S4); `dispose()` leaves no
// timer, channel or listener behind (S40).

import { makeAttempts } from "./attempt.js";
import { makeClock } from "./clock.js";
import type { Begun, Core } from "./core.js";
import type { Ways } from "./enter.js";
import { AuthError } from "./error.js";
import { makeEmitter, type Emitter } from "./event.js";
import { makeLeave, type Leave } from "./leave.js";
import { makeLock } from "./lock.js";
import { makePeers } from "./peers.js";
import { makeRefresh } from "./refresh.js";
import { makeRequests, type Requests } from "./request.js";
import type { LoginBody, RegisterBody, SecondFactorMethod, User } from "./schema.gen.js";
import { makeSession, type Snapshot } from "./session.js";
import type { Stay } from "./stay.js";
import { makeSend, reader, withBody } from "./transport.js";
import { listen, type Cleanup, type World } from "./world.js";

/** How to reach the server, and who else gets the token. */
export interface Options {
  /** Where the server is: `/api/auth` of this origin unless said otherwise. An origin will do: `https://auth.example.com`. */
  url?: string;
  /** Origins that the access token is sent to, beside this page's own and the server's. */
  audiences?: readonly string[];
  /** What the server has rendered for a person: shown until the first answer. */
  initialSession?: Snapshot;
  /** Keeps a timeline for `diagnose()`. No line of it holds a token. */
  debug?: boolean;
}

/** How the person proves a second factor. */
export type Proof = { method: Exclude<SecondFactorMethod, "passkey">; code: string } | { method: "passkey"; credential: object };

/** How the person proves himself again. */
export type StepUp = { password: string } | Proof;

/** A browser's session with a Countersign server. */
export interface AuthClient extends Requests, Pick<Leave, "signOut"> {
  /** The first snapshot that is not `loading`. Never rejects. */
  readonly ready: Promise<Snapshot>;
  snapshot(): Snapshot;
  /** Calls `changed` after each change of the snapshot, until the function that it returns is called. */
  subscribe(changed: () => void): () => void;
  on: Emitter["on"];
  readonly signIn: {
    /** Rejects with `MFA_REQUIRED` where a second factor is needed: `error.methods` says which, `signIn.secondFactor` goes on. */
    password(who: Pick<LoginBody, "email" | "password" | "remember">): Promise<User>;
    /**
     * Goes on where `MFA_REQUIRED` was said, within five minutes and on this page. With `rememberDevice` this device is not asked
     * again for a while, where the server's policy lets it be.
     */
    secondFactor(proof: Proof & { rememberDevice?: boolean }): Promise<User>;
  };
  /** Null where the address must be confirmed first, whether or not it is known: say that a mail is on its way. */
  register(who: Pick<RegisterBody, "email" | "password" | "name" | "remember">): Promise<User | null>;
  /** Proves the person again, in the same session. */
  stepUp(proof: StepUp): Promise<void>;
  /** A step-up that was asked for is not made: the status is `signedIn` again. */
  declineStepUp(): void;
  /** Ends every session of the person; gives how many there were. Needs the server. */
  signOutEverywhere(): Promise<number>;
  /** Gets a new access token now. */
  refresh(): Promise<void>;
  /** The server's time, ms since 1970. */
  now(): number;
  /** A report on the state, without secrets, to be pasted into a question. */
  diagnose(): Promise<string>;
  /** Ends timers, channel and listeners. The session goes on. */
  dispose(): void;
  /** What the other entries of this package stand on. */
  readonly core: Core;
}

const LINES = 300;

/** Makes the client of a page or a worker; on a server it does nothing but show `initialSession`. */
export function createClient(options: Options = {}, world: World = globalThis as unknown as World): AuthClient {
  const { url = "/api/auth", audiences = [], initialSession, debug } = options;
  const { document: page, location } = world;
  const { origin, pathname } = new URL(url, location?.href ?? "http://localhost");
  const root = (origin + pathname).replace(/(\/api\/auth)?\/*$/, "");
  const canHint = page && origin === location?.origin;
  const isLive = page || world.WorkerGlobalScope;
  const undo: Cleanup = { list: [] };
  const timeline: string[] = [];
  let stay: Promise<Stay> | undefined;
  let ways: Promise<Ways> | undefined;

  const core = {
    world,
    isLive,
    root,
    name: `countersign:${root}`,
    cleanup: undo,
    timeline,
    listen: (target, kind, heard) => listen(undo, target, kind, heard),
    AuthError,
    read: reader,
    with: withBody,
    hint: () => (canHint && /\bsessionHint=([^;]+)/.exec(page.cookie)?.[1]) || "",
    note(what, more) {
      const line = `${Math.round(world.performance.now())} ms ${what}${more ? ` ${JSON.stringify(more)}` : ""}`;
      if (debug && timeline.push(line) > LINES) timeline.shift();
    },
    adopt(grant, asked, isNew) {
      session.adopt(grant, asked, isNew);
      refresh.succeed();
      core.plan();
    },
    take(grant, asked, isNew) {
      // Before anybody can act on the news: a sign-out that the server was not told of must not end this session.
      if (isNew) peers.setMark(`in${asked.wall}`);
      core.adopt(grant, asked, isNew);
      const { user, sessionId } = session.snapshot();
      peers.post({ kind: "grant", grant: { ...grant, user }, sessionId, startedAt: asked.wall, isNew });
    },
    finish(reason, code, isHeard) {
      if (!isHeard) peers.post({ kind: "end", sessionId: session.snapshot().sessionId, reason });
      core.note("signed out", { reason, code });
      session.end(reason, code);
      core.plan();
    },
    // A stranger needs no timers, and who is signed in no ways in: each is loaded when it is needed, and again where that failed.
    plan() {
      if (stay || !session.isOut()) (stay ??= part(import("./stay.js"), () => (stay = undefined))).then(({ plan }) => plan(), () => {});
    },
    ways: () => (ways ??= part(import("./enter.js"), () => (ways = undefined))),
  } satisfies Begun as Core;
  const events = (core.events = makeEmitter(core));
  const clock = (core.clock = makeClock(core));
  core.send = makeSend(core);
  const session = (core.session = makeSession(core, initialSession));
  core.attempts = makeAttempts(core);
  const peers = (core.peers = makePeers(core));
  core.alone = makeLock(core);
  const refresh = (core.refresh = makeRefresh(core));
  const ready = Promise.resolve().then(load);
  const requests = (core.requests = makeRequests(core, [origin, location?.origin, ...audiences.map((audience) => new URL(audience).origin)], ready));
  const leave = makeLeave(core);
  const enter: Ways["enter"] = async (...asked) => (await core.ways()).enter(...asked);

  /** Makes the part that was loaded; where that failed, `again` makes the next one try anew. */
  const part = <T>(loading: Promise<{ make(core: Core): T }>, again: () => void): Promise<T> =>
    loading.then(
      ({ make }) => make(core),
      (fault: unknown) => {
        again();
        throw new AuthError("NETWORK", {}, fault);
      },
    );

  async function load(): Promise<Snapshot> {
    if (isLive) {
      if (leave.isPending()) void leave.tell();
      else if (initialSession || !canHint || core.hint()) await refresh.run().catch(() => {});
      if (session.snapshot().status === "loading") session.set("signedOut");
    }
    return session.snapshot();
  }

  peers.hear((message) => {
    const { sessionId } = session.snapshot();
    if (message.kind === "end" && message.sessionId === sessionId && !session.isOut()) core.finish(message.reason, undefined, true);
    if (message.kind !== "grant") return;
    const { grant, isNew, startedAt } = message;
    // An older one, one of a session that a slow tab has not heard the end of, or a new proof in a session that is not ours.
    if (startedAt < session.askedAt() || leave.isPending() || message.sessionId === session.ended()) return;
    if (!grant.session && message.sessionId !== sessionId) return;
    const { mono, wall } = clock.moment();
    const age = Math.max(0, wall - startedAt);
    core.note("peer");
    core.adopt(grant, { mono: mono - age, wall: wall - age }, isNew);
  });

  return {
    ...requests,
    ready,
    core,
    snapshot: session.snapshot,
    subscribe: (changed) => events.on("change", changed),
    on: events.on,
    signIn: {
      password: (who) => enter("/api/auth/login", who) as Promise<User>,
      secondFactor: (proof) => enter("/api/auth/mfa/verify", proof) as Promise<User>,
    },
    register: (who) => enter("/api/auth/register", who),
    stepUp: (proof) => enter("/api/auth/step-up", proof, false) as Promise<never>,
    declineStepUp: () => session.snapshot().status === "stepUp" && session.set("signedIn"),
    signOut: leave.signOut,
    async signOutEverywhere() {
      const ended = await (await core.ways()).endAll();
      // The cookie belongs to a session that is over: this clears it.
      await leave.signOut();
      return ended;
    },
    refresh: () => refresh.run(true),
    now: clock.now,
    diagnose: async () => (await import("./diagnose.js")).report(core),
    dispose() {
      undo.list?.forEach((undo) => undo());
      undo.list = null;
      events.clear();
    },
  };
}
