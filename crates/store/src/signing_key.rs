//! A signing key, its private half sealed under the master key (DESIGN section 3).

use async_trait::async_trait;
use countersign_kernel::{KeyId, Timestamp};

use crate::error::Error;

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyState {
    /// Published, not yet signing.
    Next,
    /// Signing.
    Active,
    /// No longer signing; published until its last token has died.
    Retired,
}

impl KeyState {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
        }
    }

    /// The state with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "next" => Some(Self::Next),
            "active" => Some(Self::Active),
            "retired" => Some(Self::Retired),
            _ => None,
        }
    }
}

/// A signing key. A key that is gone has no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// The row's own id.
    pub id: KeyId,
    /// The `kid` header parameter: the id's text, or what an imported key was called.
    pub kid: String,
    /// The JOSE algorithm name: `EdDSA`, `ES256`, `RS256`, `PS256`, `HS256`.
    pub algorithm: String,
    /// Where it is in its life.
    pub state: KeyState,
    /// The sealed private key.
    pub sealed: Vec<u8>,
    /// The public key as a JWK in JSON; none for `HS256`.
    pub public_jwk: Option<String>,
    /// When it was made or imported.
    pub created_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When it stopped.
    pub retired_at: Option<Timestamp>,
    /// From when on it may go: its last token has died. Set when it retires.
    pub gone_after: Option<Timestamp>,
}

/// Keeps signing keys.
#[async_trait]
pub trait SigningKeys {
    /// All keys, oldest first. They are few.
    async fn list_signing_keys(&mut self) -> Result<Vec<SigningKey>, Error>;

    /// Adds a key; `false` where its `kid` exists already, or where it is `Next` or `Active` and there is one in that state
    /// already for the same algorithm, so that racing nodes make one.
    async fn insert_signing_key(&mut self, key: &SigningKey) -> Result<bool, Error>;

    /// Moves a key on, if it is still in `from`. Setting `Active` sets `activated_at`, `Retired` sets `retired_at` and
    /// `gone_after`.
    async fn move_signing_key(
        &mut self,
        id: KeyId,
        from: KeyState,
        to: KeyState,
        now: Timestamp,
        gone_after: Option<Timestamp>,
    ) -> Result<bool, Error>;

    /// Deletes a key; `false` where there is none.
    async fn delete_signing_key(&mut self, id: KeyId) -> Result<bool, Error>;
}
