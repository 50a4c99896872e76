//! Seals secrets at rest: AES-256-GCM-SIV (RFC 8452) under the master key.
//!
//! Promises: sealed bytes open only under the same master key and the same context, so that nothing can be moved to
//! another row; a nonce that repeats by accident shows no more than that two equal plaintexts are equal; the wrong master
//! key is told from damage, because the sealed bytes name their key by a fingerprint.
//!
//! The form: 1 byte version (1), 8 bytes fingerprint of the master key, 12 bytes nonce, the ciphertext, 16 bytes tag. The
//! first 9 bytes and the context are authenticated with it.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use countersign_kernel::{Env, Secret};

use crate::master::MasterKey;

const VERSION: u8 = 1;
const PREFIX: usize = 1 + 8;

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// It was sealed under another master key.
    #[error("sealed under another master key")]
    OtherKey,
    /// It is not something sealed, was changed, or belongs to another context.
    #[error("sealed bytes are damaged or belong elsewhere")]
    Damaged,
    /// The cryptography library failed.
    #[error("sealing failed")]
    Crypto,
}

impl MasterKey {
    /// Seals `plain` for one place only: `context` names it, for example `root/refresh`.
    ///
    /// # Errors
    /// [`SealError::Crypto`] if the library fails, which it does for no length that fits in memory.
    pub fn seal(&self, context: &str, plain: &[u8], env: &Env) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = env.entropy().bytes();
        // Room for the tag from the start: a buffer that grew would leave a copy of the plaintext behind.
        let mut text = Vec::with_capacity(plain.len().saturating_add(AES_256_GCM_SIV.tag_len()));
        text.extend_from_slice(plain);
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(self.aad(context)), &mut text)
            .map_err(|_| SealError::Crypto)?;
        Ok([self.prefix().as_slice(), &nonce, &text].concat())
    }

    /// Opens what [`MasterKey::seal`] made for the same context.
    ///
    /// # Errors
    /// [`SealError::OtherKey`] or [`SealError::Damaged`].
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, SealError> {
        let (prefix, rest) = sealed.split_at_checked(PREFIX).ok_or(SealError::Damaged)?;
        let (nonce, text) = rest.split_at_checked(NONCE_LEN).ok_or(SealError::Damaged)?;
        if prefix.first() != Some(&VERSION) {
            return Err(SealError::Damaged);
        }
        if prefix != self.prefix() {
            return Err(SealError::OtherKey);
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Damaged)?;
        let mut buffer = text.to_vec();
        let length = self
            .cipher()?
            .open_in_place(nonce, Aad::from(self.aad(context)), &mut buffer)
            .map_err(|_| SealError::Damaged)?
            .len();
        buffer.truncate(length);
        Ok(Secret::new(buffer))
    }

    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        UnboundKey::new(&AES_256_GCM_SIV, self.sealing()).map(LessSafeKey::new).map_err(|_| SealError::Crypto)
    }

    fn prefix(&self) -> [u8; PREFIX] {
        let [a, b, c, d, e, f, g, h] = self.fingerprint();
        [VERSION, a, b, c, d, e, f, g, h]
    }

    /// The prefix has a fixed length, so that no two contexts make the same bytes.
    fn aad(&self, context: &str) -> Vec<u8> {
        [self.prefix().as_slice(), context.as_bytes()].concat()
    }
}

#[cfg(test)]
mod tests;
