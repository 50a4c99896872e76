//! A key of the ring, without its secret.

use countersign_kernel::{KeyId, Timestamp};
use countersign_store::signing_key::{KeyState, SigningKey as Row};

use crate::material::Material;

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Published, not yet signing.
    Next,
    /// Signing.
    Active,
    /// No longer signing; published until its last token has died.
    Retired,
    /// Withdrawn at once: not published, its private half destroyed; its tokens are superseded until the last has died.
    Withdrawn,
}

impl Standing {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Next => "next",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A key of the ring, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RingKey {
    /// The id: what a revocation of the key names.
    pub id: KeyId,
    /// The `kid` header parameter: the id's text, or what an imported key was called.
    pub kid: String,
    /// The JOSE algorithm name.
    pub algorithm: String,
    /// Where it is in its life.
    pub standing: Standing,
    /// The public key as a JWK in JSON; none for `HS256`.
    pub public_jwk: Option<String>,
    /// When it was made or imported, and thereby published.
    pub created_at: Timestamp,
    /// When it began to sign.
    pub activated_at: Option<Timestamp>,
    /// When it stopped.
    pub retired_at: Option<Timestamp>,
    /// From when on it may go.
    pub gone_after: Option<Timestamp>,
}

impl RingKey {
    /// Whether it was brought in from outside: a key of our own making is called by its id.
    #[must_use]
    pub fn is_imported(&self) -> bool {
        self.kid != self.id.to_string()
    }

    pub(crate) fn of(row: &Row, material: &Material) -> Self {
        let standing = match (row.state, material) {
            (_, Material::Withdrawn(_)) => Standing::Withdrawn,
            (KeyState::Next, Material::Signs(_)) => Standing::Next,
            (KeyState::Active, Material::Signs(_)) => Standing::Active,
            (KeyState::Retired, Material::Signs(_)) => Standing::Retired,
        };
        Self {
            id: row.id,
            kid: row.kid.clone(),
            algorithm: row.algorithm.clone(),
            standing,
            public_jwk: row.public_jwk.clone(),
            created_at: row.created_at,
            activated_at: row.activated_at,
            retired_at: row.retired_at,
            gone_after: row.gone_after,
        }
    }
}
