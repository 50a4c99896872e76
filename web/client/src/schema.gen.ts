// Made by `npm run gen` from docs/reference/openapi.json. Do not edit.

/** Somebody's address. */
export interface AddressBody {
  /** The address. */
  email: string;
}

/**
 * A proof of work in the form of ALTCHA, version 1: sought is the `number` from 0 to `maxnumber` whose decimal digits, put
 * behind `salt`, have `challenge` as their SHA-256. `challengeResponse` is base64 of the JSON object
 * `{algorithm,challenge,number,salt,signature}`. Each solution works once.
 */
export interface Challenge {
  /** Always `SHA-256`. */
  algorithm: string;
  /** The hash, 64 hexadecimal digits. */
  challenge: string;
  /** The greatest number that is worth a try. */
  maxnumber: number;
  /** What stands before the number. It says when the challenge expires (Unix seconds). */
  salt: string;
  /** To be sent back as it is. */
  signature: string;
}

/** The one-time token of the link. */
export interface ClaimBody {
  /** The last part of the link's path. */
  token: string;
}

/** A CSRF token. */
export interface CsrfToken {
  /** To be sent back in `X-CSRF-Token`, together with the cookie of this answer. */
  csrfToken: string;
}

/** The deletion of an account. */
export interface DeleteBody {
  /** The password. */
  currentPassword: string;
}

/** That an address is confirmed. */
export interface EmailVerified {
  /** The address. */
  email: string;
  /** What to say to a person. */
  message: string;
  /**
   * Whether what had been set before the proof (sessions, password, factors, passkeys) was taken away, because the proof did
   * not come from the one who had set it. A mail that sets a new password is on its way then.
   */
  passwordRemoved: boolean;
}

/** A revocation as services are told it: exactly one of `jti`, `sid`, `sub` and `kid` is there. */
export interface FeedRevocation {
  /** With `sub`. */
  below?: number | null;
  /** `ended`: answer `TOKEN_REVOKED`. `superseded`: answer `TOKEN_EXPIRED`. */
  effect: string;
  /** With `sub`, at times: tokens of this session are superseded, whatever `effect` says. */
  except?: string | null;
  /** One access token. */
  jti?: string | null;
  /** Every token with this header parameter. */
  kid?: string | null;
  /** Why, as a stable word. Not in snapshots. */
  reason?: string | null;
  /** Every token of a session. */
  sid?: string | null;
  /** Every token of a person whose `ver` is below `below`. */
  sub?: string | null;
  /** When the last token that it means has expired. */
  until: string;
}

/** Some of what is live: at most 500 revocations. */
export interface FeedSnapshot {
  revocations: FeedRevocation[];
}

/** One field of a request that is not as it must be. */
export interface FieldError {
  /** A stable code: `REQUIRED`, `WRONG_TYPE`, `UNKNOWN_FIELD`, `TOO_SHORT`, …. */
  code: string;
  /** The field's name in the JSON body or the query; empty for the body as a whole. */
  field: string;
  /** What to say to a person. */
  message: string;
}

/** How the server is. */
export interface Health {
  /** `ok`. */
  status: string;
}

/** What was read in a mail that signs in: the `token` of its link, or the address that it came to and its `code`. */
export interface LinkBody {
  /** The code of the mail. Case, spaces and hyphens do not matter. */
  code?: string;
  /** The address that the mail came to, beside `code`. */
  email?: string;
  /** Whether the cookies outlive the browser; true unless said otherwise. */
  remember?: boolean;
  /** The token of the link. */
  token?: string;
  /** How the refresh token travels; `cookie` unless said otherwise. */
  tokenDelivery?: TokenDelivery;
}

/** A sign-in. */
export interface LoginBody {
  /** The solution of the `challenge` of a 428: base64 of the JSON that ALTCHA's clients make. */
  challengeResponse?: string;
  /** The address. */
  email: string;
  /** The password. */
  password: string;
  /** Whether the cookies outlive the browser; true unless said otherwise. */
  remember?: boolean;
  /** How the refresh token travels; `cookie` unless said otherwise. */
  tokenDelivery?: TokenDelivery;
}

