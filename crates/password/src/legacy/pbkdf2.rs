//! PBKDF2 with HMAC (RFC 8018 section 5.2), in the forms of many frameworks.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use countersign_kernel::Secret;

use super::{Unusable, encoding, lengths, within};

const KIND: &str = "pbkdf2";

/// The most iterations, over all blocks of output together: one to two seconds, as the digest is.
const MOST_ITERATIONS: u64 = 2_000_000;

/// ASP.NET Identity version 2: a zero, 16 bytes of salt, 32 of output; HMAC-SHA-1, 1,000 times.
const ASP_NET_V2_BYTES: usize = 1 + 16 + 32;
const ASP_NET_V2_ITERATIONS: u64 = 1_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Digest {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// A PBKDF2 hash.
#[derive(Clone)]
pub struct Pbkdf2 {
    digest: Digest,
    iterations: NonZeroU32,
    salt: Vec<u8>,
    output: Secret<Vec<u8>>,
}

impl Pbkdf2 {
    /// `pbkdf2_sha256$600000$salt$hash` with the salt as it stands there; `$pbkdf2-sha256$i=600000,l=32$salt$hash` and
    /// `$pbkdf2-sha256$600000$salt$hash` with the salt in base64.
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        let read = || {
            let (is_phc, text) = text.strip_prefix('$').map_or((false, text), |rest| (true, rest));
            let mut parts = text.split('$');
            let digest = Digest::named(parts.next()?.strip_prefix("pbkdf2")?)?;
            let parameters = parts.next()?;
            let iterations = encoding::number(encoding::parameter(parameters, "i").unwrap_or(parameters))?;
            let salt = parts.next()?;
            let salt = if is_phc { encoding::bytes(salt)? } else { salt.as_bytes().to_vec() };
            let output = encoding::bytes(parts.next()?)?;
            let says = encoding::parameter(parameters, "l").map(encoding::number);
            let is_long = says.is_none_or(|length| length == u64::try_from(output.len()).ok());
            (is_long && parts.next().is_none()).then_some((digest, iterations, salt, output))
        };
        let (digest, iterations, salt, output) = read().ok_or(Unusable::Damaged(KIND))?;
        Self::new(digest, iterations, salt, output)
    }

    /// The bytes of ASP.NET Identity in base64. What is none is of an unknown kind, because nothing else marks them.
    pub(super) fn parse_asp_net(text: &str) -> Result<Self, Unusable> {
        let bytes = encoding::bytes(text).ok_or(Unusable::Unknown)?;
        match bytes.split_first() {
            Some((0, rest)) if bytes.len() == ASP_NET_V2_BYTES => {
                let (salt, output) = rest.split_at_checked(16).ok_or(Unusable::Unknown)?;
                Self::new(Digest::Sha1, ASP_NET_V2_ITERATIONS, salt.to_vec(), output.to_vec())
            }
            Some((1, rest)) => {
                let (digest, iterations, salt, output) = Self::read_asp_net_v3(rest).ok_or(Unusable::Unknown)?;
                Self::new(digest, iterations, salt, output)
            }
            _ => Err(Unusable::Unknown),
        }
    }

    /// Version 3: which HMAC, how often, how long the salt is, each as 32 bits; then salt and output.
    fn read_asp_net_v3(bytes: &[u8]) -> Option<(Digest, u64, Vec<u8>, Vec<u8>)> {
        let (head, rest) = bytes.split_at_checked(12)?;
        let mut numbers = head.chunks_exact(4).filter_map(|four| four.try_into().ok()).map(u32::from_be_bytes);
        let digest = match numbers.next()? {
            0 => Digest::Sha1,
            1 => Digest::Sha256,
            2 => Digest::Sha512,
            _ => return None,
        };
        let (iterations, salt_bytes) = (numbers.next()?, numbers.next()?);
        let (salt, output) = rest.split_at_checked(usize::try_from(salt_bytes).ok()?)?;
        Some((digest, iterations.into(), salt.to_vec(), output.to_vec()))
    }

    fn new(digest: Digest, iterations: u64, salt: Vec<u8>, output: Vec<u8>) -> Result<Self, Unusable> {
        lengths(KIND, &salt, &output)?;
        let blocks = output.len().div_ceil(digest.bytes()) as u64;
        within(KIND, "iterations", iterations, 1, MOST_ITERATIONS / blocks.max(1))?;
        let iterations = u32::try_from(iterations).ok().and_then(NonZeroU32::new).ok_or(Unusable::Damaged(KIND))?;
        Ok(Self { digest, iterations, salt, output: Secret::new(output) })
    }

    pub(super) fn to_text(&self) -> String {
        let (salt, output) = (encoding::text(&self.salt), encoding::text(self.output.expose()));
        format!("${}$i={},l={}${salt}${output}", self.kind(), self.iterations, self.output.expose().len())
    }

    pub(super) const fn kind(&self) -> &'static str {
        match self.digest {
            Digest::Sha1 => "pbkdf2-sha1",
            Digest::Sha256 => "pbkdf2-sha256",
            Digest::Sha384 => "pbkdf2-sha384",
            Digest::Sha512 => "pbkdf2-sha512",
        }
    }

    pub(super) fn compute(&self, password: &[u8]) -> Secret<Vec<u8>> {
        let mut output = vec![0; self.output.expose().len()];
        pbkdf2::derive(self.digest.algorithm(), self.iterations, &self.salt, password, &mut output);
        Secret::new(output)
    }

    pub(super) const fn expected(&self) -> &Secret<Vec<u8>> {
        &self.output
    }
}

impl Digest {
    /// By what follows `pbkdf2` in a name. Nothing, in the tradition, is SHA-1.
    fn named(rest: &str) -> Option<Self> {
        match rest {
            "" | "-sha1" | "_sha1" => Some(Self::Sha1),
            "-sha256" | "_sha256" => Some(Self::Sha256),
            "-sha384" | "_sha384" => Some(Self::Sha384),
            "-sha512" | "_sha512" => Some(Self::Sha512),
            _ => None,
        }
    }

    const fn algorithm(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    /// The length of one block of output.
    const fn bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}
