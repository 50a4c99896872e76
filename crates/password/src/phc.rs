//! Password hashes as text: the PHC string format.
//!
//! Written: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, with `keyid=…` after `p` where a pepper went in. Read: that and the two
//! other kinds of Argon2, verify-only.

use argon2::{Algorithm, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_kernel::Secret;
use password_hash::phc::{ParamsString, PasswordHash, Salt};

use crate::error::Error;
use crate::params::{OUTPUT_BYTES, Params};
use crate::pepper::{Pepper, PepperId};
use crate::recipe::Recipe;

/// The greatest memory of a stored hash that is still computed, in KiB.
const MAX_STORED_MEMORY_KIB: u32 = 1 << 20;

/// A stored hash, read.
#[derive(Clone)]
pub(crate) struct Stored {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: argon2::Params,
    pub(crate) salt: Vec<u8>,
    pub(crate) output: Secret<Vec<u8>>,
}

impl Stored {
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let phc = PasswordHash::new(text).map_err(|_| Error::UnknownHash)?;
        let algorithm = Algorithm::try_from(phc.algorithm.as_str()).map_err(|_| Error::UnknownHash)?;
        // A string without a version is of version 16.
        let version = Version::try_from(phc.version.unwrap_or(16)).map_err(|_| Error::UnknownHash)?;
        let params = argon2::Params::try_from(&phc).map_err(|_| Error::UnknownHash)?;
        let salt = phc.salt.ok_or(Error::UnknownHash)?.as_ref().to_vec();
        let output = phc.hash.ok_or(Error::UnknownHash)?.as_bytes().to_vec();
        if params.m_cost() > MAX_STORED_MEMORY_KIB {
            return Err(Error::UnknownHash);
        }
        Ok(Self { algorithm, version, params, salt, output: Secret::new(output) })
    }

    /// The pepper that went in.
    ///
    /// # Errors
    /// [`Error::UnknownPepper`]: something stands in its place that is no pepper's mark.
    pub(crate) fn pepper(&self) -> Result<Option<PepperId>, Error> {
        match self.params.keyid() {
            [] => Ok(None),
            mark => {
                PepperId::from_bytes(mark).map(Some).ok_or_else(|| Error::UnknownPepper(STANDARD_NO_PAD.encode(mark)))
            }
        }
    }

    /// Whether a hash made today would look different.
    pub(crate) fn needs_rehash(&self, today: Params, pepper: Option<PepperId>) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() != today.memory_kib
            || self.params.t_cost() != today.iterations
            || self.params.p_cost() != today.parallelism
            || self.params.keyid() != pepper.as_ref().map_or(&[][..], |id| id.as_bytes())
            || !self.params.data().is_empty()
            || self.salt.len() != SALT_BYTES
            || self.output.expose().len() != OUTPUT_BYTES
    }

    /// How it was made; `pepper` is the one that it names.
    pub(crate) fn recipe(&self, pepper: Option<Pepper>) -> Recipe {
        Recipe { algorithm: self.algorithm, version: self.version, params: self.params.clone(), pepper }
    }
}

/// The text of a fresh hash.
pub(crate) fn write(params: &argon2::Params, salt: &[u8], output: &[u8]) -> Result<Secret<String>, Error> {
    let broken = |_| Error::Failed("could not write a hash as text");
    let phc = PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|_| Error::Failed("could not write parameters as text"))?,
        salt: Some(Salt::new(salt).map_err(broken)?),
        hash: Some(password_hash::phc::Output::new(output).map_err(broken)?),
    };
    Ok(Secret::new(phc.to_string()))
}

/// 128 bits of salt.
pub(crate) const SALT_BYTES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Params = Params { memory_kib: 64, iterations: 2, parallelism: 1 };
    const GOOD: &str = "$argon2id$v=19$m=64,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn each_thing_that_differs_from_today_asks_for_a_new_hash() {
        assert!(!Stored::parse(GOOD).unwrap().needs_rehash(TODAY, None));
        for (was, is) in [
            ("argon2id", "argon2i"),
            ("argon2id", "argon2d"),
            ("v=19", "v=16"),
            ("m=64", "m=65"),
            ("t=2", "t=3"),
            ("p=1", "p=2"),
            ("p=1", "p=1,keyid=AAAAAAAA"),
            ("p=1", "p=1,data=AAAA"),
            ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAA$"),
            ("$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let other = GOOD.replacen(was, is, 1);
            assert!(Stored::parse(&other).unwrap().needs_rehash(TODAY, None), "{other}");
        }
    }

    #[test]
    fn a_hash_under_another_pepper_or_none_asks_for_a_new_one() {
        let mark = |id: &str| Some(id.parse::<PepperId>().unwrap());
        let peppered = GOOD.replace("p=1", "p=1,keyid=c2FsdHk4");
        let stored = Stored::parse(&peppered).unwrap();

        assert_eq!(stored.pepper().unwrap(), mark("c2FsdHk4"));
        assert!(!stored.needs_rehash(TODAY, mark("c2FsdHk4")));
        assert!(stored.needs_rehash(TODAY, mark("c2FsdHk5")));
        assert!(stored.needs_rehash(TODAY, None));
        assert!(Stored::parse(GOOD).unwrap().needs_rehash(TODAY, mark("c2FsdHk4")));
    }

    #[test]
    fn a_key_id_of_another_make_is_named_and_never_taken_for_none() {
        let stored = Stored::parse(&GOOD.replace("p=1", "p=1,keyid=AAAA")).unwrap();
        assert!(matches!(stored.pepper(), Err(Error::UnknownPepper(id)) if id == "AAAA"));
    }

    #[test]
    fn a_gibibyte_is_the_most_that_a_stored_hash_may_ask_for() {
        assert!(Stored::parse(&GOOD.replace("m=64", "m=1048576")).is_ok());
        assert!(Stored::parse(&GOOD.replace("m=64", "m=1048577")).is_err());
    }
}