/** How a mail stands that was asked for. */
export interface MailWaiting {
  /** `waiting`: not used yet; `used`: the link or code was used; `over`: it is too late, or nothing was asked for. */
  state: string;
}

/** That it was done. */
export interface Message {
  /** What to say to a person. */
  message: string;
}

/** The second step of a sign-in. */
export interface MfaVerifyBody {
  /** The code. */
  code?: string;
  /** What the browser's `toJSON` makes of the passkey's answer. */
  credential?: PasskeyCredential;
  /** What proves it. */
  method: SecondFactorMethod;
  /** The `mfaToken` of the answer `MFA_REQUIRED`. */
  mfaToken: string;
  /**
   * Whether this device is not to be asked for a second factor for a while, where the policy lets it be; false unless said
   * otherwise.
   */
  rememberDevice?: boolean;
}

/** Another address. */
export interface NewEmailBody {
  /** The address that the account is to have. */
  newEmail: string;
}

/** A new passkey. */
export interface NewPasskeyBody {
  /** What the browser's `toJSON` makes of the new credential. */
  credential: NewPasskeyCredential;
  /** What to call it, 1 to 100 characters; a name is found where none is given. */
  name?: string;
}

/** `RegistrationResponseJSON`: what `toJSON` makes of the credential that `navigator.credentials.create` gives. */
export interface NewPasskeyCredential {
  /** The credential id, base64url. */
  id: string;
  /** The same. */
  rawId: string;
  /** The authenticator's answer. */
  response: NewPasskeyResponse;
  /** Always `public-key`. */
  type: string;
}

/** `AuthenticatorAttestationResponseJSON`. */
export interface NewPasskeyResponse {
  /** The new key, base64url. */
  attestationObject: string;
  /** What the browser says that it was asked, base64url. */
  clientDataJSON: string;
}

/** One passkey. */
export interface OnePasskey {
  passkey: Passkey;
  /**
   * Ten recovery codes, each of which stands in for a second factor once: where this is the first second factor of somebody who
   * had none. Shown this once.
   */
  recoveryCodes?: string[];
}

/** A passkey, as its owner sees it. */
export interface Passkey {
  /** When it was registered. */
  createdAt: string;
  /** The id that its authenticator gave it, base64url: for `PublicKeyCredential.signalAllAcceptedCredentials`. */
  credentialId: string;
  /** The id. */
  id: string;
  /** Whether a copy of it was kept elsewhere when it was last used. */
  isBackedUp: boolean;
  /** Whether it may be synced between devices; if not, it is bound to one. */
  isSynced: boolean;
  /** When somebody last proved himself with it. */
  lastUsedAt?: string | null;
  /** What its owner calls it. */
  name: string;
  /** How browsers may reach it. */
  transports: string[];
}

/** A sign-in by passkey. */
export interface PasskeyBody {
  /** What the browser's `toJSON` makes of the passkey's answer. */
  credential: PasskeyCredential;
  /** Whether the cookies outlive the browser; true unless said otherwise. */
  remember?: boolean;
  /** How the refresh token travels; as in the call for options. */
  tokenDelivery?: TokenDelivery;
}

/** `PublicKeyCredentialCreationOptionsJSON`. */
export interface PasskeyCreationOptions {
  /** Always `none`. */
  attestation: string;
  /** That the passkey must be discoverable, and whether it must check who holds it. */
  authenticatorSelection: unknown;
  /** What the answer must carry. */
  challenge: string;
  /** The passkeys that the person has. */
  excludeCredentials: unknown[];
  /** What kinds of keys are taken. */
  pubKeyCredParams: unknown[];
  /** This site: `id` is the host of the public URL. */
  rp: unknown;
  /** Milliseconds that the answer may take. */
  timeout: number;
  /** The person; `id` is a random handle. */
  user: unknown;
}

