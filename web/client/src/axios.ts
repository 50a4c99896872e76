// Axios with the person's token: `attachAxios(client, axios)`.
//
// Promises: attaching twice changes nothing; the refresh does not pass through axios, so no interceptor can catch it; a request is
// repeated once.

import type { AxiosError, AxiosHeaders, AxiosInstance, InternalAxiosRequestConfig } from "axios";
import type { AuthClient } from "./client.js";

/** What axios hands on when it repeats a request. */
type Marked = InternalAxiosRequestConfig & { countersign?: { token: string; isReplay: boolean } };

const attached = new WeakMap<AxiosInstance, () => void>();

function sign(config: Marked, token: string, isReplay: boolean): void {
  config.headers.set("Authorization", `Bearer ${token}`);
  config.countersign = { token, isReplay };
}

/** Gives each request of `axios` to an audience its token. Returns what undoes it. */
export function attachAxios(client: AuthClient, axios: AxiosInstance): () => void {
  const before = attached.get(axios);
  if (before) return before;
  const { request, response } = axios.interceptors;
  const asking = request.use(async (config) => {
    if (config.headers.get("Authorization")) return config;
    const token = await client.tokenFor(axios.getUri(config), config.signal as AbortSignal);
    if (token) sign(config, token, false);
    return config;
  });
  const answered = response.use(null, async (fault: AxiosError) => {
    const { config, response } = fault;
    const mine = (config as Marked | undefined)?.countersign;
    if (!config || !mine || !response) throw fault;
    const given = response as typeof response & { headers: AxiosHeaders };
    const token = await client.judge({ url: axios.getUri(config), response: given, ...mine });
    if (!token) throw fault;
    sign(config, token, true);
    return axios.request(config);
  });
  const detach = (): void => {
    request.eject(asking);
    response.eject(answered);
    attached.delete(axios);
  };
  attached.set(axios, detach);
  return detach;
}
