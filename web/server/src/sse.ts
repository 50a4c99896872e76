// Server-sent events out of a body (HTML, "Parsing an event stream").

/** One event. */
export interface ServerEvent {
  kind: string;
  data: string;
  /** Of this event; undefined where it has none. */
  id: string | undefined;
  /** What the server asked for, with this event or before it. */
  retryMs: number | undefined;
}

/** An event that is longer is not one of ours. */
const MOST_CHARACTERS = 4_000_000;

/** The events of `body`. `heard` is called whenever something came. An event that is cut off by the end does not count. */
export async function* readEvents(body: ReadableStream<Uint8Array>, heard: () => void): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let fields: Partial<Record<string, string>> = {};
  let lines: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      text += decoder.decode(value, { stream: true });
      if (text.length > MOST_CHARACTERS) throw new Error("an event that has no end");
      // A lone \r at the end may be half of \r\n: it waits.
      for (let end; (end = /\r\n|\n|\r(?!$)/.exec(text)); ) {
        const line = text.slice(0, end.index);
        text = text.slice(end.index + end[0].length);
        if (line) {
          const [, name = "", rest = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
          if (name === "data") lines.push(rest);
          else fields[name] = rest;
          continue;
        }
        const { event: kind = "message", id, retry } = fields;
        // `retry` stands alone, in a block without data.
        if (lines.length || retry) yield { kind: lines.length ? kind : "retry", data: lines.join("\n"), id, retryMs: retry && /^\d+$/.test(retry) ? Number(retry) : undefined };
        fields = {};
        lines = [];
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
