// What the client touches of the world, so that tests can hand it another one.
//
// A `World` looks like `globalThis` and by default is it. Nothing else in this package names a global that has a state: no clock, no
// timer, no storage, no chance. What a browser may lack, or forbid by throwing, is optional here and asked for with care.

/** The part of `globalThis` that is used. Read at the time of use, so that whoever replaces `fetch` later is heard. */
export interface World {
  fetch: typeof fetch;
  setTimeout(act: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
  Date: { now(): number };
  performance: { now(): number };
  Math: { random(): number };
  crypto: { getRandomValues(bytes: Uint8Array): Uint8Array; subtle?: { digest(name: string, bytes: Uint8Array): Promise<ArrayBuffer> } };
  location?: { href: string; origin: string; reload(): void };
  document?: Page;
  navigator?: { locks?: Locks; userAgent?: string; onLine?: boolean; credentials?: CredentialsContainer };
  localStorage?: Keep;
  indexedDB?: IDBFactory;
  BroadcastChannel?: new (name: string) => Channel;
  WorkerGlobalScope?: unknown;
  addEventListener?(kind: string, heard: (event: never) => void): void;
  removeEventListener?(kind: string, heard: (event: never) => void): void;
  reportError?(fault: unknown): void;
}

/** The part of `document` that is used. */
export interface Page {
  cookie: string;
  visibilityState: string;
  hasFocus(): boolean;
  documentElement: { style: { setProperty(name: string, value: string, priority?: string): void } };
  addEventListener(kind: string, heard: (event: never) => void): void;
  removeEventListener(kind: string, heard: (event: never) => void): void;
}

/** The part of `navigator.locks` that is used. */
export interface Locks {
  request(name: string, options: { signal: AbortSignal }, act: () => Promise<unknown>): Promise<unknown>;
}

/** The part of `localStorage` that is used. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** The part of `BroadcastChannel` that is used. */
export interface Channel {
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/** What was begun and is to be undone by `dispose()`: a list of acts, or nothing once that was called. */
export interface Cleanup {
  list: (() => void)[] | null;
}

/** What can be listened to, perhaps. */
export type Listens = Pick<World, "addEventListener" | "removeEventListener">;

/** Listens until the clean-up. */
export function listen<E>(cleanup: Cleanup, target: Listens | undefined, kind: string, heard: (event: E) => void): void {
  // What is loaded too late listens no more.
  if (!cleanup.list) return;
  target?.addEventListener?.(kind, heard);
  cleanup.list.push(() => target?.removeEventListener?.(kind, heard));
}

/** What `act` gives, or `otherwise` where the browser forbids it: a full or a forbidden storage must not stop anyone. */
export function attempt<T>(act: () => T, otherwise: T): T {
  try {
    return act();
  } catch {
    return otherwise;
  }
}

/** What `promise` gives; undefined where that fails or takes longer than `ms`. */
export function within<T>(world: World, ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve) => {
    const timer = world.setTimeout(() => resolve(undefined), ms);
    promise
      .catch(() => undefined)
      .then((value) => {
        world.clearTimeout(timer);
        resolve(value);
      });
  });
}

/** The text of bytes after RFC 4648 section 5, without padding. */
export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

/** The bytes of such a text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}
