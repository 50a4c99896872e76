// The attempt ids of the refresh contract: one that is pending, and the one that was last answered in full.
//
// Promises: an id is stored before it leaves; pages and workers of one browser share it; it is replaced only after a full answer. Where
// it cannot be stored none is sent, and a storage that does not answer is given up after half a second: IndexedDB has been seen to hang.

import type { Core } from "./core.js";
import { base64url, within } from "./world.js";

/** What goes into the body of a refresh. */
export interface AttemptIds {
  attemptId?: string | undefined;
  lastAttemptId?: string | undefined;
}

/** The ids of one browser. */
export interface Attempts {
  /** The pending id, or a new one that is pending from now on. */
  begin(): Promise<AttemptIds>;
  /** `id` was answered in full. */
  settle(id: string): Promise<unknown>;
  /** Another session begins: the ids of the one before mean nothing to it. */
  clear(): Promise<unknown>;
  /** Where they are kept. */
  kept(): string;
}

const PATIENCE_MS = 500;

type Change = (read: AttemptIds) => AttemptIds;

/** Makes the ids. */
export function makeAttempts({ world, name }: Core): Attempts {
  let isUsable = true;

  // One transaction reads and writes, so that two tabs that go without a lock still agree on an id.
  async function inDatabase(change: Change): Promise<AttemptIds> {
    const opening = world.indexedDB!.open("countersign");
    opening.onupgradeneeded = () => opening.result.createObjectStore("ids");
    const database = await resultOf(opening);
    const transaction = database.transaction("ids", "readwrite");
    const ids = transaction.objectStore("ids");
    const changed = change((await resultOf<AttemptIds | undefined>(ids.get(name))) ?? {});
    ids.put(changed, name);
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = reject;
    });
    // Whoever wants to delete it is not kept waiting.
    database.close();
    return changed;
  }

  async function update(change: Change): Promise<AttemptIds> {
    if (isUsable) {
      const changed = await within(world, PATIENCE_MS, inDatabase(change));
      if (changed) return changed;
      isUsable = false;
    }
    try {
      const storage = world.localStorage!;
      const changed = change(JSON.parse(storage.getItem(name) ?? "{}") as AttemptIds);
      storage.setItem(name, JSON.stringify(changed));
      return changed;
    } catch {
      return {};
    }
  }

  return {
    begin: () =>
      update((read) => ({ ...read, attemptId: read.attemptId ?? base64url(world.crypto.getRandomValues(new Uint8Array(16))) })),
    settle: (id) => update(({ attemptId }) => ({ attemptId: attemptId === id ? undefined : attemptId, lastAttemptId: id })),
    clear: () => update(() => ({})),
    kept: () => (isUsable ? "IndexedDB" : "localStorage"),
  };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = reject;
  });
}
