// How much of a token's life is left, on a device whose clock nobody can trust (S5 to S7).
//
// Promises: a token's life is counted from the question and never compared with the device's time of day; where the two local clocks
// disagree, because the device slept or somebody set it, nothing is believed any more; the server's time is known to half a round trip.

import type { Core } from "./core.js";

/** A moment on both local clocks, in ms. */
export interface Moment {
  mono: number;
  wall: number;
}

/** The clock of one client. */
export interface Clock {
  moment(): Moment;
  /** Ms since then; endless where the clocks disagree by more than 5 s. */
  since(moment: Moment): number;
  /** Learns from an answer that says what time it is. */
  learn(asked: Moment, serverTime: string): void;
  /** The server's time, ms since 1970; the device's own until a server has answered. */
  now(): number;
  /** Ms that the device was behind the server when it last heard of it. */
  skewMs(): number;
}

const BELIEVED_MS = 5_000;

/** Makes a clock. */
export function makeClock({ world }: Core): Clock {
  let known: { moment: Moment; server: number } | undefined;
  const moment = (): Moment => ({ mono: world.performance.now(), wall: world.Date.now() });

  return {
    moment,
    skewMs: () => (known ? known.server - known.moment.wall : 0),
    since(then) {
      const now = moment();
      const ran = now.mono - then.mono;
      return Math.abs(now.wall - then.wall - ran) > BELIEVED_MS ? Infinity : ran;
    },
    learn(asked, serverTime) {
      const server = Date.parse(serverTime);
      if (Number.isNaN(server)) return;
      const now = moment();
      const half = (now.mono - asked.mono) / 2;
      known = { moment: { mono: now.mono - half, wall: now.wall - half }, server };
    },
    now: () => (known ? known.server + world.performance.now() - known.moment.mono : world.Date.now()),
  };
}