/** `AuthenticationResponseJSON`: what `toJSON` makes of the credential that `navigator.credentials.get` gives. */
export interface PasskeyCredential {
  /** The credential id, base64url. */
  id: string;
  /** The same. */
  rawId: string;
  /** The authenticator's answer. */
  response: PasskeyResponse;
  /** Always `public-key`. */
  type: string;
}

/** Another name for a passkey. */
export interface PasskeyNameBody {
  /** What to call it, 1 to 100 characters. */
  name: string;
}

/** What options are wanted for. */
export interface PasskeyOptionsBody {
  /** May be sent and changes nothing: a passkey is found by the browser, so that the answer tells nothing of an address. */
  email?: string;
  /** A sign-in that waits for its second factor: options for it alone. */
  mfaToken?: string;
  /** How the refresh token will travel; `cookie` unless said otherwise. With `body` the answer is bound to no browser. */
  tokenDelivery?: TokenDelivery;
}

/** `PublicKeyCredentialRequestOptionsJSON`. */
export interface PasskeyRequestOptions {
  /** Which passkeys may answer; empty where any may. */
  allowCredentials: unknown[];
  /** What the answer must carry. */
  challenge: string;
  /** The host of the public URL. */
  rpId: string;
  /** Milliseconds that the answer may take. */
  timeout: number;
  /** `required` or `preferred`. */
  userVerification: string;
}

/** `AuthenticatorAssertionResponseJSON`. */
export interface PasskeyResponse {
  /** What the authenticator says of itself, base64url. */
  authenticatorData: string;
  /** What the browser says that it was asked, base64url. */
  clientDataJSON: string;
  /** The signature over both, base64url. */
  signature: string;
  /** The person's handle, base64url. */
  userHandle?: string | null;
}

/** A person's passkeys, oldest first. */
export interface Passkeys {
  passkeys: Passkey[];
}

/** A change of password. */
export interface PasswordBody {
  /** The present password. */
  currentPassword: string;
  /** The new one: 8 to 256 characters, neither common nor known from a breach. */
  newPassword: string;
}

/** That the password is another. */
export interface PasswordChanged {
  /** What to say to a person. */
  message: string;
  /** How many other sessions have ended. */
  revoked: number;
}

/** What the OpenAPI document says of every refusal. */
export interface Problem {
  challenge?: Challenge | null;
  /** What serving needs, each `ok` or `failing`, from `GET /readyz`. */
  checks?: Record<string, string> | null;
  /** The stable code to branch on. */
  code: string;
  /** What to say to a person. */
  detail: string;
  /** The same as `detail`. */
  error: string;
  /** The fields at fault, with `VALIDATION_FAILED`. */
  errors?: FieldError[] | null;
  /** The same as `detail`. */
  message: string;
  /** How to prove oneself, with `STEP_UP_REQUIRED` and `MFA_REQUIRED`. */
  methods?: string[] | null;
  /** What to go on with at `POST /api/auth/mfa/verify`, with `MFA_REQUIRED`. */
  mfaToken?: string | null;
  /** The request, as the log names it. */
  requestId: string;
  /** Seconds to wait, with `RATE_LIMITED` and `OVERLOADED`. */
  retryAfter?: number | null;
  /** The HTTP status. */
  status: number;
  /** A title of a few words. */
  title: string;
  /** The public URL + `/errors/` + code: a page that says more. */
  type: string;
}

/** A change of the profile. */
export interface ProfileBody {
  /** The name to show, 1 to 100 characters, not all blank, without control characters and line ends. */
  name: string;
}

/** What was read in a mail: the `token` of its link, or the address that it came to and its `code`. */
export interface ProofBody {
  /** The code of the mail. Case, spaces and hyphens do not matter. */
  code?: string;
  /** The address that the mail came to, beside `code`. */
  email?: string;
  /** The token of the link. */
  token?: string;
}

