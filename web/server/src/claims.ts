// What an access token says (RFC 9068), and what is demanded of it.

import type { Members } from "./json.js";

/** The claims of an access token. Times are seconds since 1970. */
export interface Claims {
  iss: string;
  aud: string | string[];
  sub: string;
  exp: number;
  iat: number;
  jti: string;
  /** The session. */
  sid: string;
  /** The version of the person's rights. */
  ver: number;
  roles?: string[];
  permissions?: string[];
  /** RFC 8693 section 4.2: separated by spaces. */
  scope?: string;
  email?: string;
  auth_time?: number;
  amr?: string[];
  acr?: string;
  client_id?: string;
  /** The device. */
  did?: string;
  nbf?: number;
}

const isText = (value: unknown): boolean => typeof value === "string";
const isName = (value: unknown): boolean => typeof value === "string" && value.length > 0 && value.length < 256;
const isMoment = (value: unknown): boolean => Number.isSafeInteger(value);
const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

const NEEDED: Record<string, (value: unknown) => boolean> = {
  iss: isText,
  aud: (value) => isText(value) || isList(value),
  sub: isName,
  exp: isMoment,
  iat: isMoment,
  jti: isName,
  sid: isName,
  ver: (value) => isMoment(value) && (value as number) >= 0,
};
const OPTIONAL: Record<string, (value: unknown) => boolean> = {
  nbf: isMoment,
  roles: isList,
  permissions: isList,
  scope: isText,
  email: isText,
  auth_time: isMoment,
  amr: isList,
  acr: isText,
  client_id: isText,
  did: isText,
};

/** The name of the first claim that is missing or of another type; undefined where `members` are the claims of an access token. */
export function fault(members: Members): string | undefined {
  const has = (name: string): boolean => Object.hasOwn(members, name);
  return (
    Object.keys(NEEDED).find((name) => !has(name) || !NEEDED[name]?.(members[name])) ??
    Object.keys(OPTIONAL).find((name) => has(name) && !OPTIONAL[name]?.(members[name]))
  );
}
