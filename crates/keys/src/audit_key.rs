//! The key that signs checkpoints of the audit chain.
//!
//! Promises: it signs nothing else, and no other key signs checkpoints: it is derived from a root of its own, which is sealed
//! under the master key like every root, and it is in no JWKS. Its name is its thumbprint (RFC 7638), so that to know the name
//! is to know the key. It is never rotated: what it has signed must be checkable as long as the trail is kept. Follows DESIGN
//! sections 3 and 7.

use std::fmt;
use std::sync::Arc;

use countersign_jose::{Algorithm, Jwk, SigningKey, VerifyingKey};
use countersign_kernel::Env;
use countersign_store::Store;

use crate::derive::derive;
use crate::error::Error;
use crate::master::MasterKey;
use crate::root::{AUDIT, load_or_make};

/// The key that signs checkpoints. Cheap to clone.
#[derive(Clone)]
pub struct AuditKey(Arc<SigningKey>);

impl AuditKey {
    /// Opens the key, and makes it where there is none yet. Of racing first starts all get the same.
    ///
    /// # Errors
    /// As [`crate::Roots::load_or_make`].
    pub async fn load_or_make(store: &dyn Store, master: &MasterKey, env: &Env) -> Result<Self, Error> {
        let root = load_or_make(store, master, env, AUDIT).await?;
        let seed = derive(&root, "audit checkpoints", b"");
        let key = SigningKey::from_private_bytes(seed.expose(), Algorithm::EdDSA, None);
        key.map(|key| Self(Arc::new(key))).map_err(|_| Error::Crypto("deriving the audit key"))
    }

    /// What signs.
    #[must_use]
    pub fn signer(&self) -> &SigningKey {
        &self.0
    }

    /// What checks.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.verifying_key()
    }

    /// The name: the thumbprint of the public key.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.0.kid()
    }

    /// The public key as a JWK.
    #[must_use]
    pub fn public_jwk(&self) -> String {
        self.0.public_jwk().map(Jwk::to_json).unwrap_or_default()
    }
}

impl fmt::Debug for AuditKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditKey({})", self.kid())
    }
}
