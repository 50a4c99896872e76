// Ky with the person's token: `ky.create({ hooks: kyHooks(client) })`. For ky 1 and 2.

import type { AuthClient } from "./client.js";

/** What ky 2 hands to a hook; ky 1 hands the parts over one by one. */
export type KyState = { request: Request; response?: Response };

/** The hooks, in the form that ky takes. */
export interface KyHooks {
  beforeRequest: ((state: KyState | Request) => Promise<void>)[];
  afterResponse: ((state: KyState | Request, options?: unknown, response?: Response) => Promise<Response | undefined>)[];
}

/** The hooks that give each request to an audience its token, and repeat it once where it was too old. */
export function kyHooks(client: AuthClient): KyHooks {
  // Ky hands a copy of the request to the second hook, not sent yet: the token tells whether it is one of ours.
  let given: string[] = [];
  const requestOf = (state: KyState | Request): Request => ("request" in state ? state.request : state);
  const sign = ({ headers }: Request, token: string): void => {
    headers.set("Authorization", `Bearer ${token}`);
    given = [token, ...given.slice(0, 3)];
  };

  return {
    beforeRequest: [
      async (state) => {
        const request = requestOf(state);
        const token = !request.headers.has("Authorization") && (await client.tokenFor(request.url, request.signal));
        if (token) sign(request, token);
      },
    ],
    afterResponse: [
      async (state, _options, first) => {
        const request = requestOf(state).clone();
        const { url, headers } = request;
        const sent = headers.get("Authorization")?.slice("Bearer ".length);
        if (!sent || !given.includes(sent)) return undefined;
        const token = await client.judge({ url, token: sent, response: first ?? (state as KyState).response! });
        if (!token) return undefined;
        sign(request, token);
        const response = await client.core.world.fetch(request);
        await client.judge({ url, token, response, isReplay: true });
        return response;
      },
    ],
  };
}
