//! How one hash is computed.

use argon2::{Algorithm, Argon2, KeyId, ParamsBuilder, Version};

use crate::error::Error;
use crate::params::{OUTPUT_BYTES, Params};
use crate::pepper::Pepper;

/// Everything that goes into a hash besides password and salt.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) algorithm: Algorithm,
    pub(crate) version: Version,
    pub(crate) params: argon2::Params,
    pub(crate) pepper: Option<Pepper>,
}

impl Recipe {
    /// The one for new hashes.
    ///
    /// # Errors
    /// [`Error::Params`].
    pub(crate) fn of_today(params: Params, pepper: Option<Pepper>) -> Result<Self, Error> {
        let mut builder = ParamsBuilder::new();
        builder.m_cost(params.memory_kib).t_cost(params.iterations).p_cost(params.parallelism).output_len(OUTPUT_BYTES);
        if let Some(pepper) = &pepper {
            builder.keyid(KeyId::new(pepper.id().as_bytes()).map_err(refused)?);
        }
        let params = builder.build().map_err(refused)?;
        Ok(Self { algorithm: Algorithm::Argon2id, version: Version::V0x13, params, pepper })
    }

    /// The context to compute in.
    ///
    /// # Errors
    /// [`Error::Failed`]: never for a pepper of 256 bits.
    pub(crate) fn context(&self) -> Result<Argon2<'_>, Error> {
        let params = self.params.clone();
        match &self.pepper {
            None => Ok(Argon2::new(self.algorithm, self.version, params)),
            Some(pepper) => Argon2::new_with_secret(pepper.key(), self.algorithm, self.version, params)
                .map_err(|_| Error::Failed("Argon2 refused the pepper")),
        }
    }
}

fn refused(error: argon2::Error) -> Error {
    Error::Params(error.to_string())
}