/** What the server can do. */
export interface Ready {
  /** Each thing that serving needs: `ok`. */
  checks: Record<string, string>;
  /** `ready`. */
  status: string;
}

/** Recovery codes. Shown this once. */
export interface RecoveryCodes {
  /** Ten codes, each of which stands in for a second factor once. */
  recoveryCodes: string[];
}

/** The body, which a browser may leave out. */
export interface RefreshBody {
  /** A random id of this attempt, kept until it is answered in full: 22 base64url characters. */
  attemptId?: string;
  /** The id that was last answered in full. */
  lastAttemptId?: string;
  /** The refresh token, for a client that signed in with `tokenDelivery: "body"`. */
  refreshToken?: string;
}

/** The answer to a refresh. */
export interface Refreshed {
  /** The new access token. */
  accessToken: string;
  /** Seconds that it lives. */
  expiresIn: number;
  /** The new refresh token, where the session takes it in the body. */
  refreshToken?: string | null;
  /** Whether a refresh token came with it; if not, keep what you have. */
  rotated: boolean;
  /** The server's time. */
  serverTime: string;
  session: SessionLife;
  /** Always `Bearer`. */
  tokenType: string;
}

/** A registration. */
export interface RegisterBody {
  /** The address. */
  email: string;
  /** The name to show, 1 to 100 characters, not all blank, without control characters and line ends. */
  name: string;
  /** The password: 8 to 256 characters, neither common nor known from a breach. */
  password: string;
  /** Whether the cookies outlive the browser; true unless said otherwise. */
  remember?: boolean;
  /** How the refresh token travels; `cookie` unless said otherwise. */
  tokenDelivery?: TokenDelivery;
}

/** A device on which its owner has proven a second factor, and is not asked for one again for a while. */
export interface RememberedDevice {
  /** When it was remembered. */
  createdAt: string;
  /** Whether the session that asks began on it. */
  current: boolean;
  /** When it will be asked again. */
  expiresAt: string;
  /** The id: the `did` claim of its sessions. */
  id: string;
  /** The address that it was remembered at. */
  ipAddress?: string | null;
  /** The same for people: `Firefox on Linux`; null where nothing is known. */
  label?: string | null;
  /** When it last stood in for a second factor. */
  lastUsedAt: string;
  /** The user agent that it was remembered with. */
  userAgent?: string | null;
}

/** A person's remembered devices, last used first. */
export interface RememberedDevices {
  devices: RememberedDevice[];
}

/** A new password, and what was read in the mail: the `token` of its link, or the address that it came to and its `code`. */
export interface ResetBody {
  /** The code of the mail. Case, spaces and hyphens do not matter. */
  code?: string;
  /** The address that the mail came to, beside `code`. */
  email?: string;
  /** The new password: 8 to 256 characters, neither common nor known from a breach. */
  newPassword: string;
  /** The token of the link. */
  token?: string;
}

/** What proves a second factor. */
export type SecondFactorMethod = "totp" | "recovery" | "passkey";

/** What is set up. */
export interface SecondFactors {
  /** How many passkeys there are. */
  passkeys: number;
  /** How many recovery codes are left. */
  recoveryCodesLeft: number;
  /** Whether a role of this person's grants nothing without a second factor. */
  required: boolean;
  /** Whether an authenticator app is on. */
  totp: boolean;
}

/** One of a person's sessions. */
export interface Session {
  /** How the person was authenticated (RFC 8176). */
  amr: string[];
  /** The number of the autonomous system that announces `ipAddress`, where the operator has such a table. */
  asn?: number | null;
  /** The country of `ipAddress` (ISO 3166-1 alpha-2), where the operator has a table of addresses that knows it. */
  country?: string | null;
  /** When it began. */
  createdAt: string;
  /** Whether it is the one that asks. */
  current: boolean;
  /** The device it began on: the `did` claim. */
  device?: string | null;
  /** The address it began at. */
  firstIpAddress?: string | null;
  /** The id: the `sid` claim. */
  id: string;
  /** The address it was last refreshed from. */
  ipAddress?: string | null;
  /** The same for people: `Firefox on Linux`; null where nothing is known. */
  label?: string | null;
  /** When it was last refreshed, to a minute. */
  lastSeenAt: string;
  /** What that network's operator is called. */
  network?: string | null;
  /** The user agent it began with. */
  userAgent?: string | null;
}

