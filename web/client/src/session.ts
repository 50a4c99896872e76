// What this client holds: an access token, whose it is, and since when (S2, S21, S26).
//
// Promises: the token is in this closure and nowhere else; the snapshot is the same object until something in it differs; the epoch
// grows with each sign-in and each end, so that an answer to a question from before is known as such.

import type { Moment } from "./clock.js";
import type { Core } from "./core.js";
import type { EndReason } from "./event.js";
import type { SessionLife, User } from "./schema.gen.js";
import { attempt, bytesOf } from "./world.js";

/** How it stands. `offline`: somebody is signed in as far as is known, and the server does not answer. */
export type Status = "loading" | "signedIn" | "signedOut" | "offline" | "stepUp";

/** Whom the session belongs to: what the token says, and the rest of the profile once it was asked for. */
export type SessionUser = Pick<User, "id" | "roles"> & Partial<Omit<User, "id" | "roles">> & { permissions: string[] };

/** What may be shown. Frozen, and the same object until something in it differs. */
export interface Snapshot {
  readonly status: Status;
  readonly user: SessionUser | null;
  readonly sessionId: string | null;
}

/** An answer that brings an access token. */
export interface Grant {
  accessToken: string;
  expiresIn: number;
  session?: SessionLife;
  serverTime?: string;
  user?: User | SessionUser | null;
}

/** The state of one client. */
export interface Session {
  snapshot(): Snapshot;
  isOut(): boolean;
  epoch(): number;
  /** When the answer was asked for that brought the token, by the time of day. */
  askedAt(): number;
  /** The session that ended last. */
  ended(): string | null;
  /** The access token, however old. */
  token(): string | undefined;
  /** Ms that the token has left; 0 where there is none or nobody knows. */
  left(): number;
  /** Ms that the token had when it was new. */
  lifetime(): number;
  /** Ms before its end at which the token is renewed: a quarter of its life, at least 30 s, at most half. */
  lead(): number;
  /** Ms until the session ends by itself; endless where that is not known. */
  sessionLeft(): number;
  adopt(grant: Grant, asked: Moment, isNew: boolean): void;
  end(reason: EndReason, code?: string): void;
  /** The token is not good any more; the session may be. */
  drop(): void;
  set(status: Status): void;
  /** More is known of the same person. */
  enrich(user: User): void;
}

interface Held {
  token: string;
  asked: Moment;
  lifetimeMs: number;
}

const NOBODY = { user: null, sessionId: null };

/** Makes the state. `initial` is what a server has rendered, to be shown until the first answer. */
export function makeSession({ clock, events }: Core, initial: Partial<Snapshot> = {}): Session {
  let held: Held | undefined;
  let ends: { asked: Moment; ms: number } | undefined;
  let epoch = 0;
  let endedId: string | null = null;
  let current: Snapshot = Object.freeze({ status: "loading", ...NOBODY, ...initial });

  const lifetime = (): number => held?.lifetimeMs ?? 0;

  function show(next: Snapshot): void {
    const before = current;
    if (JSON.stringify(next) === JSON.stringify(before)) return;
    const user = JSON.stringify(next.user) === JSON.stringify(before.user) ? before.user : next.user;
    current = Object.freeze({ ...next, user });
    events.emit("change", current);
    if (before.status === "offline") events.emit("online", undefined);
  }

  return {
    snapshot: () => current,
    isOut: () => current.status === "signedOut",
    epoch: () => epoch,
    askedAt: () => held?.asked.wall ?? -Infinity,
    ended: () => endedId,
    token: () => held?.token,
    left: () => (held ? Math.max(0, held.lifetimeMs - clock.since(held.asked)) : 0),
    lifetime,
    lead: () => Math.min(Math.max(lifetime() / 4, 30_000), lifetime() / 2),
    sessionLeft() {
      const left = ends ? ends.ms - clock.since(ends.asked) : -Infinity;
      return left === -Infinity ? Infinity : left;
    },

    adopt(grant, asked, isNew) {
      const before = current;
      const id = grant.session?.id ?? before.sessionId;
      const isOther = before.sessionId !== null && before.sessionId !== id;
      held = { token: grant.accessToken, asked, lifetimeMs: grant.expiresIn * 1000 };
      if (grant.session) ends = { asked, ms: Math.min(grant.session.expiresIn, grant.session.idleExpiresIn) * 1000 };
      if (grant.serverTime) clock.learn(asked, grant.serverTime);
      if (isNew || isOther) epoch += 1;
      // A refresh is no proof of the person: what was asked of him still is.
      const status = before.status === "stepUp" && grant.session && !isNew && !isOther ? "stepUp" : "signedIn";
      show({ status, user: userOf(grant, isOther ? null : before.user), sessionId: id });
      if (isOther) events.emit("userChanged", { from: before, to: current });
      else if (isNew || before.status === "loading" || before.status === "signedOut") events.emit("signedIn", current);
      else events.emit("refreshed", { expiresInSeconds: grant.expiresIn });
    },
    end(reason, code) {
      const wasIn = current.status !== "signedOut";
      epoch += 1;
      endedId = current.sessionId ?? endedId;
      held = ends = undefined;
      show({ status: "signedOut", ...NOBODY });
      if (wasIn) events.emit("signedOut", code ? { reason, code } : { reason });
    },
    drop: () => void (held = undefined),
    set: (status) => show({ ...current, status }),
    // An answer may come when the person has gone.
    enrich: (user) => current.user?.id === user.id && show({ ...current, user: { ...current.user, ...user } }),
  };
}

/** The claims of an access token; none where it is not one of ours. Nothing is verified here: the client shows, the API decides. */
export function claimsOf(token: string): Claims {
  return attempt(() => JSON.parse(new TextDecoder().decode(bytesOf(token.split(".")[1]!))) as Claims, {});
}

interface Claims {
  sub?: string;
  email?: string;
  roles?: string[];
  permissions?: string[];
}

function userOf({ accessToken, user }: Grant, known: SessionUser | null): SessionUser {
  const { sub, email, roles = [], permissions = [] } = claimsOf(accessToken);
  return { id: sub ?? "", roles, permissions, ...(email && { email }), ...known, ...user, ...(sub && { roles, permissions }) };
}
