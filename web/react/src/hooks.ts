// What components ask (S26, S27).

import type { AuthClient, Events, SessionUser, Snapshot, Status } from "@countersign/client";
import * as React from "react";
import { useAuthClient, useSnapshot } from "./provider.js";

/** How it stands, and what can be done about it. */
export interface Auth
  extends Pick<AuthClient, "signIn" | "register" | "signOut" | "signOutEverywhere" | "stepUp" | "declineStepUp" | "fetch" | "getToken"> {
  status: Status;
  user: SessionUser | null;
  /** Somebody is signed in, as far as is known: also while the server does not answer, or a step-up is asked for. */
  isSignedIn: boolean;
  client: AuthClient;
}

/** Whether somebody is signed in, as far as is known. */
export function isIn({ status, user }: Snapshot): boolean {
  return user !== null && status !== "signedOut";
}

/** How it stands, and what can be done about it. */
export function useAuth(): Auth {
  const client = useAuthClient();
  const snapshot = useSnapshot();
  return React.useMemo(() => {
    const { signIn, register, signOut, signOutEverywhere, stepUp, declineStepUp, fetch, getToken } = client;
    const { status, user } = snapshot;
    const acts = { signIn, register, signOut, signOutEverywhere, stepUp, declineStepUp, fetch, getToken };
    return { ...acts, status, user, isSignedIn: isIn(snapshot), client };
  }, [client, snapshot]);
}

/** Whoever is signed in; null where nobody is. */
export function useUser(): SessionUser | null {
  return useSnapshot().user;
}

/** Suspends until the first answer is there: for use below a `<Suspense>`. */
export function useReady(): Snapshot {
  wait(useAuthClient().ready);
  return useSnapshot();
}

/** Calls `heard` at each event, always the latest `heard`. */
export function useAuthEvent<K extends keyof Events>(kind: K, heard: (event: Events[K]) => void): void {
  const client = useAuthClient();
  const latest = React.useRef(heard);
  React.useEffect(() => {
    latest.current = heard;
  });
  React.useEffect(() => client.on(kind, (event) => latest.current(event)), [client, kind]);
}

/** What became of an exchange. */
export interface Exchange<T> {
  isPending: boolean;
  value?: T;
  error?: unknown;
}

const exchanges = new Map<string, Promise<unknown>>();

/**
 * Makes an exchange that works once, a mailed link's for one, once: however often React mounts the page, `key` is exchanged once and
 * each mount gets the outcome. Undefined as `key` exchanges nothing.
 */
export function useExchange<T>(key: string | undefined, exchange: (key: string, client: AuthClient) => Promise<T>): Exchange<T> {
  const client = useAuthClient();
  const [state, setState] = React.useState<Exchange<T>>({ isPending: key !== undefined });
  React.useEffect(() => {
    if (key === undefined) return;
    let isHere = true;
    const running = (exchanges.get(key) ?? exchange(key, client)) as Promise<T>;
    exchanges.set(key, running);
    running.then(
      (value) => isHere && setState({ isPending: false, value }),
      (error: unknown) => isHere && setState({ isPending: false, error }),
    );
    return () => {
      isHere = false;
    };
  }, [client, key]);
  return state;
}

const settled = new WeakSet<Promise<unknown>>();

/** `React.use` where there is one; the same for React 18. */
function wait(promise: Promise<unknown>): void {
  if ("use" in React) {
    React.use(promise);
    return;
  }
  if (settled.has(promise)) return;
  throw promise.then(() => settled.add(promise));
}
