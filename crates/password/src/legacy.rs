//! Password hashes that other systems have made: read, checked, never written anew.
//!
//! Promises: a text is read once and cannot be wrong afterwards; every parameter is held against its bounds before anything is
//! computed, so that no check here costs more than about two seconds of a core and 256 MiB, whoever wrote the file it came from; a
//! comparison takes the same time wherever the bytes differ; no text makes it panic. What is read has one canonical text, which
//! is what a database keeps. Follows DESIGN section 4.
//!
//! A password is hashed as its bytes came in, without the normalisation that our own hashes begin with: so did those who made
//! the hash.

mod argon2;
mod bcrypt;
mod encoding;
mod firebase;
mod pbkdf2;
mod scrypt;
mod sha_crypt;

use std::fmt;

use countersign_kernel::Secret;

use argon2::Argon2Hash;
use bcrypt::Bcrypt;
use firebase::FirebaseScrypt;
use pbkdf2::Pbkdf2;
use scrypt::Scrypt;
use sha_crypt::ShaCrypt;

/// A hash of another system.
#[derive(Clone)]
pub enum LegacyHash {
    /// Argon2 of any kind, in PHC form or as Django writes it.
    Argon2(Argon2Hash),
    /// bcrypt `$2a$`, `$2b$`, `$2x$` and `$2y$`, alone, with a pepper, or over a SHA-256 as Django does it.
    Bcrypt(Bcrypt),
    /// The scrypt of Firebase projects. Needs the project's signer key.
    FirebaseScrypt(FirebaseScrypt),
    /// PBKDF2 with HMAC: in PHC form, as Django and passlib write it, and ASP.NET Identity's versions 2 and 3.
    Pbkdf2(Pbkdf2),
    /// scrypt: in PHC form and as Django writes it.
    Scrypt(Scrypt),
    /// `$5$` and `$6$` of crypt(3).
    ShaCrypt(ShaCrypt),
}

/// Why a text cannot be kept as a hash. Says nothing of its salt or its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No kind that is known here.
    #[error("a password hash of an unknown kind")]
    Unknown,
    /// It begins like a known kind and is not one.
    #[error("a damaged {0} hash")]
    Damaged(&'static str),
    /// It asks for more work or memory than is allowed, or is too short to prove anything.
    #[error("{kind}: {parameter} is {found}, and {least} to {most} are accepted")]
    OutOfBounds {
        /// The kind of hash.
        kind: &'static str,
        /// Which parameter.
        parameter: &'static str,
        /// What the hash says.
        found: u64,
        /// The least that is accepted.
        least: u64,
        /// The most that is accepted, the other parameters being as they are.
        most: u64,
    },
}

impl LegacyHash {
    /// The longest text that is looked at, in bytes.
    pub const MAX_TEXT: usize = 1024;

