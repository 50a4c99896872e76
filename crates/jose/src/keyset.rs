//! Several verifying keys by name (RFC 7517 section 5).

use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::json;
use crate::jwk::{Jwk, holds_secret};
use crate::verifying_key::VerifyingKey;

/// The keys that a verifier believes. No two have the same name.
///
/// Sets are small (a signer has the next key, the active one and a few retired), so finding one is a short scan.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

impl KeySet {
    /// A set of these keys.
    ///
    /// # Errors
    /// [`Error::KeySet`] if two keys have one name.
    pub fn new(keys: Vec<VerifyingKey>) -> Result<Self, Error> {
        for (index, key) in keys.iter().enumerate() {
            if keys.iter().take(index).any(|earlier| earlier.kid() == key.kid()) {
                return Err(Error::KeySet("two keys have one kid"));
            }
        }
        Ok(Self { keys })
    }

    /// Reads a JWK set that someone published.
    ///
    /// Keys that are of another kind, for another use or unsound are passed over, so that an issuer may publish what we do
    /// not know. A private or symmetric key is not passed over: a set that shows a secret is worth nothing, and a shared
    /// secret among public keys invites their confusion.
    ///
    /// # Errors
    /// [`Error::Json`] if the text is not strict JSON; [`Error::KeySet`] if it is not a JWK set, shows a secret, names two
    /// usable keys alike, or has more than 64 keys.
    pub fn from_jwks(text: &str) -> Result<Self, Error> {
        let set = json::object(text.as_bytes())?;
        let Some(Value::Array(entries)) = set.get("keys") else {
            return Err(Error::KeySet("no list of keys"));
        };
        if entries.len() > MAX_KEYS {
            return Err(Error::KeySet("more than 64 keys"));
        }
        let mut keys = Vec::new();
        for entry in entries {
            let members = entry.as_object().ok_or(Error::KeySet("a key is not an object"))?;
            if holds_secret(members) {
                return Err(Error::KeySet("a private or symmetric key is among the public ones"));
            }
            keys.extend(Jwk::from_members(members).and_then(VerifyingKey::new));
        }
        Self::new(keys)
    }

    /// The key of that name.
    #[must_use]
    pub fn find(&self, kid: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    /// All keys, in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether no token can pass.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The public keys as a JWK set. HS256 keys are left out: they have no public part.
    #[must_use]
    pub fn to_jwks_json(&self) -> String {
        #[derive(Serialize)]
        struct Jwks<'a> {
            keys: Vec<&'a Jwk>,
        }
        // Only strings under string names: this cannot fail.
        serde_json::to_string(&Jwks { keys: self.keys.iter().filter_map(VerifyingKey::jwk).collect() })
            .unwrap_or_default()
    }
}

const MAX_KEYS: usize = 64;
