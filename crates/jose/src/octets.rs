//! Big-endian numbers as bytes, and the few DER shapes that aws-lc-rs does not read or write for us (X.690).

use zeroize::Zeroizing;

/// The two integers of an `RSAPublicKey` (RFC 8017 appendix A.1.1) without leading zeros: modulus, exponent.
pub(crate) fn rsa_public_key(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (content, rest) = element(der, SEQUENCE)?;
    let (modulus, more) = element(content, INTEGER)?;
    let (exponent, end) = element(more, INTEGER)?;
    (rest.is_empty() && end.is_empty()).then(|| (significant(modulus), significant(exponent)))
}

/// Whether `der` is one SEQUENCE and nothing after it.
pub(crate) fn is_one_sequence(der: &[u8]) -> bool {
    element(der, SEQUENCE).is_some_and(|(_, rest)| rest.is_empty())
}

/// `bytes` without leading zeros.
pub(crate) fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// How many bits the number has.
pub(crate) fn bits(bytes: &[u8]) -> usize {
    let number = significant(bytes);
    number.first().map_or(0, |first| number.len() * 8 - first.leading_zeros() as usize)
}

/// The `ECPrivateKey` (RFC 5915) of a P-256 scalar, without its public part: the library computes that.
pub(crate) fn p256_private_key(scalar: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let mut der = Zeroizing::new(Vec::with_capacity(51));
    der.extend_from_slice(&[SEQUENCE, 49, INTEGER, 1, 1, OCTET_STRING, 32]);
    der.extend_from_slice(scalar);
    // [0] { OBJECT IDENTIFIER prime256v1 }
    der.extend_from_slice(&[0xa0, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]);
    der
}

/// One element of definite length: its content, and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    match length {
        0..=0x7f => rest.split_at_checked(usize::from(*length)),
        0x81 => {
            let (length, rest) = rest.split_first()?;
            rest.split_at_checked(usize::from(*length))
        }
        0x82 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
        }
        _ => None,
    }
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
