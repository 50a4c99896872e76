//! The master key: the one secret that is not in the database.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::{Env, Secret, hex};
use zeroize::{Zeroize, Zeroizing};

use crate::derive::derive;

/// Why some text or bytes are no master key. Says nothing of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeyError {
    /// Neither 43 characters of base64url nor 32 bytes.
    #[error(
        "the master key must be 256 bits: 43 characters of base64url, or a file of 32 bytes; `countersign keys generate-master` makes one"
    )]
    Malformed,
    /// The right length, but nobody's random choice.
    #[error("the master key is not random; `countersign keys generate-master` makes one")]
    NotRandom,
}

/// 256 bits under which signing keys and roots are sealed.
///
/// Working keys are derived from it, one to seal with and a fingerprint to know it by; itself it encrypts nothing.
#[derive(Debug, Clone)]
pub struct MasterKey {
    key: Secret<[u8; 32]>,
    sealing: Secret<[u8; 32]>,
    fingerprint: [u8; 8],
}

impl MasterKey {
    /// A new key.
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        Self::from_key(Secret::new(env.entropy().bytes()))
    }

    /// Reads 43 characters of base64url without padding; white space around them does not count.
    ///
    /// # Errors
    /// [`MasterKeyError`] if it is something else, or plainly not random.
    pub fn from_text(text: &str) -> Result<Self, MasterKeyError> {
        let text = text.trim_ascii();
        let mut key = Zeroizing::new([0; 32]);
        match URL_SAFE_NO_PAD.decode_slice(text, key.as_mut()) {
            Ok(32) if text.len() == 43 => Self::checked(*key),
            _ => Err(MasterKeyError::Malformed),
        }
    }

    /// Reads what a key file holds: 32 raw bytes, or the text of [`MasterKey::from_text`].
    ///
    /// # Errors
    /// [`MasterKeyError`] if it is neither, or plainly not random.
    pub fn from_file_contents(contents: &[u8]) -> Result<Self, MasterKeyError> {
        match <[u8; 32]>::try_from(contents) {
            // 32 letters are a pass phrase or half a hexadecimal key. Chance makes such bytes once in 10^13 keys.
            Ok(key) if key.iter().all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) => {
                Err(MasterKeyError::NotRandom)
            }
            Ok(mut key) => {
                let checked = Self::checked(key);
                key.zeroize();
                checked
            }
            Err(_) => std::str::from_utf8(contents).map_err(|_| MasterKeyError::Malformed).and_then(Self::from_text),
        }
    }

    /// The key as 43 characters of base64url, to be written to its file.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(URL_SAFE_NO_PAD.encode(self.key.expose()))
    }

    fn checked(key: [u8; 32]) -> Result<Self, MasterKeyError> {
        // 32 random bytes repeat so much once in 10^40 keys; keys of a keyboard or a counter do.
        let mut distinct = Zeroizing::new(key);
        distinct.sort_unstable();
        let repeats = distinct.windows(2).filter(|pair| matches!(pair, [a, b] if a == b)).count();
        let steps = key.windows(2).filter(|pair| matches!(pair, [a, b] if b.wrapping_sub(*a) == 1)).count();
        if repeats > 20 || steps > 20 {
            return Err(MasterKeyError::NotRandom);
        }
        Ok(Self::from_key(Secret::new(key)))
    }

    /// The key with these bytes, which are random.
    pub(crate) fn from_key(key: Secret<[u8; 32]>) -> Self {
        let sealing = derive(&key, "master/seal", b"");
        let mut fingerprint = [0; 8];
        for (slot, byte) in fingerprint.iter_mut().zip(derive(&key, "master/fingerprint", b"").expose()) {
            *slot = *byte;
        }
        Self { key, sealing, fingerprint }
    }

    /// What tells this key from others, in 16 hexadecimal digits. Nothing can be computed back from it.
    #[must_use]
    pub fn fingerprint_text(&self) -> String {
        hex::encode(&self.fingerprint)
    }

    /// The key that seals.
    pub(crate) const fn sealing(&self) -> &[u8; 32] {
        self.sealing.expose()
    }

    /// What tells this key from others: 64 bits from which nothing can be computed back.
    pub(crate) const fn fingerprint(&self) -> [u8; 8] {
        self.fingerprint
    }
}

#[cfg(test)]
mod tests;
