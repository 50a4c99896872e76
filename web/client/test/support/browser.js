// A browser without a browser: tabs that share a cookie jar, a storage, a channel and locks, with time and chance in the test's hand.

import { webcrypto } from "node:crypto";
import { readdir } from "node:fs/promises";
import { createClient } from "../../dist/index.js";
import { makeServer } from "./server.js";
import { makeTime } from "./time.js";

const ORIGIN = "https://app.example.test";
const LATENCY_MS = 20;

// A part that is read from the disk for the first time takes a while that no flush waits for.
const dist = new URL("../../dist/", import.meta.url);
for (const file of await readdir(dist)) if (file.endsWith(".js")) await import(new URL(file, dist));

/** A browser, and the server that it talks to. */
export function makeBrowser() {
  const time = makeTime();
  const server = makeServer(time);
  const jar = {};
  const tabs = new Set();
  const channels = new Set();
  const stored = new Map();
  const locks = new Map();
  let bytes = 0;

  const browser = {
    time,
    server,
    jar,
    stored,
    /** Opens a tab. `without` names what its browser lacks; `client` are the client's options. */
    tab({ without = [], options = {}, world: more = {}, isHidden = false } = {}) {
      const tab = { isFrozen: false, isFocused: !isHidden, heard: [], reported: [], reloads: 0, style: {}, listeners: new Map() };
      const events = (name) => ({
        addEventListener: (kind, heard) => listenersOf(tab, name, kind).add(heard),
        removeEventListener: (kind, heard) => listenersOf(tab, name, kind).delete(heard),
      });
      const page = {
        ...events("document"),
        visibilityState: isHidden ? "hidden" : "visible",
        hasFocus: () => tab.isFocused,
        get cookie() {
          return ["other=1", jar.hint && `sessionHint=${jar.hint}`].filter(Boolean).join("; ");
        },
        documentElement: { style: { setProperty: (name, value) => (tab.style[name] = value) } },
      };
      const world = {
        ...events("window"),
        fetch: (input, init) => browser.fetch(tab, input, init),
        setTimeout: (act, ms) => time.set(act, ms, tab),
        clearTimeout: (timer) => time.clear(timer),
        Date: { now: () => time.wall },
        performance: { now: () => time.mono },
        Math: { random: () => tab.chance ?? 0.5 },
        crypto: { getRandomValues: (into) => into.fill((bytes += 1)), subtle: webcrypto.subtle },
        location: { href: `${ORIGIN}/page`, origin: ORIGIN, reload: () => (tab.reloads += 1) },
        document: page,
        navigator: { locks: { request: (...asked) => requestLock(tab, ...asked) } },
        get localStorage() {
          if (tab.storageFault === "forbidden") throw new Error("SecurityError");
          return storageOf(tab);
        },
        BroadcastChannel: channelOf(tab),
        reportError: (fault) => tab.reported.push(fault),
        ...more,
      };
      for (const name of without) {
        if (name === "locks") world.navigator = {};
        else if (name === "storage") tab.storageFault = "forbidden";
        else Object.defineProperty(world, name, { value: undefined });
      }
      Object.assign(tab, {
        world,
        page,
        open: () => createClient(options, world),
        fire: (kind, event = {}) => [...listenersOf(tab, "window", kind)].forEach((heard) => heard({ ...event })),
        hide() {
          page.visibilityState = "hidden";
          tab.isFocused = false;
          [...listenersOf(tab, "document", "visibilitychange")].forEach((heard) => heard({}));
        },
        show() {
          page.visibilityState = "visible";
          tab.isFocused = true;
          [...listenersOf(tab, "document", "visibilitychange")].forEach((heard) => heard({}));
        },
        /** How many listeners it has. */
        listening: () => [...tab.listeners.values()].reduce((sum, heard) => sum + heard.size, 0),
        channels: () => [...channels].filter((channel) => channel.tab === tab).length,
      });
      tabs.add(tab);
      tab.client = tab.open();
      for (const kind of KINDS) tab.client.on(kind, (event) => tab.heard.push([kind, event]));
      tab.kinds = () => tab.heard.map(([kind]) => kind);
      return tab;
    },
    /** A tab whose person has signed in. */
    async signedIn(how) {
      const tab = browser.tab(how);
      await time.until(tab.client.ready);
      const { error } = await time.until(tab.client.signIn.password({ email: "ada@example.test", password: "right" }));
      if (error) throw error;
      server.asked.length = 0;
      tab.heard.length = 0;
      return tab;
    },
    /** A further tab of somebody who is signed in. */
    async another(how) {
      const tab = browser.tab(how);
      await time.until(tab.client.ready);
      server.asked.length = 0;
      tab.heard.length = 0;
      return tab;
    },
    async fetch(tab, input, init = {}) {
      const request = new Request(typeof input === "string" && input.startsWith("/") ? ORIGIN + input : input, { duplex: "half", ...init });
      const url = new URL(request.url);
      const text = await request.text();
      const question = {
        tab,
        method: request.method,
        origin: url.origin,
        path: url.pathname,
        headers: request.headers,
        token: /^Bearer (.+)/.exec(request.headers.get("Authorization") ?? "")?.[1],
        body: /json/.test(request.headers.get("Content-Type") ?? "") && text ? JSON.parse(text) : text,
        keepalive: request.keepalive,
        at: time.mono,
      };
      const { signal } = init;
      return new Promise((resolve, reject) => {
        const stop = () => reject(signal.reason ?? new DOMException("aborted", "AbortError"));
        if (signal?.aborted) stop();
        signal?.addEventListener("abort", stop);
        if (tab.isOffline) reject(new TypeError("fetch failed"));
        else time.set(() => server.handle(question, jar).then(resolve, reject), LATENCY_MS);
      });
    },
    /** An answer that comes after `ms`. */
    slowly: (ms) => async (_question, serve) => {
      await new Promise((resolve) => time.set(resolve, ms));
      return serve();
    },
    /** The lock's holders and waiters, by name. */
    locks,
    holdLock: () => requestLock({}, `countersign:${ORIGIN}`, {}, () => new Promise(() => {})),
  };

  function storageOf(tab) {
    return {
      getItem: (key) => stored.get(key) ?? null,
      setItem(key, value) {
        if (tab.storageFault === "full") throw new Error("QuotaExceededError");
        stored.set(key, value);
        tell(tab, key);
      },
      removeItem(key) {
        stored.delete(key);
        tell(tab, key);
      },
    };
  }

  function tell(from, key) {
    for (const tab of tabs) if (tab !== from) time.set(() => tab.fire("storage", { key }), 0, tab);
  }

  function channelOf(tab) {
    return class {
      constructor(name) {
        Object.assign(this, { name, tab, onmessage: null });
        channels.add(this);
      }
      postMessage(message) {
        if (!channels.has(this)) throw new Error("InvalidStateError");
        const data = structuredClone(message);
        for (const other of channels) if (other !== this && other.name === this.name) time.set(() => other.onmessage?.({ data }), 1, other.tab);
      }
      close() {
        channels.delete(this);
      }
    };
  }

  async function requestLock(_tab, name, { signal }, act) {
    const lock = locks.get(name) ?? { isHeld: false, queue: [] };
    locks.set(name, lock);
    if (lock.isHeld) {
      await new Promise((resolve, reject) => {
        const waiter = { resolve };
        lock.queue.push(waiter);
        signal?.addEventListener("abort", () => {
          lock.queue = lock.queue.filter((other) => other !== waiter);
          reject(signal.reason);
        });
      });
    }
    lock.isHeld = true;
    try {
      return await act();
    } finally {
      lock.isHeld = false;
      const next = lock.queue.shift();
      if (next) {
        lock.isHeld = true;
        next.resolve();
      }
    }
  }
  return browser;
}

const KINDS = ["signedIn", "signedOut", "refreshed", "userChanged", "sessionExpiring", "stepUpRequired", "offline", "online", "clockSkew", "error"];

function listenersOf(tab, name, kind) {
  const key = `${name} ${kind}`;
  if (!tab.listeners.has(key)) tab.listeners.set(key, new Set());
  return tab.listeners.get(key);
}
