// Passkeys: sign in without a password, as a second factor, and keep them in order.
//
// Promises: one question at a time is put to the person: a new one aborts the one that waits in a field's suggestions. Options and
// credentials have the JSON shapes of WebAuthn Level 3; where a browser cannot translate them itself, this file does.

import type { AuthClient } from "./client.js";
import type { Ways } from "./enter.js";
import type { User } from "./schema.gen.js";

/** A passkey as its owner sees it. */
export interface Passkey {
  id: string;
  name: string;
  createdAt: string;
  lastUsedAt?: string | null;
}

/** Passkeys in this browser. */
export interface Passkeys {
  isSupported(): boolean;
  /** Whether passkeys can be offered among the suggestions of a field with `autocomplete="username webauthn"`. */
  canSuggest(): Promise<boolean>;
  /** Signs in. `isSuggested` waits, perhaps for ever, until the person picks one among the suggestions. */
  signIn(how?: { isSuggested?: boolean; remember?: boolean; signal?: AbortSignal }): Promise<User>;
  /** Goes on where `MFA_REQUIRED` was said. */
  secondFactor(): Promise<User>;
  /** Proves the person again. */
  stepUp(): Promise<void>;
  list(): Promise<Passkey[]>;
  /** Makes one; needs a recent proof. */
  add(name?: string): Promise<Passkey>;
  rename(id: string, name: string): Promise<Passkey>;
  remove(id: string): Promise<void>;
}

type Json = Record<string, unknown>;
type Class = {
  parseCreationOptionsFromJSON?(json: Json): PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON?(json: Json): PublicKeyCredentialRequestOptions;
  isConditionalMediationAvailable?(): Promise<boolean>;
};

/** The passkeys of whoever uses `client`. */
export function passkeys(client: AuthClient): Passkeys {
  const { world, AuthError, ways } = client.core;
  const ask: Ways["ask"] = async (...asked) => (await ways()).ask(...asked);
  const call: Ways["call"] = async (...asked) => (await ways()).call(...asked);
  const browser = (world as unknown as { PublicKeyCredential?: Class }).PublicKeyCredential;
  const keeper = world.navigator?.credentials;
  let waiting: AbortController | undefined;

  async function answer(options: Json, mediation?: CredentialMediationRequirement, outer?: AbortSignal): Promise<Json> {
    if (!browser || !keeper) throw new AuthError("UNSUPPORTED");
    const signal = begin(outer);
    const publicKey = browser.parseRequestOptionsFromJSON?.(options) ?? requestOptions(options);
    return jsonOf(await keeper.get({ publicKey, signal, ...(mediation ? { mediation } : {}) }));
  }

  function begin(outer?: AbortSignal): AbortSignal {
    waiting?.abort();
    waiting = new AbortController();
    const own = waiting;
    if (outer?.aborted) own.abort();
    outer?.addEventListener("abort", () => own.abort(outer.reason));
    return own.signal;
  }

  return {
    isSupported: () => browser !== undefined && keeper !== undefined,
    canSuggest: async () => (await browser?.isConditionalMediationAvailable?.()) ?? false,
    async signIn({ isSuggested = false, remember, signal } = {}) {
      const options = await ask<Json>("POST", "/api/auth/passkey/options", {});
      const credential = await answer(options, isSuggested ? "conditional" : undefined, signal);
      return (await (await ways()).enter("/api/auth/passkey", { credential, ...(remember === undefined ? {} : { remember }) }))!;
    },
    async secondFactor() {
      const options = await ask<Json>("POST", "/api/auth/passkey/options", (await ways()).pending());
      return client.signIn.secondFactor({ method: "passkey", credential: await answer(options) });
    },
    async stepUp() {
      // With the token: the options are for this person's own passkeys.
      const options = await call<Json>("POST", "/api/auth/passkey/options");
      await client.stepUp({ method: "passkey", credential: await answer(options) });
    },
    list: async () => (await call<{ passkeys: Passkey[] }>("GET", "/api/user/passkeys")).passkeys,
    async add(name) {
      if (!browser || !keeper) throw new AuthError("UNSUPPORTED");
      const options = await call<Json>("POST", "/api/user/passkeys/options");
      const publicKey = browser.parseCreationOptionsFromJSON?.(options) ?? creationOptions(options);
      const credential = jsonOf(await keeper.create({ publicKey, signal: begin() }));
      const made = await call<{ passkey: Passkey }>("POST", "/api/user/passkeys", { credential, ...(name ? { name } : {}) });
      return made.passkey;
    },
    rename: async (id, name) => (await call<{ passkey: Passkey }>("PATCH", path(id), { name })).passkey,
    remove: async (id) => void (await call("DELETE", path(id))),
  };
}

const path = (id: string): string => `/api/user/passkeys/${encodeURIComponent(id)}`;

function requestOptions(json: Json): PublicKeyCredentialRequestOptions {
  const known = json as unknown as PublicKeyCredentialRequestOptionsJSON;
  return { ...json, challenge: bytes(known.challenge), allowCredentials: described(known.allowCredentials) };
}

function creationOptions(json: Json): PublicKeyCredentialCreationOptions {
  const known = json as unknown as PublicKeyCredentialCreationOptionsJSON;
  return {
    ...(json as unknown as PublicKeyCredentialCreationOptions),
    challenge: bytes(known.challenge),
    user: { ...known.user, id: bytes(known.user.id) },
    excludeCredentials: described(known.excludeCredentials),
  };
}

function described(list: PublicKeyCredentialDescriptorJSON[] = []): PublicKeyCredentialDescriptor[] {
  return list.map((one) => ({ ...one, id: bytes(one.id) }) as PublicKeyCredentialDescriptor);
}

/** What `toJSON` gives, where a browser has none. */
function jsonOf(credential: Credential | null): Json {
  const key = credential as PublicKeyCredential & { toJSON?(): object };
  if (key.toJSON) return key.toJSON() as Json;
  const { id, rawId, type, authenticatorAttachment } = key;
  const given = key.response as unknown as Record<string, ArrayBuffer | null>;
  const response: Json = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    const value = given[name];
    if (value) response[name] = text(value);
  }
  const transports = (key.response as Partial<AuthenticatorAttestationResponse>).getTransports?.();
  if (transports) response["transports"] = transports;
  return { id, rawId: text(rawId), type, response, authenticatorAttachment, clientExtensionResults: key.getClientExtensionResults() };
}

function bytes(base64url: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64url.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
}

function text(buffer: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}
