//! Makes new signing keys.

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use zeroize::Zeroizing;

use crate::alg::Algorithm;
use crate::error::Error;
use crate::import::p256_from_scalar;
use crate::sign::{Pair, SigningKey};

impl SigningKey {
    /// Makes a key, named `kid` or, without one, by its thumbprint (an HS256 key needs a name).
    ///
    /// `fill` fills its argument with unpredictable bytes: all of an EdDSA, ES256 or HS256 key comes from it (256 bits), so
    /// that a test owns chance and no library generator has to be seeded at start. RSA keys have 3072 bits and come from
    /// aws-lc's own generator, in tenths of a second.
    ///
    /// # Errors
    /// [`Error::Key`] if the name is missing or not plain; [`Error::Crypto`] if the library fails or `fill` gives bytes that
    /// are no key each time.
    pub fn generate(algorithm: Algorithm, kid: Option<&str>, mut fill: impl FnMut(&mut [u8])) -> Result<Self, Error> {
        let mut octets = Zeroizing::new([0; 32]);
        match algorithm {
            Algorithm::EdDSA | Algorithm::HS256 => {
                fill(octets.as_mut());
                Self::from_private_bytes(octets.as_ref(), algorithm, kid)
            }
            Algorithm::ES256 => {
                // FIPS 186-5 appendix A.2.2, by rejection: a scalar is out of range with a probability of 2^-32.
                for _ in 0..MAX_DRAWS {
                    fill(octets.as_mut());
                    if let Ok(pair) = p256_from_scalar(&octets) {
                        return Self::from_pair(Pair::P256(pair), algorithm, kid);
                    }
                }
                Err(Error::Crypto("the random bytes are no key, whatever was drawn"))
            }
            Algorithm::RS256 | Algorithm::PS256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| Error::Crypto("generating"))?;
                Self::from_pair(Pair::Rsa(pair), algorithm, kid)
            }
        }
    }
}

/// After that many scalars out of range the source of bytes is broken.
const MAX_DRAWS: usize = 8;
