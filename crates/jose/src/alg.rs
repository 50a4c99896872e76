//! The signature algorithms, and nothing else that `alg` may say (RFC 7518 section 3.1, RFC 8037 section 3.1).

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// A signature algorithm. `none` is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Ed25519 (RFC 8037). Tokens and keys say `EdDSA`; the name of RFC 9864, `Ed25519`, is read in a JWK only.
    EdDSA,
    /// ECDSA on P-256 with SHA-256; signatures are 64 bytes, R and S.
    ES256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PSS with SHA-256, MGF1 with SHA-256, 32 bytes of salt.
    PS256,
    /// HMAC with SHA-256 and a key of at least 256 bits. Who can verify can also sign: for old consumers only.
    HS256,
}

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 5] = [Self::EdDSA, Self::ES256, Self::RS256, Self::PS256, Self::HS256];

    /// The registered name, as it stands in `alg`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdDSA => "EdDSA",
            Self::ES256 => "ES256",
            Self::RS256 => "RS256",
            Self::PS256 => "PS256",
            Self::HS256 => "HS256",
        }
    }

    /// Whether verifying takes the same secret as signing.
    #[must_use]
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256)
    }

    /// Whether keys of this algorithm are RSA keys.
    #[must_use]
    pub const fn is_rsa(self) -> bool {
        matches!(self, Self::RS256 | Self::PS256)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = Error;

    /// Reads the exact, case-sensitive name (RFC 8725 section 3.1).
    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(Error::Algorithm)
    }
}
