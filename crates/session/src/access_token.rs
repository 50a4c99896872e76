//! The access token: the claims of API.md and no others, signed by the active key.
//!
//! Built from a list of what is allowed, never from a person's fields minus what is forbidden. Lives `Policy::access` with
//! a jitter of ±5 %, so that the clients of one busy minute do not come back in one busy second. An embedder's own claims
//! pass [`ClaimsHook`] and what it refuses. Follows RFC 9068 and DESIGN section 2.

use std::fmt;

use countersign_kernel::{DeviceId, Env, Lifetime, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Session, User};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::error::Error;
use crate::policy::Policy;

/// The `typ` of an access token (RFC 9068 section 2.1). Every other kind of token has another.
pub const ACCESS_TOKEN_TYPE: &str = "at+jwt";

/// An access token that was made.
#[derive(Clone)]
pub struct IssuedAccess {
    /// The JWT.
    pub token: String,
    /// Its `jti`.
    pub id: TokenId,
    /// How long it lives from now on, in whole seconds: `exp` minus `iat`.
    pub expires_in: Lifetime,
    /// When it expires: `exp`.
    pub expires_at: Timestamp,
}

impl fmt::Debug for IssuedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedAccess").field("id", &self.id).finish_non_exhaustive()
    }
}

/// An embedder's own claims.
pub trait ClaimsHook: Send + Sync + 'static {
    /// The claims to add to each access token of this person. Called at each sign-in and refresh: must be quick.
    ///
    /// No token is made if one of them is named like a registered claim or one of ours, or at any depth like a secret
    /// (`password`, `apiKey`, `card_number`), or if they are more than 1 KiB of JSON together.
    fn claims(&self, user: &User) -> Map<String, Value>;
}

impl<F: Fn(&User) -> Map<String, Value> + Send + Sync + 'static> ClaimsHook for F {
    fn claims(&self, user: &User) -> Map<String, Value> {
        self(user)
    }
}

/// A claim that no access token may carry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimRefused {
    /// A registered name, or one of ours.
    #[error("the claim {0:?} is registered")]
    Registered(String),
    /// A name that speaks of a secret.
    #[error("the claim {0:?} is named like a secret")]
    Secret(String),
    /// More than 1 KiB of JSON, in bytes.
    #[error("the claims are {0} bytes of JSON, more than 1024")]
    TooLong(usize),
}

/// The claims of API.md, in its order.
#[derive(Serialize)]
pub(crate) struct AccessClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: UserId,
    exp: i64,
    iat: i64,
    jti: TokenId,
    sid: SessionId,
    ver: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    did: Option<DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    roles: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    permissions: &'a [String],
    auth_time: i64,
    amr: &'a [String],
    acr: &'static str,
    #[serde(flatten)]
    own: Map<String, Value>,
}

impl<'a> AccessClaims<'a> {
    /// The claims of a new token for this session at this moment.
    pub(crate) fn new(
        session: &'a Session,
        user: &'a User,
        own: Map<String, Value>,
        policy: &'a Policy,
        now: Timestamp,
        env: &Env,
    ) -> Self {
        let iat = now.as_seconds();
        Self {
            iss: &policy.issuer,
            aud: &policy.audience,
            sub: user.id,
            exp: iat.saturating_add(jittered(policy.access, env).as_seconds().max(1)),
            iat,
            jti: TokenId::new(env),
            sid: session.id,
            ver: user.ver,
            did: session.device,
            email: policy.email_claim.then_some(user.email.as_str()),
            roles: &user.roles,
            permissions: &user.permissions,
            auth_time: session.auth_time.as_seconds(),
            amr: &session.amr,
            acr: strength(&session.amr),
            own,
        }
    }

    /// Signs them.
    pub(crate) fn sign(&self, key: &countersign_jose::SigningKey) -> Result<IssuedAccess, Error> {
        Ok(IssuedAccess {
            token: key.sign(ACCESS_TOKEN_TYPE, self).map_err(Error::Signing)?,
            id: self.jti,
            expires_in: Lifetime::from_seconds(self.exp.saturating_sub(self.iat)),
            expires_at: Timestamp::from_seconds(self.exp),
        })
    }
}

