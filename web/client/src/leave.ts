// Signing out, with and without a network (S21, S23).
//
// Promises: this browser is signed out at once, whatever the network does; a mark that outlives the page keeps anything from quietly
// reviving the session until the server was told, which happens as soon as it can be reached.

import type { Core } from "./core.js";
import type { AuthError } from "./error.js";

/** Ways out. */
export interface Leave {
  /** `isTold` is false where the server could not be reached: it is told later. */
  signOut(): Promise<{ isTold: boolean }>;
  /** Whether the server has still to be told of a sign-out. */
  isPending(): boolean;
  /** Tells it. */
  tell(token?: string): Promise<boolean>;
}

/** Makes the ways out. */
export function makeLeave({ world, session, attempts, alone, send, peers, hint, finish, listen }: Core): Leave {
  // A sign-in after the sign-out, on a page that knows no marks, has another hint.
  const isPending = (): boolean => peers.mark() === `out!${hint()}`;

  const tell: Leave["tell"] = (token) =>
    alone(async () => {
      if (!isPending()) return true;
      try {
        await send("POST", "/api/auth/logout", { token, keepalive: true });
      } catch (fault) {
        // A 401 says that there is nothing left to end.
        if ((fault as AuthError).status !== 401) return false;
      }
      peers.setMark("out");
      return true;
    });

  listen(world, "online", () => isPending() && tell());

  return {
    isPending,
    tell,
    async signOut() {
      // The cookie says enough; the token serves where the browser keeps no cookies.
      const token = session.left() ? session.token() : undefined;
      peers.setMark(`out!${hint()}`);
      finish("signedOut");
      void attempts.clear();
      return { isTold: await tell(token) };
    },
  };
}
