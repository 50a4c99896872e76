//! Password hashes as text: the PHC string format.
//!
//! Written: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. Read: that and the two other kinds of Argon2, verify-only.

use argon2::{Algorithm, Argon2, Version};
use countersign_kernel::Secret;
use password_hash::phc::{ParamsString, PasswordHash, Salt};

use crate::error::Error;
use crate::params::{OUTPUT_BYTES, Params};

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

    /// Whether a hash made today would look different.
    pub(crate) fn needs_rehash(&self, today: Params) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() != today.memory_kib
            || self.params.t_cost() != today.iterations
            || self.params.p_cost() != today.parallelism
            || self.salt.len() != SALT_BYTES
            || self.output.expose().len() != OUTPUT_BYTES
    }

    pub(crate) fn context(&self) -> Argon2<'static> {
        Argon2::new(self.algorithm, self.version, self.params.clone())
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
        assert!(!Stored::parse(GOOD).unwrap().needs_rehash(TODAY));
        for (was, is) in [
            ("argon2id", "argon2i"),
            ("argon2id", "argon2d"),
            ("v=19", "v=16"),
            ("m=64", "m=65"),
            ("t=2", "t=3"),
            ("p=1", "p=2"),
            ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAA$"),
            ("$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let other = GOOD.replacen(was, is, 1);
            assert!(Stored::parse(&other).unwrap().needs_rehash(TODAY), "{other}");
        }
    }

    #[test]
    fn a_gibibyte_is_the_most_that_a_stored_hash_may_ask_for() {
        assert!(Stored::parse(&GOOD.replace("m=64", "m=1048576")).is_ok());
        assert!(Stored::parse(&GOOD.replace("m=64", "m=1048577")).is_err());
    }
}