/** How long a session lives. */
export interface SessionLife {
  /** Seconds until it is over, whatever happens. */
  expiresIn: number;
  /** The session's id: the `sid` claim. */
  id: string;
  /** Seconds until it is over unless it is refreshed. */
  idleExpiresIn: number;
}

/** A person's sessions, most recently used first. */
export interface Sessions {
  sessions: Session[];
}

/** The answer to a registration or a sign-in. */
export interface SignedIn {
  /** The access token: a JWT after RFC 9068. */
  accessToken: string;
  /** Seconds that the access token lives. */
  expiresIn: number;
  /** The refresh token, where `tokenDelivery` was `body`. */
  refreshToken?: string | null;
  /** The server's time. */
  serverTime: string;
  session: SessionLife;
  /** Always `Bearer`. */
  tokenType: string;
  user: User;
}

/** That every session has ended. */
export interface SignedOutEverywhere {
  /** What to say to a person. */
  message: string;
  /** How many sessions have ended. */
  revoked: number;
}

/** A renewed proof: `password`, or `method` with `code` or `credential`. */
export interface StepUpBody {
  /** The code of a second factor. */
  code?: string;
  /** What the browser's `toJSON` makes of the passkey's answer. */
  credential?: PasskeyCredential;
  /** Which second factor proves it. */
  method?: SecondFactorMethod;
  /** The password. */
  password?: string;
}

/** A new access token of the same session. */
export interface SteppedUp {
  /** The new access token. */
  accessToken: string;
  /** Seconds that it lives. */
  expiresIn: number;
  /** Always `Bearer`. */
  tokenType: string;
}

/** The token of a link. */
export interface TokenBody {
  /** The token of the link. */
  token: string;
}

/** How the refresh token travels, for the life of the session. */
export type TokenDelivery = "cookie" | "body";

/** The first code of a new authenticator app. */
export interface TotpConfirmBody {
  /** The code: six digits. */
  code: string;
}

/** What an authenticator app is to be told. Shown this once. */
export interface TotpSecret {
  /** The same as a link that opens the app. */
  otpauthUrl: string;
  /** The same as a picture for the app's camera: an SVG document. */
  qrSvg: string;
  /** The shared secret in base32, for typing. */
  secret: string;
}

/** A person, as he himself sees his account. */
export interface User {
  /** When the account was made. */
  createdAt: string;
  /** The address as its owner wrote it, domain in lower case. */
  email: string;
  /** Whether the owner has proven that he reads mail there. */
  emailVerified: boolean;
  /** The person's id: the `sub` claim. */
  id: string;
  /** The name, verbatim: encode it where you show it. */
  name: string;
  /** The first of `roles`; null where there is none. */
  role?: string | null;
  /** The roles. */
  roles: string[];
}

/** Whom a token speaks for. */
export interface Verified {
  /** The claims of the token. */
  claims: Record<string, unknown>;
  /** Always true: a token that is not good is a 401. */
  valid: boolean;
}

/** What the server may refuse a call with. */
export type Code =
  | "AUTH_FAILED"
  | "CHALLENGE_REQUIRED"
  | "CSRF_INVALID"
  | "EMAIL_NOT_VERIFIED"
  | "EMAIL_TAKEN"
  | "FORBIDDEN"
  | "INTERNAL"
  | "LAST_METHOD"
  | "LINK_INVALID"
  | "MFA_REQUIRED"
  | "NOT_FOUND"
  | "OVERLOADED"
  | "PAYLOAD_TOO_LARGE"
  | "RATE_LIMITED"
  | "STEP_UP_REQUIRED"
  | "TOKEN_EXPIRED"
  | "TOKEN_INVALID"
  | "TOKEN_MISSING"
  | "TOKEN_REUSED"
  | "TOKEN_REVOKED"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "VALIDATION_FAILED";

