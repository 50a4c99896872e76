// Asks the server: one question, one answer, within a time.
//
// Promises: nothing but the server's own origin is asked; a redirect is not followed; each failure is an `AuthError` that names nothing
// of the request.

import type { Moment } from "./clock.js";
import type { Core } from "./core.js";
import { AuthError, isAuthError, type Refusal } from "./error.js";
import { attempt } from "./world.js";

/** What a question carries. */
export interface Question {
  body?: object | undefined;
  token?: string | null | undefined;
  keepalive?: boolean;
  /** Gives up after so long. */
  timeoutMs?: number;
}

/** An answer that was no refusal. */
export interface Answer<T> {
  content: T;
  headers: Headers;
  asked: Moment;
}

/** Asks `path`, which begins with `/api/`. */
export type Send = <T>(method: string, path: string, question?: Question) => Promise<Answer<T>>;

/** How long a refresh or a sign-out may take. */
const TIMEOUT_MS = 10_000;

/** Makes what asks the server. */
export function makeSend({ world, root, clock }: Core): Send {
  return async (method, path, { body, token, keepalive = false, timeoutMs = TIMEOUT_MS } = {}) => {
    const patience = new AbortController();
    const timer = world.setTimeout(() => patience.abort(), timeoutMs);
    const asked = clock.moment();
    try {
      const response = await world.fetch(root + path, {
        method,
        ...withBody(body),
        ...(token && { headers: { ...JSON_TYPE, Authorization: `Bearer ${token}` } }),
        keepalive,
        signal: patience.signal,
      });
      return { content: await reader(response), headers: response.headers, asked };
    } catch (fault) {
      throw isAuthError(fault) ? fault : new AuthError(patience.signal.aborted ? "TIMEOUT" : "NETWORK", {}, fault);
    } finally {
      world.clearTimeout(timer);
    }
  };
}

const JSON_TYPE = { "Content-Type": "application/json" };

/** How the server is asked: with its cookies, past every cache, and nobody else in its name. */
export function withBody(body: object | undefined): RequestInit {
  return { headers: JSON_TYPE, body: body ? JSON.stringify(body) : null, credentials: "include", cache: "no-store", redirect: "error" };
}

/** The content of an answer, or its refusal thrown. */
export async function reader<T>(response: Response): Promise<T> {
  const { headers, ok, status } = response;
  const content = await contentOf(response);
  // Where a hotel's network answers in the server's place, it does so with a page.
  if (ok && (content || status === 204)) return content as T;
  // Proxies refuse too, and not in our words. A date in place of seconds is passed over.
  const retryAfter = Number(headers.get("Retry-After")) || null;
  throw new AuthError(codeOf(content) ?? "UNREADABLE", { retryAfter, ...content, status });
}

/** The JSON of an answer; undefined where it is none. Rejects where the answer breaks off. */
export async function contentOf(response: Response): Promise<Refusal | undefined> {
  const text = await response.text();
  return attempt(() => JSON.parse(text) as Refusal, undefined);
}

/** The code of a refusal, in our words: some servers of the older style have two of their own. */
export function codeOf(content: Refusal | undefined): string | undefined {
  return content?.code?.replace(/^(INVALID_TOKEN|AUTH_ERROR)$/, "TOKEN_INVALID");
}
