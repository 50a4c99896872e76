// The revocations that are live: which tokens no longer count, and how that is to be said.

import type { Claims } from "./claims.js";
import { isObject } from "./json.js";

/** One revocation of some name. */
interface Entry {
  /** Tokens with a smaller `ver` are meant; all where it is undefined. */
  below: number | undefined;
  /** The session whose tokens are superseded, whatever the others' are. */
  except: string | undefined;
  isEnding: boolean;
  /** Milliseconds since 1970: the last token that is meant has expired then. */
  until: number;
}

const KINDS = ["jti", "sid", "sub", "kid"] as const;

/** A set of revocations. Adding one again changes nothing. */
export class LiveSet {
  /** By kind and name, as `sid ses_…`. */
  readonly #entries = new Map<string, Entry[]>();
  readonly #now: () => number;
  #sweptAt = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many names are held. */
  get size(): number {
    return this.#entries.size;
  }

  /** Takes a revocation up. One that names nothing known is passed over: a newer server's. */
  add(said: unknown): void {
    if (!isObject(said)) return;
    const kind = KINDS.find((one) => typeof said[one] === "string");
    if (!kind) return;
    const { below, except, effect, until } = said;
    const isPerson = kind === "sub";
    const entry: Entry = {
      // What cannot be read means more rather than less.
      below: isPerson && typeof below === "number" ? below : undefined,
      except: isPerson && typeof except === "string" ? except : undefined,
      isEnding: effect !== "superseded",
      until: Date.parse(String(until)) || Infinity,
    };
    const name = `${kind} ${String(said[kind])}`;
    const others = this.#entries.get(name) ?? [];
    const twin = others.find((one) => one.below === entry.below && one.except === entry.except && one.isEnding === entry.isEnding);
    if (twin) twin.until = Math.max(twin.until, entry.until);
    else this.#entries.set(name, [...others, entry]);
  }

  /** What is to be said of a token that is good otherwise. */
  judge(claims: Claims, kid: string): "live" | "ended" | "superseded" {
    const { sid, ver } = claims;
    const names = { jti: claims.jti, sid, sub: claims.sub, kid };
    const meant = KINDS.flatMap((kind) => this.#entries.get(`${kind} ${names[kind]}`) ?? []).filter(({ below }) => below === undefined || ver < below);
    if (meant.some(({ isEnding, except }) => isEnding && except !== sid)) return "ended";
    return meant.length ? "superseded" : "live";
  }

  /** Drops, once a minute, what no living token is meant by. */
  sweep(): void {
    const now = this.#now();
    if (now >= this.#sweptAt && now < this.#sweptAt + 60_000) return;
    this.#sweptAt = now;
    for (const [name, entries] of this.#entries) {
      const rest = entries.filter(({ until }) => until > now);
      if (rest.length === 0) this.#entries.delete(name);
      else if (rest.length < entries.length) this.#entries.set(name, rest);
    }
  }
}