/** Each call: what it takes, and what it answers where it is not refused. */
export interface Calls {
  "DELETE /api/user": { body: DeleteBody; answer: undefined };
  "DELETE /api/user/devices/{id}": { body: undefined; answer: undefined };
  "DELETE /api/user/mfa/totp": { body: undefined; answer: undefined };
  "DELETE /api/user/passkeys/{id}": { body: undefined; answer: undefined };
  "DELETE /api/user/sessions/{id}": { body: undefined; answer: undefined };
  "GET /api/auth/csrf-token": { body: undefined; answer: CsrfToken };
  "GET /api/auth/email/waiting": { body: undefined; answer: MailWaiting };
  "GET /api/auth/verify": { body: undefined; answer: Verified };
  "GET /api/csrf-token": { body: undefined; answer: CsrfToken };
  "GET /api/revocations": { body: undefined; answer: undefined };
  "GET /api/user/devices": { body: undefined; answer: RememberedDevices };
  "GET /api/user/mfa": { body: undefined; answer: SecondFactors };
  "GET /api/user/passkeys": { body: undefined; answer: Passkeys };
  "GET /api/user/profile": { body: undefined; answer: User };
  "GET /api/user/sessions": { body: undefined; answer: Sessions };
  "PATCH /api/user/passkeys/{id}": { body: PasskeyNameBody; answer: OnePasskey };
  "PATCH /api/user/profile": { body: ProfileBody; answer: User };
  "POST /api/auth/claim-admin": { body: ClaimBody; answer: User };
  "POST /api/auth/email/resend": { body: AddressBody; answer: Message };
  "POST /api/auth/email/undo": { body: TokenBody; answer: Message };
  "POST /api/auth/email/verify": { body: ProofBody; answer: EmailVerified };
  "POST /api/auth/link": { body: AddressBody; answer: Message };
  "POST /api/auth/link/verify": { body: LinkBody; answer: SignedIn };
  "POST /api/auth/login": { body: LoginBody; answer: SignedIn };
  "POST /api/auth/logout": { body: undefined; answer: Message };
  "POST /api/auth/logout-all": { body: undefined; answer: SignedOutEverywhere };
  "POST /api/auth/mfa/verify": { body: MfaVerifyBody; answer: SignedIn };
  "POST /api/auth/passkey": { body: PasskeyBody; answer: SignedIn };
  "POST /api/auth/passkey/options": { body: PasskeyOptionsBody; answer: PasskeyRequestOptions };
  "POST /api/auth/password/forgot": { body: AddressBody; answer: Message };
  "POST /api/auth/password/reset": { body: ResetBody; answer: SignedOutEverywhere };
  "POST /api/auth/refresh": { body: RefreshBody; answer: Refreshed };
  "POST /api/auth/register": { body: RegisterBody; answer: SignedIn | Message };
  "POST /api/auth/step-up": { body: StepUpBody; answer: SteppedUp };
  "POST /api/user/email": { body: NewEmailBody; answer: Message };
  "POST /api/user/mfa/recovery-codes": { body: undefined; answer: RecoveryCodes };
  "POST /api/user/mfa/totp": { body: undefined; answer: TotpSecret };
  "POST /api/user/mfa/totp/confirm": { body: TotpConfirmBody; answer: RecoveryCodes };
  "POST /api/user/passkeys": { body: NewPasskeyBody; answer: OnePasskey };
  "POST /api/user/passkeys/options": { body: undefined; answer: PasskeyCreationOptions };
  "POST /api/user/password": { body: PasswordBody; answer: PasswordChanged };
  "POST /api/user/profile": { body: ProfileBody; answer: User };
}
