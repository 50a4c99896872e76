//! A key that checks signatures: one algorithm, parsed once.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::hmac;
use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents};

use crate::alg::Algorithm;
use crate::error::Error;
use crate::jwk::{Jwk, Public, check_kid, demand};

/// A key that checks signatures. Cheap to clone.
#[derive(Clone)]
pub struct VerifyingKey {
    kid: Arc<str>,
    algorithm: Algorithm,
    /// In bytes; every signature of a key has the same length.
    signature_length: usize,
    material: Material,
}

#[derive(Clone)]
enum Material {
    Public { parsed: Arc<ParsedPublicKey>, jwk: Arc<Jwk> },
    Mac(Arc<hmac::Key>),
}

impl VerifyingKey {
    /// Reads a public JWK.
    ///
    /// # Errors
    /// As [`Jwk::parse`] and [`VerifyingKey::new`].
    pub fn from_jwk(text: &str) -> Result<Self, Error> {
        Self::new(Jwk::parse(text)?)
    }

    /// Parses the key.
    ///
    /// # Errors
    /// [`Error::Key`] if the numbers are no key of their kind.
    pub fn new(jwk: Jwk) -> Result<Self, Error> {
        let refused = |_| Error::Key("the numbers are no such key");
        let (parsed, signature_length) = match &jwk.public {
            Public::Ed25519(point) => (ParsedPublicKey::new(&signature::ED25519, point).map_err(refused)?, 64),
            Public::P256(point) => {
                (ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).map_err(refused)?, 64)
            }
            Public::Rsa { modulus, exponent } => {
                let parameters = match jwk.algorithm {
                    Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
                    _ => &signature::RSA_PKCS1_2048_8192_SHA256,
                };
                let components = RsaPublicKeyComponents { n: modulus, e: exponent };
                (components.to_parsed_public_key(parameters).map_err(refused)?, modulus.len())
            }
        };
        Ok(Self {
            kid: Arc::clone(&jwk.kid),
            algorithm: jwk.algorithm,
            signature_length,
            material: Material::Public { parsed: Arc::new(parsed), jwk: Arc::new(jwk) },
        })
    }

    /// An HS256 key. Whoever holds it can also sign.
    ///
    /// # Errors
    /// [`Error::Key`] if it has fewer than 256 bits (RFC 7518 section 3.2) or the name is not plain.
    pub fn hs256(octets: &[u8], kid: &str) -> Result<Self, Error> {
        demand(octets.len() >= MIN_HS256_BYTES, "HS256 keys have at least 256 bits")?;
        Ok(Self {
            kid: check_kid(kid)?,
            algorithm: Algorithm::HS256,
            signature_length: 32,
            material: Material::Mac(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, octets))),
        })
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key's name, shared.
    pub(crate) fn shared_kid(&self) -> Arc<str> {
        Arc::clone(&self.kid)
    }

    /// The one algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What may be published: nothing of an HS256 key.
    #[must_use]
    pub fn jwk(&self) -> Option<&Jwk> {
        match &self.material {
            Material::Public { jwk, .. } => Some(jwk),
            Material::Mac(_) => None,
        }
    }

    /// How many bytes a signature has.
    pub(crate) const fn signature_length(&self) -> usize {
        self.signature_length
    }

    /// Checks `signature`, in the form that JWS gives it, over `message`: the layer that every token passes.
    ///
    /// # Errors
    /// [`Error::Signature`] if it is not a signature of this key over exactly these bytes.
    pub fn verify_signature(&self, message: &[u8], signature: &[u8]) -> Result<(), Error> {
        if signature.len() != self.signature_length {
            return Err(Error::Signature);
        }
        match &self.material {
            Material::Public { parsed, .. } => parsed.verify_sig(message, signature),
            Material::Mac(key) => hmac::verify(key, message, signature),
        }
        .map_err(|_| Error::Signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} {})", self.algorithm, self.kid)
    }
}

/// The least length of an HS256 key: that of the hash.
pub(crate) const MIN_HS256_BYTES: usize = 32;
