//! Reads and writes private keys: JWK, PEM, PKCS#8 and the bytes that a key store keeps.
//!
//! Promises: a key whose public part does not belong to its private part is refused; so is one that is marked for another
//! use, encrypted, or weaker than RFC 7518 allows. What is decoded on the way is wiped.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rsa::KeyPairComponents;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
};
use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use crate::alg::Algorithm;
use crate::error::Error;
use crate::json;
use crate::jwk::{Jwk, Public, array, bytes, check_use, demand, optional_text, public, text};
use crate::octets::{bits, is_one_sequence, p256_private_key, rsa_public_key};
use crate::pem::{self, Kind};
use crate::rsa;
use crate::sign::{Pair, SigningKey};
use crate::verifying_key::{MIN_HS256_BYTES, VerifyingKey};

impl SigningKey {
    /// Reads a private key in whichever text form it comes: a JWK as [`SigningKey::from_jwk`], or PEM as
    /// [`SigningKey::from_pem`]. A JWK that says another `alg` than asked for is refused.
    ///
    /// # Errors
    /// [`Error::Json`] or [`Error::Key`] with the reason.
    pub fn import(text: &str, algorithm: Option<Algorithm>, kid: Option<&str>) -> Result<Self, Error> {
        let text = text.trim();
        if !text.starts_with('{') {
            return Self::from_pem(text, algorithm, kid);
        }
        let key = Self::from_jwk(text, kid)?;
        demand(algorithm.is_none_or(|asked| asked == key.algorithm()), NOT_THAT_ALGORITHM)?;
        Ok(key)
    }

    /// Reads a private JWK: OKP, EC or RSA with `d` (RSA with both primes and what belongs to them), or `oct` for HS256.
    ///
    /// It is named `kid`, else as the JWK says, else by its thumbprint; an `oct` key must be named.
    ///
    /// # Errors
    /// [`Error::Json`] if the text is not strict JSON; [`Error::Key`] if it is no private key for signatures, or its parts
    /// do not belong together.
    pub fn from_jwk(text: &str, kid: Option<&str>) -> Result<Self, Error> {
        let mut members = json::object(text.as_bytes())?;
        let key = from_members(&members, kid);
        // The numbers are secret: leave none of them in freed memory.
        for member in members.values_mut() {
            if let Value::String(number) = member {
                number.zeroize();
            }
        }
        key
    }

    /// Reads one PEM private key: `PRIVATE KEY`, `EC PRIVATE KEY` or `RSA PRIVATE KEY`.
    ///
    /// An RSA key signs RS256 unless PS256 is asked for; the others have one algorithm. It is named `kid` or by its
    /// thumbprint.
    ///
    /// # Errors
    /// [`Error::Key`] if there is not exactly one private key, it is encrypted or unsound, or not for `algorithm`.
    pub fn from_pem(text: &str, algorithm: Option<Algorithm>, kid: Option<&str>) -> Result<Self, Error> {
        let (kind, der) = pem::private_key(text)?;
        let pair = match kind {
            Kind::Pkcs8 => pair_from_pkcs8(&der)?,
            Kind::Sec1 => Pair::P256(p256_from_sec1(&der)?),
            Kind::Pkcs1 => {
                demand(is_one_sequence(&der), UNREADABLE)?;
                Pair::Rsa(RsaKeyPair::from_der(&der).map_err(|_| Error::Key(UNREADABLE))?)
            }
        };
        let algorithm = algorithm.unwrap_or(match pair {
            Pair::Ed25519(_) => Algorithm::EdDSA,
            Pair::P256(_) => Algorithm::ES256,
            Pair::Rsa(_) | Pair::Mac { .. } => Algorithm::RS256,
        });
        Self::from_pair(pair, algorithm, kid)
    }

