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
