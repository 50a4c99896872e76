//! Signs claims into a compact JWS (RFC 7515 section 5.1, RFC 7519 section 7.1).

use std::fmt;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::MAX_TOKEN_BYTES;
use crate::alg::Algorithm;
use crate::base64url;
use crate::error::Error;
use crate::jwk::Jwk;
use crate::rsa::MAX_BITS;
use crate::verifying_key::VerifyingKey;

/// A private or symmetric key: one algorithm, parsed once, its public part known to match.
///
/// The secret is kept by aws-lc, which wipes it; it is never printed. Generating, importing and exporting stand in the
/// other impl blocks.
pub struct SigningKey {
    pub(crate) pair: Pair,
    verifying: VerifyingKey,
}

/// The parsed secret.
pub(crate) enum Pair {
    Ed25519(Ed25519KeyPair),
    P256(EcdsaKeyPair),
    Rsa(RsaKeyPair),
    Mac { key: Box<hmac::Key>, octets: Zeroizing<Vec<u8>> },
}

impl SigningKey {
    /// A key of a secret and what belongs to it.
    pub(crate) const fn from_parts(pair: Pair, verifying: VerifyingKey) -> Self {
        Self { pair, verifying }
    }

    /// Signs `claims` into a token whose header says `typ`.
    ///
    /// # Errors
    /// [`Error::Unsignable`] if the claims do not become a JSON object, `typ` is not a media type, or the token would be
    /// longer than we would read; [`Error::Crypto`] if the library fails.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, Error> {
        let mut payload = Vec::with_capacity(512);
        serde_json::to_writer(&mut payload, claims).map_err(|_| Error::Unsignable("the claims are not JSON"))?;
        if payload.first() != Some(&b'{') {
            return Err(Error::Unsignable("the claims are not a JSON object"));
        }
        self.sign_payload(typ, &payload)
    }

    /// Signs any payload.
    ///
    /// # Errors
    /// As [`SigningKey::sign`], without what concerns claims.
    pub fn sign_payload(&self, typ: &str, payload: &[u8]) -> Result<String, Error> {
        // These characters need no escape in JSON.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&-^_.+/".contains(&byte);
        if !(1..=64).contains(&typ.len()) || !typ.bytes().all(plain) {
            return Err(Error::Unsignable("typ is not a media type"));
        }
        let header = format!(r#"{{"typ":"{typ}","alg":"{}","kid":"{}"}}"#, self.algorithm(), self.kid());

        let lengths = [header.len(), payload.len(), self.verifying.signature_length()];
        let length = lengths.into_iter().map(base64url::encoded_length).sum::<usize>() + 2;
        if length > MAX_TOKEN_BYTES {
            return Err(Error::Unsignable("the token would be longer than 8 KiB"));
        }
        let mut token = String::with_capacity(length);
        base64url::encode_to(header, &mut token);
        token.push('.');
        base64url::encode_to(payload, &mut token);
        self.append_signature(&mut token)?;
        Ok(token)
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        self.verifying.kid()
    }

    /// The one algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.verifying.algorithm()
    }

    /// What checks this key's signatures.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.verifying.clone()
    }

    /// What may be published: nothing of an HS256 key.
    #[must_use]
    pub fn public_jwk(&self) -> Option<&Jwk> {
        self.verifying.jwk()
    }

    /// Appends a dot and the signature over what is there.
    pub(crate) fn append_signature(&self, token: &mut String) -> Result<(), Error> {
        let failed = |_| Error::Crypto("signing");
        // aws-lc ignores the generator that the signatures ask for and uses its own.
        let unused = SystemRandom::new();
        let message = token.as_bytes();
        let mut buffer = [0; MAX_BITS / 8];
        let (ecdsa, eddsa, tag);
        let signature = match &self.pair {
            Pair::Ed25519(pair) => {
                eddsa = pair.try_sign(message).map_err(failed)?;
                eddsa.as_ref()
            }
            Pair::P256(pair) => {
                ecdsa = pair.sign(&unused, message).map_err(failed)?;
                ecdsa.as_ref()
            }
            Pair::Rsa(pair) => {
                let padding = if self.algorithm() == Algorithm::PS256 { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                let signature =
                    buffer.get_mut(..pair.public_modulus_len()).ok_or(Error::Crypto("RSA signature length"))?;
                pair.sign(padding, &unused, message, signature).map_err(failed)?;
                signature
            }
            Pair::Mac { key, .. } => {
                tag = hmac::sign(key, message);
                tag.as_ref()
            }
        };
        token.push('.');
        base64url::encode_to(signature, token);
        Ok(())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({} {} [redacted])", self.algorithm(), self.kid())
    }
}
