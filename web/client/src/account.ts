// What a person sees and changes of his own account. One function a call, so that a reader can jump to it.
//
// A call that needs a recent proof rejects with `STEP_UP_REQUIRED`: `client.stepUp(…)`, then call again.

import type { AuthClient } from "./client.js";
import type { Ways } from "./enter.js";
import type {
  Calls,
  Message,
  PasswordChanged,
  RecoveryCodes,
  RememberedDevice,
  RememberedDevices,
  SecondFactors,
  Session,
  Sessions,
  TotpSecret,
  User,
  Verified,
} from "./schema.gen.js";

/** How a mailed link or the code beside it is given back. */
export type Mailed = { token: string } | { email: string; code: string };

/** A person's own account. */
export interface Account {
  /** The profile; the client's snapshot learns it too. */
  profile(): Promise<User>;
  rename(name: string): Promise<User>;
  /** Every other session ends. */
  changePassword(change: Calls["POST /api/user/password"]["body"]): Promise<PasswordChanged>;
  sessions(): Promise<Session[]>;
  endSession(id: string): Promise<void>;
  /** Deletes the account; this browser is signed out. */
  erase(currentPassword: string): Promise<void>;
  /** Asks the server whether the access token is good, and what it says. */
  verify(): Promise<Verified>;
  /** Devices that are not asked for a second factor for a while. */
  devices(): Promise<RememberedDevice[]>;
  forgetDevice(id: string): Promise<void>;
  factors(): Promise<SecondFactors>;
  totp: {
    /** Nothing is on until `confirm`. */
    begin(): Promise<TotpSecret>;
    /** Gives the recovery codes, this once. */
    confirm(code: string): Promise<string[]>;
    remove(): Promise<void>;
  };
  /** Makes new recovery codes; the old ones are void. */
  renewRecoveryCodes(): Promise<string[]>;
  email: {
    confirm(mailed: Mailed): Promise<void>;
    resend(email: string): Promise<void>;
    /** Changed once the new address has confirmed. */
    change(newEmail: string): Promise<void>;
    undo(token: string): Promise<void>;
  };
  password: {
    forgot(email: string): Promise<void>;
    reset(token: string, newPassword: string): Promise<void>;
  };
  link: {
    /** Mails a link that signs in. */
    send(email: string): Promise<void>;
    /** Signs in by it. */
    signIn(mailed: Mailed): Promise<User>;
  };
}

/** The account of whoever is signed in at `client`. */
export function account(client: AuthClient): Account {
  const { session, ways } = client.core;
  const ask: Ways["ask"] = async (...asked) => (await ways()).ask(...asked);
  const call: Ways["call"] = async (...asked) => (await ways()).call(...asked);
  const learn = (user: User): User => {
    session.enrich(user);
    return user;
  };
  const done = async (answer: Promise<Message | undefined>): Promise<void> => void (await answer);

  return {
    profile: async () => learn(await call("GET", "/api/user/profile")),
    rename: async (name) => learn(await call("PATCH", "/api/user/profile", { name })),
    changePassword: (change) => call("POST", "/api/user/password", change),
    sessions: async () => (await call<Sessions>("GET", "/api/user/sessions")).sessions,
    devices: async () => (await call<RememberedDevices>("GET", "/api/user/devices")).devices,
    forgetDevice: (id) => done(call("DELETE", `/api/user/devices/${encodeURIComponent(id)}`)),
    endSession: (id) => done(call("DELETE", `/api/user/sessions/${encodeURIComponent(id)}`)),
    async erase(currentPassword) {
      await call("DELETE", "/api/user", { currentPassword });
      await client.signOut();
    },
    verify: () => call("GET", "/api/auth/verify"),
    factors: () => call("GET", "/api/user/mfa"),
    totp: {
      begin: () => call("POST", "/api/user/mfa/totp"),
      confirm: async (code) => (await call<RecoveryCodes>("POST", "/api/user/mfa/totp/confirm", { code })).recoveryCodes,
      remove: () => done(call("DELETE", "/api/user/mfa/totp")),
    },
    renewRecoveryCodes: async () => (await call<RecoveryCodes>("POST", "/api/user/mfa/recovery-codes")).recoveryCodes,
    email: {
      confirm: (mailed) => done(ask("POST", "/api/auth/email/verify", mailed)),
      resend: (email) => done(ask("POST", "/api/auth/email/resend", { email })),
      change: (newEmail) => done(call("POST", "/api/user/email", { newEmail })),
      undo: (token) => done(ask("POST", "/api/auth/email/undo", { token })),
    },
    password: {
      forgot: (email) => done(ask("POST", "/api/auth/password/forgot", { email })),
      reset: (token, newPassword) => done(ask("POST", "/api/auth/password/reset", { token, newPassword })),
    },
    link: {
      send: (email) => done(ask("POST", "/api/auth/link", { email })),
      signIn: async (mailed) => (await (await ways()).enter("/api/auth/link/verify", mailed))!,
    },
  };
}