    /// Reads a PKCS#8 private key (RFC 5208, RFC 5958). It is named `kid` or by its thumbprint.
    ///
    /// # Errors
    /// [`Error::Key`] if it cannot be read, is unsound, or not for `algorithm`.
    pub fn from_pkcs8_der(der: &[u8], algorithm: Algorithm, kid: Option<&str>) -> Result<Self, Error> {
        Self::from_pair(pair_from_pkcs8(der)?, algorithm, kid)
    }

    /// The PKCS#8 form of a key pair.
    ///
    /// # Errors
    /// [`Error::Key`] for an HS256 key, which has no such form; [`Error::Crypto`] if the library fails.
    pub fn to_pkcs8_der(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let failed = |_| Error::Crypto("encoding a private key");
        let copy = |der: &[u8]| Zeroizing::new(der.to_vec());
        match &self.pair {
            Pair::Ed25519(pair) => Ok(copy(pair.to_pkcs8v1().map_err(failed)?.as_ref())),
            Pair::P256(pair) => Ok(copy(pair.to_pkcs8v1().map_err(failed)?.as_ref())),
            Pair::Rsa(pair) => Ok(copy(AsDer::<Pkcs8V1Der<'_>>::as_der(pair).map_err(failed)?.as_ref())),
            Pair::Mac { .. } => Err(Error::Key("an HS256 key has no PKCS#8 form")),
        }
    }

    /// Reads what [`SigningKey::private_bytes`] wrote, or, for EdDSA, a bare seed of 32 bytes.
    ///
    /// # Errors
    /// As [`SigningKey::from_pkcs8_der`]; [`Error::Key`] for an HS256 key without `kid` or shorter than 256 bits.
    pub fn from_private_bytes(bytes: &[u8], algorithm: Algorithm, kid: Option<&str>) -> Result<Self, Error> {
        match algorithm {
            Algorithm::EdDSA if bytes.len() == 32 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(bytes).map_err(|_| Error::Key(UNREADABLE))?;
                Self::from_pair(Pair::Ed25519(pair), algorithm, kid)
            }
            Algorithm::HS256 => {
                // First the length: the library would take any.
                demand(bytes.len() >= MIN_HS256_BYTES, "HS256 keys have at least 256 bits")?;
                let key = Box::new(hmac::Key::new(hmac::HMAC_SHA256, bytes));
                Self::from_pair(Pair::Mac { key, octets: Zeroizing::new(bytes.to_vec()) }, algorithm, kid)
            }
            _ => Self::from_pkcs8_der(bytes, algorithm, kid),
        }
    }

    /// The secret as bytes for a key store to seal: PKCS#8, or the octets of an HS256 key.
    ///
    /// # Errors
    /// [`Error::Crypto`] if the library fails.
    pub fn private_bytes(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        match &self.pair {
            Pair::Mac { octets, .. } => Ok(octets.clone()),
            _ => self.to_pkcs8_der(),
        }
    }

    /// Joins a parsed secret with the public key that is computed from it.
    pub(crate) fn from_pair(pair: Pair, algorithm: Algorithm, kid: Option<&str>) -> Result<Self, Error> {
        let public = match (&pair, algorithm) {
            (Pair::Mac { octets, .. }, Algorithm::HS256) => {
                let kid = kid.ok_or(Error::Key("an HS256 key needs a kid: its thumbprint would tell of the secret"))?;
                let verifying = VerifyingKey::hs256(octets, kid)?;
                return Ok(Self::from_parts(pair, verifying));
            }
            (Pair::Ed25519(pair), Algorithm::EdDSA) => Public::Ed25519(exactly(pair.public_key().as_ref())?),
            (Pair::P256(pair), Algorithm::ES256) => Public::P256(exactly(pair.public_key().as_ref())?),
            (Pair::Rsa(pair), Algorithm::RS256 | Algorithm::PS256) => {
                let (modulus, exponent) =
                    rsa_public_key(pair.public_key().as_ref()).ok_or(Error::Crypto("encoding a public key"))?;
                rsa::check(modulus, exponent)?;
                // FIPS 186-5 section 5.1: 2^16 < e. Smaller ones are verified, but nobody should sign with one.
                demand(bits(exponent) > 16, "the public exponent of an RSA signing key is at least 65537")?;
                Public::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() }
            }
            _ => return Err(Error::Key(NOT_THAT_ALGORITHM)),
        };
        let verifying = VerifyingKey::new(Jwk::new(kid, algorithm, public)?)?;
        Ok(Self::from_parts(pair, verifying))
    }
}

