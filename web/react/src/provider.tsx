// The provider: one client for a tree, however often React mounts it (S24, S25).
//
// Promises: StrictMode, hot reloading and two providers with the same options share one client; it is disposed of when the last one has
// gone and none has come back by the next task; on a server each request has a client of its own, which asks nothing (S29).

import { createClient, type AuthClient, type Options, type Snapshot } from "@countersign/client";
import { createContext, useContext, useEffect, useMemo, useSyncExternalStore, type ReactElement, type ReactNode } from "react";

/** What the provider hands down. */
interface Given {
  client: AuthClient;
  /** What a server has rendered: React compares the first picture with it. */
  rendered: Snapshot;
}

/** A client that was made here, and how many trees use it. */
interface Shared {
  client: AuthClient;
  users: number;
}

const Context = createContext<Given | null>(null);
const shared = new Map<string, Shared>();
/** Not the client's own first snapshot: that one may have gone on before React hydrates. */
const LOADING: Snapshot = Object.freeze({ status: "loading", user: null, sessionId: null });
const isServer = typeof document === "undefined";

/** Either a client of your own, or what to make one of. */
export interface AuthProviderProps {
  client?: AuthClient;
  options?: Omit<Options, "initialSession">;
  /** What the server has found out for this request: shown at once, and until the first answer. */
  initialSession?: Snapshot;
  children?: ReactNode;
}

/** Makes the session known to all that is below. */
export function AuthProvider({ client, options, initialSession, children }: AuthProviderProps): ReactElement {
  const key = JSON.stringify(options ?? {});
  const given = useMemo(
    () => ({ client: client ?? made(key, initialSession), rendered: Object.freeze({ ...(initialSession ?? LOADING) }) }),
    // The rest is for the first picture only.
    [client, key],
  );
  useEffect(() => (client ? undefined : hold(key, given.client)), [client, key, given]);
  return <Context.Provider value={given}>{children}</Context.Provider>;
}

function made(key: string, initialSession?: Snapshot): AuthClient {
  const make = (): AuthClient => createClient({ ...(JSON.parse(key) as Options), ...(initialSession && { initialSession }) });
  // One request's person must not be seen by another's.
  if (isServer) return make();
  const mine = shared.get(key) ?? { client: make(), users: 0 };
  shared.set(key, mine);
  return mine.client;
}

/** Counts one user more, until the function that it returns is called. */
function hold(key: string, client: AuthClient): () => void {
  const mine = shared.get(key) ?? { client, users: 0 };
  shared.set(key, mine);
  mine.users += 1;
  return () => {
    mine.users -= 1;
    // StrictMode and hot reloading take away and give back in one task.
    setTimeout(() => {
      if (mine.users || shared.get(key) !== mine) return;
      shared.delete(key);
      mine.client.dispose();
    }, 0);
  };
}

/** What the provider above has handed down. */
function useGiven(): Given {
  const given = useContext(Context);
  if (!given) throw new Error("there is no <AuthProvider> above this component");
  return given;
}

/** The client itself. */
export function useAuthClient(): AuthClient {
  return useGiven().client;
}

/** What may be shown. The same object until something in it differs: a refresh renders nothing. */
export function useSnapshot(): Snapshot {
  const { client, rendered } = useGiven();
  return useSyncExternalStore(client.subscribe, client.snapshot, () => rendered);
}
