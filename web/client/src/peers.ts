// What tabs and workers of one browser tell each other, and the mark that outlives them.
//
// Promises: a token goes over the channel only, from memory to memory; the storage holds a mark that says "signed in" or "signed out"
// and never more. Where there is no channel, the change of the mark is the message.

import type { Core } from "./core.js";
import type { EndReason } from "./event.js";
import type { Grant } from "./session.js";
import { attempt, type Channel } from "./world.js";

/** What one says to the others. */
export type Message =
  | { kind: "grant"; grant: Grant; sessionId: string | null; startedAt: number; isNew: boolean }
  | { kind: "end"; sessionId: string | null; reason: EndReason }
  /** Somebody waits for the lock: does its holder live? */
  | { kind: "ask" }
  | { kind: "busy" };

/** The others. */
export interface Peers {
  post(message: Message): void;
  hear(heard: (message: Message) => void): void;
  /** Whether there is a channel, so that a change of the mark says nothing new. */
  isOpen(): boolean;
  /** Where the mark is stored. */
  readonly key: string;
  /** `in…`, `out…` for signed out, `out!…` while the server does not know it yet; empty where nothing is known. */
  mark(): string;
  setMark(mark: string): void;
}

/** Opens the channel. */
export function makePeers({ world, isLive, name, cleanup, listen }: Core): Peers {
  const key = `${name}.mark`;
  let channel: Channel | undefined;
  // Where nothing can be stored, the mark lives as long as the page.
  let own = "";
  const heard: ((message: Message) => void)[] = [];
  const open = (): void => {
    // Chrome and Firefox throw where a page has no origin of its own.
    channel = attempt(() => new world.BroadcastChannel!(name), undefined);
    if (channel) channel.onmessage = ({ data }) => heard.forEach((hear) => hear(data as Message));
  };
  const close = (): void => channel?.close();
  if (isLive) open();
  // A message to a page that the browser keeps for the way back makes it throw the page away.
  listen(world, "pagehide", close);
  listen<{ persisted?: boolean }>(world, "pageshow", ({ persisted }) => persisted && open());
  cleanup.list?.push(close);

  return {
    post: (message) => attempt(() => channel?.postMessage(message), undefined),
    hear: (hear) => void heard.push(hear),
    isOpen: () => !!channel,
    key,
    mark: () => attempt(() => world.localStorage!.getItem(key), null) ?? own,
    setMark(mark) {
      own = mark;
      attempt(() => world.localStorage!.setItem(key, mark), undefined);
    },
  };
}