/// Asks the hook, and refuses what no token may carry.
pub(crate) fn own_claims(hook: Option<&dyn ClaimsHook>, user: &User) -> Result<Map<String, Value>, Error> {
    let Some(hook) = hook else { return Ok(Map::new()) };
    let claims = hook.claims(user);
    if let Some(name) = claims.keys().find(|name| REGISTERED.contains(&name.as_str())) {
        return Err(ClaimRefused::Registered(name.clone()).into());
    }
    if let Some(name) = secret_name(&claims) {
        return Err(ClaimRefused::Secret(name.to_owned()).into());
    }
    let length = serde_json::to_vec(&claims)?.len();
    if !claims.is_empty() && length > MOST_BYTES {
        return Err(ClaimRefused::TooLong(length).into());
    }
    Ok(claims)
}

/// `acr`: how strong the sign-in was. Two kinds of proof, or a key that needs the person's presence, are `aal2`.
fn strength(amr: &[String]) -> &'static str {
    let strong = |name: &String| matches!(name.as_str(), "otp" | "hwk" | "swk" | "mfa");
    if amr.iter().any(strong) { "aal2" } else { "aal1" }
}

/// `access` ±5 %, to the microsecond.
fn jittered(access: Lifetime, env: &Env) -> Lifetime {
    let (whole, twentieth) = (access.as_micros(), access.as_micros() / 20);
    let width = twentieth.unsigned_abs().saturating_mul(2).saturating_add(1);
    let drawn = i64::try_from(env.entropy().below(width)).unwrap_or(0);
    Lifetime::from_micros(whole.saturating_sub(twentieth).saturating_add(drawn))
}

/// The first name, at any depth, that speaks of a secret.
fn secret_name(claims: &Map<String, Value>) -> Option<&str> {
    claims.iter().find_map(|(name, value)| if speaks_of_a_secret(name) { Some(name.as_str()) } else { within(value) })
}

fn within(value: &Value) -> Option<&str> {
    match value {
        Value::Object(members) => secret_name(members),
        Value::Array(items) => items.iter().find_map(within),
        _ => None,
    }
}

/// Whether a name has one of [`SECRET_WORDS`] as a word, one or many, or one of [`SECRET_PARTS`] anywhere once it is written
/// together.
fn speaks_of_a_secret(name: &str) -> bool {
    let together: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let is_secret = |word: &String| {
        let singular = [Some(word.as_str()), word.strip_suffix('s'), word.strip_suffix("es")];
        singular.into_iter().flatten().any(|word| SECRET_WORDS.contains(&word))
    };
    SECRET_PARTS.iter().any(|part| together.contains(part)) || words(name).iter().any(is_secret)
}

/// The words of `snake_case`, `kebab-case` and `camelCase`, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut apart = String::new();
    let mut after_small = false;
    for c in name.chars() {
        if c.is_uppercase() && after_small {
            apart.push(' ');
        }
        apart.extend(c.to_lowercase());
        after_small = c.is_lowercase() || c.is_numeric();
    }
    apart.split(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect()
}

/// JWT's own names (IANA registry), those of API.md, and those that other parts of this system will use.
const REGISTERED: &[&str] = &[
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "ver",
    "did",
    "client_id",
    "email",
    "email_verified",
    "roles",
    "permissions",
    "status",
    "auth_time",
    "amr",
    "acr",
    "scope",
    "cnf",
    "act",
    "may_act",
    "azp",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "typ",
    "events",
    "entitlements",
    "groups",
    "authorization_details",
    "kid",
    "alg",
    "crit",
];
/// Refused as whole words: inside others they are harmless (`discard`, `scorecard`, `hashtag`).
const SECRET_WORDS: &[&str] = &[
    "card",
    "hash",
    "ssn",
    "pin",
    "pan",
    "cvv",
    "cvc",
    "pwd",
    "salt",
    "otp",
    "totp",
    "iban",
    "token",
    "cookie",
    "credential",
];
/// Refused wherever they stand.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "privatekey",
    "apikey",
    "accesskey",
    "masterkey",
    "signingkey",
    "encryptionkey",
    "seedphrase",
    "mnemonic",
    "cardnumber",
    "creditcard",
    "socialsecurity",
    "recoverycode",
    "backupcode",
    "accesstoken",
    "refreshtoken",
    "sessiontoken",
    "passport",
    "taxid",
];
/// The most JSON that an embedder's claims may be.
const MOST_BYTES: usize = 1_024;

#[cfg(test)]
mod tests;
