// TanStack Query: no retries of what a retry cannot mend, and nothing of a person left when he is gone.

import type { AuthClient } from "./client.js";

/** The part of the defaults that is set. */
export interface QueryDefaults {
  queries: { retry(count: number, fault: unknown): boolean };
  mutations: { retry(count: number, fault: unknown): boolean };
}

// `isAuthError` of the core by another way, so that the two share no code that a page would load for one of them.
const BRAND = Symbol.for("countersign.AuthError");
const isAuthError = (fault: unknown): boolean => typeof fault === "object" && fault !== null && BRAND in fault;

/** Three retries as ever for queries, none for mutations, and none of an `AuthError`: the client has done what could be done. */
export function queryDefaults(): QueryDefaults {
  const retry = (count: number, fault: unknown): boolean => count < 3 && !isAuthError(fault);
  return { queries: { retry }, mutations: { retry: () => false } };
}

/** Empties the cache when the person signs out, and when it is somebody else's. Returns what undoes it. */
export function attachQuery(client: AuthClient, cache: { clear(): void }): () => void {
  const undo = (["signedOut", "userChanged"] as const).map((kind) => client.on(kind, () => cache.clear()));
  return () => undo.forEach((detach) => detach());
}
