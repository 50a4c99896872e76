// The parts of one client, which know each other through this one object.

import type { Attempts } from "./attempt.js";
import type { Clock, Moment } from "./clock.js";
import type { Ways } from "./enter.js";
import type { AuthError } from "./error.js";
import type { Emitter, EndReason } from "./event.js";
import type { Alone } from "./lock.js";
import type { Peers } from "./peers.js";
import type { Refresh } from "./refresh.js";
import type { Requests } from "./request.js";
import type { Grant, Session } from "./session.js";
import type { Send } from "./transport.js";
import type { Cleanup, Listens, World } from "./world.js";

/** The parts, in the order in which they are made: each may use those above it at once, and those below it later. */
export interface Core {
  readonly world: World;
  /** Set in a page or a worker; not on a server that renders one. */
  readonly isLive: unknown;
  /** The server: its origin, and the path if any, before `/api/`. */
  readonly root: string;
  /** What stores, locks and channels are called. */
  readonly name: string;
  readonly cleanup: Cleanup;
  /** The cookie `sessionHint`; empty where there is none or it cannot be read. */
  hint(): string;
  /** What happened lately: a line each, oldest first. */
  readonly timeline: string[];
  /** Writes a line of the timeline. */
  note(what: string, more?: unknown): void;
  /** Listens until the client is disposed of. */
  listen<E>(target: Listens | undefined, kind: string, heard: (event: E) => void): void;
  readonly AuthError: typeof AuthError;
  /** The content of an answer, or its refusal thrown. */
  read<T>(response: Response): Promise<T>;
  /** What each question to the server carries, with this body. */
  with(body: object | undefined): RequestInit;
  /** Takes up a grant. */
  adopt(grant: Grant, asked: Moment, isNew: boolean): void;
  /** Takes up a grant, here and in the other tabs. */
  take(grant: Grant, asked: Moment, isNew: boolean): void;
  /** Ends the session, here and in the other tabs, unless one of these has said it. */
  finish(reason: EndReason, code?: string, isHeard?: boolean): void;
  events: Emitter;
  clock: Clock;
  send: Send;
  session: Session;
  attempts: Attempts;
  peers: Peers;
  alone: Alone;
  refresh: Refresh;
  /** Looks anew at what the timers are to do. */
  plan(): void;
  requests: Requests;
  /** Loads what signing in needs. */
  ways(): Promise<Ways>;
}

/** The core before its parts are made. */
export type Begun = Omit<Core, "events" | "clock" | "send" | "session" | "attempts" | "peers" | "alone" | "refresh" | "requests">;