    /// Reads a hash, in the canonical form or as the system wrote it that made it.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn parse(text: &str) -> Result<Self, Unusable> {
        if text.len() > Self::MAX_TEXT {
            return Err(Unusable::Unknown);
        }
        // The first word names the kind: `$2b$…` has it after a dollar, Django's forms at the very beginning.
        let name = text.trim_start_matches('$').split('$').next().unwrap_or_default();
        match name {
            "argon2" | "argon2i" | "argon2d" | "argon2id" => Argon2Hash::parse(text).map(Self::Argon2),
            "2a" | "2b" | "2x" | "2y" | "bcrypt" | "bcrypt_sha256" | "bcrypt-pepper" => {
                Bcrypt::parse(text).map(Self::Bcrypt)
            }
            "fbscrypt" => FirebaseScrypt::parse(text).map(Self::FirebaseScrypt),
            "scrypt" => Scrypt::parse(text).map(Self::Scrypt),
            "5" | "6" => ShaCrypt::parse(text).map(Self::ShaCrypt),
            _ if name.starts_with("pbkdf2") => Pbkdf2::parse(text).map(Self::Pbkdf2),
            _ => Pbkdf2::parse_asp_net(text).map(Self::Pbkdf2),
        }
    }

    /// The canonical text, which [`LegacyHash::parse`] reads as the same hash.
    #[must_use]
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(match self {
            Self::Argon2(hash) => hash.to_text(),
            Self::Bcrypt(hash) => hash.to_text(),
            Self::FirebaseScrypt(hash) => hash.to_text(),
            Self::Pbkdf2(hash) => hash.to_text(),
            Self::Scrypt(hash) => hash.to_text(),
            Self::ShaCrypt(hash) => hash.to_text(),
        })
    }

    /// The kind, in a word: for reports and the audit trail.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Argon2(hash) => hash.kind(),
            Self::Bcrypt(_) => bcrypt::KIND,
            Self::FirebaseScrypt(_) => firebase::KIND,
            Self::Pbkdf2(hash) => hash.kind(),
            Self::Scrypt(_) => scrypt::KIND,
            Self::ShaCrypt(_) => sha_crypt::KIND,
        }
    }

    /// Whether it says nothing without a secret of the system that made it.
    #[must_use]
    pub const fn needs_secret(&self) -> bool {
        match self {
            Self::Bcrypt(hash) => hash.pepper().is_some(),
            Self::FirebaseScrypt(_) => true,
            _ => false,
        }
    }

    /// Under which name the secret is kept; none before [`LegacyHash::with_secret`], or where none is needed.
    #[must_use]
    pub fn secret_name(&self) -> Option<&str> {
        match self {
            Self::Bcrypt(hash) => hash.pepper(),
            Self::FirebaseScrypt(hash) => hash.signer_key(),
            _ => None,
        }
    }

    /// The same hash, made with the secret that is kept under `name`: 1 to 32 of `a-z 0-9`. None where no secret has a place:
    /// only bcrypt knows a pepper, and Firebase a signer key.
    #[must_use]
    pub fn with_secret(self, name: &str) -> Option<Self> {
        let is_name = (1..=32).contains(&name.len()) && name.bytes().all(encoding::is_name_byte);
        match self {
            _ if !is_name => None,
            Self::Bcrypt(hash) => hash.with_pepper(name).map(Self::Bcrypt),
            Self::FirebaseScrypt(hash) => Some(Self::FirebaseScrypt(hash.with_signer_key(name))),
            _ => None,
        }
    }

    /// How much memory a check takes, in KiB.
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        match self {
            Self::Argon2(hash) => hash.memory_kib(),
            Self::FirebaseScrypt(hash) => hash.memory_kib(),
            Self::Scrypt(hash) => hash.memory_kib(),
            Self::Bcrypt(_) | Self::Pbkdf2(_) | Self::ShaCrypt(_) => 8,
        }
    }

    /// What this password gives, to be compared with [`LegacyHash::expected`]; none where it cannot be the one, whatever it
    /// gives. The work is done in any case.
    pub(crate) fn compute(&self, password: &[u8], secret: &[u8]) -> Option<Secret<Vec<u8>>> {
        match self {
            Self::Argon2(hash) => hash.compute(password),
            Self::Bcrypt(hash) => hash.compute(password, secret),
            Self::FirebaseScrypt(hash) => hash.compute(password, secret),
            Self::Pbkdf2(hash) => Some(hash.compute(password)),
            Self::Scrypt(hash) => hash.compute(password),
            Self::ShaCrypt(hash) => hash.compute(password),
        }
    }

    /// What the right password gives.
    pub(crate) const fn expected(&self) -> &Secret<Vec<u8>> {
        match self {
            Self::Argon2(hash) => hash.expected(),
            Self::Bcrypt(hash) => hash.expected(),
            Self::FirebaseScrypt(hash) => hash.expected(),
            Self::Pbkdf2(hash) => hash.expected(),
            Self::Scrypt(hash) => hash.expected(),
            Self::ShaCrypt(hash) => hash.expected(),
        }
    }

    /// Whether this password, as its bytes came in, is the one: in the caller's thread. A server asks [`crate::Hasher`], which
    /// queues.
    #[must_use]
    pub fn matches(&self, password: &[u8], secret: &[u8]) -> bool {
        self.compute(password, secret).is_some_and(|output| output.matches(self.expected().expose()))
    }
}

impl fmt::Debug for LegacyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LegacyHash").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

/// Holds a parameter against its bounds.
fn within(kind: &'static str, parameter: &'static str, found: u64, least: u64, most: u64) -> Result<(), Unusable> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(Unusable::OutOfBounds { kind, parameter, found, least, most })
}

/// The fewest bytes of output that a hash must have: 128 bits. With less, other passwords would fit too.
const LEAST_OUTPUT: usize = 16;
/// The most that is read.
const MOST_OUTPUT: usize = 128;
/// The longest salt, in bytes.
const MOST_SALT: usize = 256;

/// Holds the lengths of salt and output against their bounds.
fn lengths(kind: &'static str, salt: &[u8], output: &[u8]) -> Result<(), Unusable> {
    within(kind, "salt bytes", salt.len() as u64, 0, MOST_SALT as u64)?;
    within(kind, "output bytes", output.len() as u64, LEAST_OUTPUT as u64, MOST_OUTPUT as u64)
}

#[cfg(test)]
mod tests;
