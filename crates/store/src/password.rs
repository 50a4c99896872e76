//! A person's password, as its hash alone. Kept apart from the account, so that reading a person never reads a credential.

use async_trait::async_trait;
use countersign_kernel::{Secret, Timestamp, UserId};

use crate::error::Error;

/// A password hash in PHC string format; one that another system has made, in the form in which it is known here.
#[derive(Debug, Clone)]
pub struct PasswordHash(pub Secret<String>);

impl PasswordHash {
    /// The id of the pepper that went in, as its parameter `keyid` says; none for a hash without one.
    #[must_use]
    pub fn pepper_id(&self) -> Option<&str> {
        let argon2 = self.0.expose().strip_prefix("$argon2")?;
        let mut parameters = argon2.split('$').skip(1).flat_map(|field| field.split(','));
        parameters.find_map(|parameter| parameter.strip_prefix("keyid=")).filter(|id| !id.is_empty())
    }
}

/// How many hashes need a pepper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PepperUse {
    /// What the pepper is known by.
    pub pepper_id: String,
    /// How many hashes name it.
    pub hashes: u64,
}

/// Keeps password hashes.
#[async_trait]
pub trait Passwords {
    /// The hash of this account's password.
    async fn find_password(&mut self, user: UserId) -> Result<Option<PasswordHash>, Error>;

    /// Sets the first password of an account; `false` where it has one already. [`Error::Conflict`] where the account has just
    /// been deleted.
    async fn insert_password(&mut self, user: UserId, hash: &PasswordHash, now: Timestamp) -> Result<bool, Error>;

    /// Replaces the hash, if it is still `expected`: of racing changes that judged the same old hash one wins.
    async fn replace_password(
        &mut self,
        user: UserId,
        expected: &PasswordHash,
        hash: &PasswordHash,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Takes the password away; `false` where there is none.
    async fn delete_password(&mut self, user: UserId) -> Result<bool, Error>;

    /// Every pepper that a stored hash needs, and how many need it; by id.
    async fn list_pepper_uses(&mut self) -> Result<Vec<PepperUse>, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pepper_is_read_where_it_stands_and_nowhere_else() {
        for (text, id) in [
            ("$argon2id$v=19$m=19456,t=2,p=1,keyid=AAAAAAAA$c2FsdA$aGFzaA", Some("AAAAAAAA")),
            ("$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA", None),
            ("$argon2id$v=19$m=19456,t=2,p=1,keyid=$c2FsdA$aGFzaA", None),
            ("$pbkdf2$keyid=AAAAAAAA$c2FsdA", None),
            ("keyid=AAAAAAAA", None),
            ("", None),
        ] {
            assert_eq!(PasswordHash(Secret::new(text.to_owned())).pepper_id(), id, "{text}");
        }
    }
}
