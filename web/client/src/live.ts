// Long connections that outlive a token: server-sent events and WebSockets that prove themselves anew at each connection.
//
// Promises: the token is in a header, or where the caller puts it for a WebSocket, and never in an address; after a break the
// connection comes back with a token of that moment, waiting longer each time; when the person signs out it is closed and stays so.

import type { AuthClient } from "./client.js";
import type { World } from "./world.js";

/** An open connection. */
export interface Connection {
  close(): void;
}

/** One server-sent event. */
export interface ServerEvent {
  kind: string;
  data: string;
  id: string;
}

/** What to do with events. */
export interface EventOptions {
  event(event: ServerEvent): void;
  /** The connection broke, or was refused; it is tried again unless the person has signed out. */
  broken?(fault: unknown): void;
  lastEventId?: string;
}

/** What to do with a WebSocket. */
export interface SocketOptions {
  /** Opens the socket with a token: as a subprotocol, or to be sent as the first message. */
  open(token: string): WebSocket;
  opened?(socket: WebSocket): void;
}

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Reads `url` as server-sent events. `EventSource` cannot send a header, so this reads with `fetch`. */
export function connectEvents(client: AuthClient, url: string, options: EventOptions): Connection {
  let lastEventId = options.lastEventId ?? "";
  return keepOpen(client, async (opened, signal) => {
    const headers = { Accept: "text/event-stream", ...(lastEventId ? { "Last-Event-ID": lastEventId } : {}) };
    try {
      const response = await client.fetch(url, { headers, signal, cache: "no-store" });
      if (!response.ok || !response.body) throw new Error(`${response.status}`);
      opened();
      for await (const event of read(response.body)) {
        lastEventId = event.id || lastEventId;
        if (event.data) options.event({ ...event, id: lastEventId });
      }
    } catch (fault) {
      if (!signal.aborted) options.broken?.(fault);
    }
  });
}

/** Keeps a WebSocket open. */
export function connectSocket(client: AuthClient, options: SocketOptions): Connection {
  return keepOpen(client, async (opened, signal) => {
    const token = await client.getToken(signal);
    if (!token) return;
    const socket = options.open(token);
    await new Promise<void>((resolve) => {
      socket.addEventListener("open", () => {
        opened();
        options.opened?.(socket);
      });
      socket.addEventListener("close", () => resolve());
      signal.addEventListener("abort", () => {
        socket.close();
        resolve();
      });
    });
  });
}

/** Runs `connect` again and again; its first argument says that it worked, its second that it is to end. */
function keepOpen(client: AuthClient, connect: (opened: () => void, signal: AbortSignal) => Promise<void>): Connection {
  const { world } = client.core;
  const end = new AbortController();
  const undo = client.on("signedOut", () => close());
  const close = (): void => {
    end.abort();
    undo();
  };
  const loop = async (): Promise<void> => {
    let failures = 0;
    while (!end.signal.aborted) {
      await connect(() => (failures = 0), end.signal).catch(() => {});
      if (end.signal.aborted) return;
      await pause(world, end.signal, world.Math.random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** failures));
      failures += 1;
    }
  };
  void loop();
  return { close };
}

function pause(world: World, signal: AbortSignal, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = world.setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      world.clearTimeout(timer);
      resolve();
    });
  });
}

/** The events of a stream (HTML, section "Parsing an event stream"). */
async function* read(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let event = { kind: "message", data: "", id: "" };
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      // A carriage return at the end may be the first half of a line end.
      const lines = rest.split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line) {
          add(event, line);
          continue;
        }
        yield { ...event, data: event.data.slice(0, -1) };
        event = { kind: "message", data: "", id: event.id };
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function add(event: ServerEvent, line: string): void {
  const [, field, value] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
  if (field === "event") event.kind = value ?? "message";
  if (field === "data") event.data += `${value}\n`;
  if (field === "id" && value !== undefined && !value.includes("\0")) event.id = value;
}
