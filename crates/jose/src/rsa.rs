//! What an RSA public key must be before it is believed.

use crate::error::Error;
use crate::octets::bits;

/// Refuses a public key that is too short, too long, even, or whose primes come from a known broken generator.
///
/// Modulus and exponent are big-endian.
///
/// # Errors
/// [`Error::Key`] with the reason.
pub(crate) fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), Error> {
    let odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
    if !odd(modulus) || !odd(exponent) || !(2..=32).contains(&bits(exponent)) {
        return Err(Error::Key("RSA modulus and exponent are odd, and the exponent is from 3 to 2^32"));
    }
    match bits(modulus) {
        // RFC 7518 section 3.3: a key of 2048 bits or larger MUST be used.
        0..2048 => Err(Error::Key("RSA keys have at least 2048 bits")),
        2048..=MAX_BITS if is_roca(modulus) => Err(Error::Key("RSA key of the broken generator of CVE-2017-15361")),
        2048..=MAX_BITS => Ok(()),
        _ => Err(Error::Key("RSA keys have at most 4096 bits")),
    }
}

/// Whether the modulus bears the mark of CVE-2017-15361 ("ROCA"): modulo each small prime it is a power of 65537.
///
/// A sound modulus has that mark with a probability of less than 2^-27.
fn is_roca(modulus: &[u8]) -> bool {
    SMALL_PRIMES.iter().all(|prime| {
        let remainder = modulus.iter().fold(0_u32, |sum, byte| (sum * 256 + u32::from(*byte)) % prime);
        let mut power = 1;
        // The order of the group divides prime - 1: after that many steps every power has been seen.
        (0..*prime).any(|_| {
            let found = power == remainder;
            power = power * 65537 % prime;
            found
        })
    })
}

/// The longest modulus, in bits. It bounds the work of a signature check and the buffer for its signature.
pub(crate) const MAX_BITS: usize = 4096;

/// The odd primes up to 167: the primorial of the generator's 512- to 1024-bit primes contains them all.
const SMALL_PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];
