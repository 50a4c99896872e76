//! SHA-crypt, `$5$` and `$6$` of crypt(3) (Drepper, "Unix crypt using SHA-256 and SHA-512").

use countersign_kernel::Secret;

use super::{Unusable, encoding, within};

pub(super) const KIND: &str = "sha-crypt";

const LEAST_ROUNDS: u64 = 1_000;
/// The most rounds: one to two seconds with the longest password.
const MOST_ROUNDS: u64 = 1_000_000;
/// What a text without rounds means.
const DEFAULT_ROUNDS: u64 = 5_000;
const MOST_SALT: usize = 16;

/// Each round reads the password up to three times, so its length is work too. A longer one is cut, and never matches.
const MOST_PASSWORD: usize = 128;

/// The characters of crypt(3), by their value.
const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A SHA-crypt hash.
#[derive(Clone)]
pub struct ShaCrypt {
    is_512: bool,
    /// None where the text says none, which means 5,000.
    rounds: Option<u32>,
    salt: String,
    /// In the order in which the text has the bytes.
    output: Secret<Vec<u8>>,
}

impl ShaCrypt {
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        let damaged = || Unusable::Damaged(KIND);
        let mut parts = text.strip_prefix('$').ok_or_else(damaged)?.split('$');
        let is_512 = match parts.next() {
            Some("5") => false,
            Some("6") => true,
            _ => return Err(damaged()),
        };
        let mut salt = parts.next().ok_or_else(damaged)?;
        let mut rounds = None;
        if let Some(number) = salt.strip_prefix("rounds=") {
            rounds = Some(encoding::number(number).ok_or_else(damaged)?);
            salt = parts.next().ok_or_else(damaged)?;
        }
        within(KIND, "rounds", rounds.unwrap_or(DEFAULT_ROUNDS), LEAST_ROUNDS, MOST_ROUNDS)?;
        let rounds = rounds.map(u32::try_from).transpose().map_err(|_| damaged())?;
        let is_salt = salt.len() <= MOST_SALT && salt.bytes().all(|b| b.is_ascii_graphic() && b != b':');
        let output = parts.next().and_then(|text| decode(text, if is_512 { 64 } else { 32 }));
        match output {
            Some(output) if is_salt && parts.next().is_none() => {
                Ok(Self { is_512, rounds, salt: salt.to_owned(), output: Secret::new(output) })
            }
            _ => Err(damaged()),
        }
    }

    pub(super) fn to_text(&self) -> String {
        let name = if self.is_512 { "6" } else { "5" };
        let rounds = self.rounds.map(|n| format!("rounds={n}$")).unwrap_or_default();
        format!("${name}${rounds}{}${}", self.salt, encode(self.output.expose()))
    }

    pub(super) fn compute(&self, password: &[u8]) -> Option<Secret<Vec<u8>>> {
        // Its author's C ended a password at the first NUL.
        let is_whole = password.len() <= MOST_PASSWORD && !password.contains(&0);
        let password = password.get(..MOST_PASSWORD).unwrap_or(password);
        let rounds = self.rounds.map_or(DEFAULT_ROUNDS, u64::from);
        let params = sha_crypt::Params::new(u32::try_from(rounds).ok()?).ok()?;
        let salt = self.salt.as_bytes();
        let output = if self.is_512 {
            transposed(&sha_crypt::sha512_crypt(password, salt, params), |[a, b, c]| [b, c, a])
        } else {
            transposed(&sha_crypt::sha256_crypt(password, salt, params), |[a, b, c]| [c, a, b])
        };
        is_whole.then(|| Secret::new(output))
    }

    pub(super) const fn expected(&self) -> &Secret<Vec<u8>> {
        &self.output
    }
}

/// The bytes in the order in which they are written: by threes, one from each third of the digest, the thirds changing places
/// (`turn`) from each three to the next; then what is left over. Each three is written with its last byte first.
fn transposed(digest: &[u8], turn: impl Fn([usize; 3]) -> [usize; 3]) -> Vec<u8> {
    let third = digest.len() / 3;
    let mut places = [0, third, 2 * third];
    let mut order = Vec::with_capacity(digest.len());
    for _ in 0..third {
        order.extend(places.iter().rev());
        places = turn(places.map(|place| place + 1));
    }
    order.extend(3 * third..digest.len());
    order.into_iter().filter_map(|place| digest.get(place).copied()).collect()
}

/// Reads six bits a character, the lowest first. None where it is not `bytes` long, or has bits left over.
fn decode(text: &str, bytes: usize) -> Option<Vec<u8>> {
    if text.len() != (bytes * 8).div_ceil(6) {
        return None;
    }
    let (mut output, mut bits, mut held) = (Vec::with_capacity(bytes), 0_u32, 0_u32);
    for character in text.bytes() {
        let value = ALPHABET.iter().position(|c| *c == character)?;
        bits |= u32::try_from(value).ok()? << held;
        held += 6;
        if held >= 8 {
            output.push(bits.to_le_bytes()[0]);
            bits >>= 8;
            held -= 8;
        }
    }
    (bits == 0 && output.len() == bytes).then_some(output)
}

/// Writes what [`decode`] reads.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(6));
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut write = |six: u32| {
        let place = usize::try_from(six & 63).unwrap_or_default();
        text.extend(ALPHABET.get(place).map(|c| char::from(*c)));
    };
    for byte in bytes {
        bits |= u32::from(*byte) << held;
        held += 8;
        while held >= 6 {
            write(bits);
            bits >>= 6;
            held -= 6;
        }
    }
    if held > 0 {
        write(bits);
    }
    text
}
