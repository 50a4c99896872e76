//! Signed checkpoints: what binds the chain to a key that is in no database.
//!
//! A checkpoint says that at some moment the chain ended with this hash at this number; a base says that the chain begins
//! behind this number, because what stood before was given up for its age. Both are compact JWS with a `typ` of their own,
//! under a key of their own ([`CheckpointKind::typ`]): none of them is ever taken for a token, nor a token for one of
//! them. Checkpoints are numbered without gaps, so that one that was taken away is missed. Follows DESIGN section 7.

use countersign_jose::{Error as JoseError, SigningKey, VerifyingKey, verify_jws_with};
use countersign_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chain::Link;
use crate::hash::Hash;

/// What a signed statement about the chain says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckpointKind {
    /// The chain goes through here.
    Checkpoint,
    /// The chain begins behind this: all up to here was given up.
    Base,
}

impl CheckpointKind {
    /// The `typ` header parameter.
    #[must_use]
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Checkpoint => "countersign-audit-checkpoint+jwt",
            Self::Base => "countersign-audit-base+jwt",
        }
    }
}

/// A statement about the chain, to be signed or whose signature was good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The checkpoint's own number, from 1; of a base, that of the last checkpoint that was given up with the records.
    pub number: u64,
    /// The number and hash of the record.
    pub link: Link,
    /// When it was signed, in whole seconds.
    pub at: Timestamp,
}

/// Why a statement is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It names another key.
    #[error("it is signed with another key")]
    OtherKey,
    /// The signature is not the key's.
    #[error("its signature is bad")]
    Signature,
    /// It is something else than it should be.
    #[error("it is no such statement")]
    NotOne,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claims {
    number: u64,
    seq: u64,
    hash: Hash,
    iat: i64,
}

impl Checkpoint {
    /// The statement under `key`, as one line.
    ///
    /// # Errors
    /// [`JoseError::Crypto`] if the library fails.
    pub fn sign(&self, kind: CheckpointKind, key: &SigningKey) -> Result<String, JoseError> {
        let Link { seq, hash } = self.link;
        key.sign(kind.typ(), &Claims { number: self.number, seq, hash, iat: self.at.as_seconds() })
    }

    /// The statement in `text`, if it is one of this kind and `key` has signed it.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify(text: &str, kind: CheckpointKind, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        let payload = verify_jws_with(text, key, Some(kind.typ())).map_err(|error| match error {
            JoseError::UnknownKey => CheckpointError::OtherKey,
            JoseError::Signature | JoseError::Malformed("signature") => CheckpointError::Signature,
            _ => CheckpointError::NotOne,
        })?;
        let claims: Claims = countersign_jose::json::from_slice(&payload).map_err(|_| CheckpointError::NotOne)?;
        Ok(Self {
            number: claims.number,
            link: Link { seq: claims.seq, hash: claims.hash },
            at: Timestamp::from_seconds(claims.iat),
        })
    }
}

#[cfg(test)]
mod tests {
    use countersign_jose::Algorithm;

    use super::*;
    use crate::testing::{chain, signing_key};

    fn checkpoint() -> Checkpoint {
        let (place, _) = chain(3).pop().unwrap();
        Checkpoint { number: 7, link: place.link, at: Timestamp::from_seconds(1_800_000_000) }
    }

    #[test]
    fn a_checkpoint_reads_back_under_its_key_alone() {
        let key = signing_key(1);
        let text = checkpoint().sign(CheckpointKind::Checkpoint, &key).unwrap();
        let read = |key: &SigningKey| Checkpoint::verify(&text, CheckpointKind::Checkpoint, &key.verifying_key());

        assert_eq!(read(&key), Ok(checkpoint()));
        assert_eq!(read(&signing_key(2)), Err(CheckpointError::OtherKey));
        assert!(!text.contains(['\n', ' ']), "one line");
    }

    #[test]
    fn a_stranger_who_takes_the_name_of_the_key_is_not_believed() {
        let key = signing_key(1);
        let stranger = SigningKey::generate(Algorithm::EdDSA, Some(key.kid()), |target| target.fill(77)).unwrap();
        let text = checkpoint().sign(CheckpointKind::Checkpoint, &stranger).unwrap();

        let read = Checkpoint::verify(&text, CheckpointKind::Checkpoint, &key.verifying_key());

        assert_eq!(read, Err(CheckpointError::Signature));
    }

    // attack 19
    #[test]
    fn neither_a_token_nor_a_base_passes_for_a_checkpoint() {
        let key = signing_key(1);
        let claims = serde_json::json!({"number": 1, "seq": 1, "hash": checkpoint().link.hash, "iat": 1});
        let verifying = key.verifying_key();
        for (typ, verdict) in [
            ("at+jwt", Err(CheckpointError::NotOne)),
            (CheckpointKind::Base.typ(), Err(CheckpointError::NotOne)),
            (CheckpointKind::Checkpoint.typ(), Ok(1)),
        ] {
            let text = key.sign(typ, &claims).unwrap();
            let read = Checkpoint::verify(&text, CheckpointKind::Checkpoint, &verifying);
            assert_eq!(read.map(|checkpoint| checkpoint.number), verdict, "{typ}");
        }
    }
}
