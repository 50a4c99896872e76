//! An embedder's own claims in access tokens, and what none of them may be.

use countersign_store::User;
use serde_json::{Map, Value};

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

/// Asks the hook, and refuses what no token may carry.
pub(crate) fn own_claims(hook: Option<&dyn ClaimsHook>, user: &User) -> Result<Map<String, Value>, ClaimRefused> {
    let Some(hook) = hook else { return Ok(Map::new()) };
    let claims = hook.claims(user);
    if let Some(name) = claims.keys().find(|name| REGISTERED.contains(&name.as_str())) {
        return Err(ClaimRefused::Registered(name.clone()));
    }
    if let Some(name) = secret_name(&claims) {
        return Err(ClaimRefused::Secret(name.to_owned()));
    }
    // A map of JSON values always becomes JSON.
    let length = serde_json::to_vec(&claims).map_or(usize::MAX, |json| json.len());
    if !claims.is_empty() && length > MOST_BYTES {
        return Err(ClaimRefused::TooLong(length));
    }
    Ok(claims)
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
