// Axios with the person's token: `attachAxios(client, axios)`.
//
// Promises: attaching twice changes nothing; the refresh does not pass through axios, so no interceptor can catch it; a request is
// repeated once.

import type { AuthClient } from "./client.js";

/** The part of a request's configuration that is used. */
export interface AxiosConfig {
  url?: string;
  signal?: unknown;
  headers: { get(name: string): unknown; set(name: string, value: string): unknown };
  /** Ours; axios hands it on when it repeats a request. */
  countersign?: { token: string; isReplay: boolean };
}

/** The part of an axios instance that is used. */
export interface AxiosLike {
  getUri(config: never): string;
  request(config: never): Promise<unknown>;
  interceptors: { request: Interceptors; response: Interceptors };
}

/** A list of interceptors. */
export interface Interceptors {
  use(done: (value: never) => unknown, failed?: (fault: never) => unknown): number;
  eject(id: number): void;
}

interface Fault {
  config?: AxiosConfig;
  response?: { status: number; data: unknown; headers: { get(name: string): unknown } };
}

const attached = new WeakMap<AxiosLike, () => void>();

function sign(config: AxiosConfig, token: string, isReplay: boolean): void {
  config.headers.set("Authorization", `Bearer ${token}`);
  config.countersign = { token, isReplay };
}

/** Gives each request of `axios` to an audience its token. Returns what undoes it. */
export function attachAxios(client: AuthClient, axios: AxiosLike): () => void {
  const before = attached.get(axios);
  if (before) return before;
  const { request, response } = axios.interceptors;
  const asking = request.use(async (config: AxiosConfig) => {
    if (config.headers.get("Authorization")) return config;
    const token = await client.tokenFor(axios.getUri(config as never), config.signal as AbortSignal);
    if (token) sign(config, token, false);
    return config;
  });
  const answered = response.use(undefined as never, async (fault: Fault) => {
    const { config, response } = fault;
    const mine = config?.countersign;
    if (!mine || !response) throw fault;
    const token = await client.judge({ url: axios.getUri(config as never), response, ...mine });
    if (!token) throw fault;
    sign(config, token, true);
    return axios.request(config as never);
  });
  const detach = (): void => {
    request.eject(asking);
    response.eject(answered);
    attached.delete(axios);
  };
  attached.set(axios, detach);
  return detach;
}
