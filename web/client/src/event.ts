// The events, and how they are told (S32).
//
// Promises: a listener runs in a task of its own, after the state has settled and no lock is held, so it may call anything; one that
// throws disturbs neither the others nor the client; what happened before `dispose()` and was not told yet is not told any more.

import type { Core } from "./core.js";
import type { AuthError } from "./error.js";
import type { Snapshot } from "./session.js";

/** Why a session is over: the person left, it was too old or unused, somebody ended it, or its token was stolen. */
export type EndReason = "signedOut" | "expired" | "revoked" | "reused";

/** What can happen, and what is told of it. */
export interface Events {
  signedIn: Snapshot;
  /** `code` is the server's, where it was the server that said so. */
  signedOut: { reason: EndReason; code?: string };
  refreshed: { expiresInSeconds: number };
  /** This browser holds another session now: somebody signed in, here in another tab or on a page of the server. */
  userChanged: { from: Snapshot; to: Snapshot };
  /** The session ends soon unless somebody signs in again, or for want of use. */
  sessionExpiring: { inSeconds: number };
  stepUpRequired: { methods: readonly string[] };
  offline: { error: AuthError };
  online: undefined;
  /** The device's clock is off. Positive: it is slow. */
  clockSkew: { skewSeconds: number };
  /** A refresh failed, and not because the session is over. */
  error: { error: AuthError };
  /** The snapshot is another. */
  change: Snapshot;
}

/** Tells what happens. */
export interface Emitter {
  on<K extends keyof Events>(kind: K, heard: (event: Events[K]) => void): () => void;
  emit<K extends keyof Events>(kind: K, event: Events[K]): void;
  clear(): void;
}

/** Makes an emitter. */
export function makeEmitter({ world }: Core): Emitter {
  const listeners = new Map<string, Set<(event: never) => void>>();

  return {
    on(kind, heard) {
      const heardBy = listeners.get(kind) ?? new Set();
      listeners.set(kind, heardBy.add(heard));
      return () => void heardBy.delete(heard);
    },
    emit(kind, event) {
      // What is told was settled within the locks: these are free by the next task.
      const tell = (): void =>
        [...(listeners.get(kind) ?? [])].forEach((heard) => {
          try {
            heard(event as never);
          } catch (fault) {
            world.reportError?.(fault);
          }
        });
      world.setTimeout(tell, 0);
    },
    clear: () => listeners.clear(),
  };
}