/// The key pair of a scalar. The library refuses 0 and what is not below the order of the group.
pub(crate) fn p256_from_scalar(scalar: &[u8; 32]) -> Result<EcdsaKeyPair, Error> {
    p256_from_sec1(&p256_private_key(scalar))
}

/// The library computes the public point, or checks the one that is given against the scalar.
fn p256_from_sec1(der: &[u8]) -> Result<EcdsaKeyPair, Error> {
    demand(is_one_sequence(der), UNREADABLE)?;
    EcdsaKeyPair::from_private_key_der(&ECDSA_P256_SHA256_FIXED_SIGNING, der).map_err(|_| Error::Key(UNREADABLE))
}

/// Whichever of our kinds of key the document holds.
fn pair_from_pkcs8(der: &[u8]) -> Result<Pair, Error> {
    demand(is_one_sequence(der), UNREADABLE)?;
    if let Ok(pair) = Ed25519KeyPair::from_pkcs8(der) {
        return Ok(Pair::Ed25519(pair));
    }
    if let Ok(pair) = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der) {
        return Ok(Pair::P256(pair));
    }
    RsaKeyPair::from_pkcs8(der).map(Pair::Rsa).map_err(|_| Error::Key(UNREADABLE))
}

fn from_members(members: &Map<String, Value>, kid: Option<&str>) -> Result<SigningKey, Error> {
    check_use(members, "sign")?;
    let kid = match kid {
        Some(kid) => Some(kid),
        None => optional_text(members, "kid")?,
    };
    if text(members, "kty")? == "oct" {
        demand(optional_text(members, "alg")? == Some("HS256"), "a symmetric key must say alg HS256")?;
        return SigningKey::from_private_bytes(&secret(members, "k")?, Algorithm::HS256, kid);
    }
    let mismatch = |_| Error::Key("the public part does not belong to the private part");
    let (public, algorithm) = public(members)?;
    let pair = match &public {
        Public::Ed25519(point) => {
            let seed = Zeroizing::new(array::<32>(members, "d")?);
            Pair::Ed25519(Ed25519KeyPair::from_seed_and_public_key(seed.as_ref(), point).map_err(mismatch)?)
        }
        Public::P256(point) => {
            let scalar = Zeroizing::new(array::<32>(members, "d")?);
            Pair::P256(
                EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, scalar.as_ref(), point)
                    .map_err(mismatch)?,
            )
        }
        Public::Rsa { modulus, exponent } => {
            demand(!members.contains_key("oth"), "RSA keys have two primes")?;
            let components = KeyPairComponents {
                public_key: RsaPublicKeyComponents { n: modulus, e: exponent },
                d: secret(members, "d")?,
                p: secret(members, "p")?,
                q: secret(members, "q")?,
                dP: secret(members, "dp")?,
                dQ: secret(members, "dq")?,
                qInv: secret(members, "qi")?,
            };
            Pair::Rsa(RsaKeyPair::from_components(&components).map_err(mismatch)?)
        }
    };
    SigningKey::from_pair(pair, algorithm, kid)
}

/// A secret number of a JWK.
fn secret(members: &Map<String, Value>, name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    bytes(members, name).map(Zeroizing::new)
}

/// A public key in its fixed length.
fn exactly<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Error> {
    bytes.try_into().map_err(|_| Error::Crypto("encoding a public key"))
}

const UNREADABLE: &str = "not a readable, sound private key of a kind we use";
const NOT_THAT_ALGORITHM: &str = "the key is not for that algorithm";
