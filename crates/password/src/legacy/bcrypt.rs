//! bcrypt, with the faults of those who wrote it.
//!
//! Blowfish takes 18 words of four bytes from the password and the NUL that ends it in C, over and over from its beginning: so
//! byte 73 and what follows never counts, here as there. A password that contains a NUL of its own would be as good as what
//! stands before it (and, repeated, as good as itself once); it is computed and never matches.
//!
//! `$2a$`, `$2b$` and `$2y$` name one function. They differ for passwords of more than 255 bytes, which some OpenBSD wrote wrongly
//! as `$2a$`, and for bytes 0xff, which no UTF-8 has: neither is imitated. `$2x$` marks hashes of crypt_blowfish before 1.1,
//! which took a byte beyond ASCII for a negative number: its sign then covered the bytes before it in the word. The words are
//! made so here, and given to the same function.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use countersign_kernel::Secret;
use zeroize::Zeroizing;

use super::{Unusable, encoding, within};

pub(super) const KIND: &str = "bcrypt";

/// The least cost that bcrypt knows.
const LEAST_COST: u64 = 4;
/// The greatest that is accepted: about 1.2 s on a common machine, and twice that with each one more.
const MOST_COST: u64 = 14;

/// What Blowfish takes of a key, in bytes.
const KEY_BYTES: usize = 72;
/// bcrypt drops the last of its 24 bytes.
const OUTPUT_BYTES: usize = 23;

/// How bcrypt writes bytes. Some leave bits set in the last character that carry nothing.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::BCRYPT,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// A bcrypt hash.
#[derive(Clone)]
pub struct Bcrypt {
    variant: char,
    cost: u32,
    salt: [u8; 16],
    output: Secret<Vec<u8>>,
    before: Before,
}

/// What is done with the password before bcrypt sees it.
#[derive(Clone, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The hexadecimal text of its SHA-256, as Django does.
    Sha256,
    /// A pepper is put after it, as Devise does: the one that is kept under this name.
    Pepper(String),
}

impl Bcrypt {
    pub(super) fn parse(text: &str) -> Result<Self, Unusable> {
        let damaged = || Unusable::Damaged(KIND);
        if let Some(rest) = text.strip_prefix("bcrypt_sha256$") {
            return Ok(Self { before: Before::Sha256, ..Self::parse_plain(rest)? });
        }
        if let Some(rest) = text.strip_prefix("$bcrypt-pepper$k=") {
            let (name, rest) = rest.split_at_checked(rest.find('$').ok_or_else(damaged)?).ok_or_else(damaged)?;
            return Self::parse_plain(rest)?.with_pepper(name).filter(|_| is_name(name)).ok_or_else(damaged);
        }
        Self::parse_plain(text.strip_prefix("bcrypt$").unwrap_or(text))
    }

    /// `$2b$12$`, 22 characters of salt and 31 of output.
    fn parse_plain(text: &str) -> Result<Self, Unusable> {
        let damaged = || Unusable::Damaged(KIND);
        let mut parts = text.strip_prefix('$').ok_or_else(damaged)?.split('$');
        let (Some(name), Some(cost), Some(rest), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(damaged());
        };
        let variant = match name {
            "2a" => 'a',
            "2b" => 'b',
            "2x" => 'x',
            "2y" => 'y',
            _ => return Err(damaged()),
        };
        let is_cost = cost.len() == 2 && cost.bytes().all(|b| b.is_ascii_digit());
        let cost: u32 = if is_cost { cost.parse().map_err(|_| damaged())? } else { return Err(damaged()) };
        within(KIND, "cost", u64::from(cost), LEAST_COST, MOST_COST)?;
        let (salt, output) = rest.split_at_checked(22).ok_or_else(damaged)?;
        let salt = BASE64.decode(salt).ok().and_then(|salt| salt.try_into().ok()).ok_or_else(damaged)?;
        let output = BASE64.decode(output).ok().filter(|o| o.len() == OUTPUT_BYTES).ok_or_else(damaged)?;
        Ok(Self { variant, cost, salt, output: Secret::new(output), before: Before::Nothing })
    }

    pub(super) fn to_text(&self) -> String {
        let plain = format!(
            "$2{}${:02}${}{}",
            self.variant,
            self.cost,
            BASE64.encode(self.salt),
            BASE64.encode(self.output.expose())
        );
        match &self.before {
            Before::Nothing => plain,
            Before::Sha256 => format!("bcrypt_sha256${plain}"),
            Before::Pepper(name) => format!("$bcrypt-pepper$k={name}{plain}"),
        }
    }

    /// The name of the pepper.
    pub(super) const fn pepper(&self) -> Option<&str> {
        match &self.before {
            Before::Pepper(name) => Some(name.as_str()),
            Before::Nothing | Before::Sha256 => None,
        }
    }

    /// With a pepper, where nothing else is done to the password.
    pub(super) fn with_pepper(self, name: &str) -> Option<Self> {
        match self.before {
            Before::Sha256 => None,
            Before::Nothing | Before::Pepper(_) => Some(Self { before: Before::Pepper(name.to_owned()), ..self }),
        }
    }

    pub(super) fn compute(&self, password: &[u8], pepper: &[u8]) -> Option<Secret<Vec<u8>>> {
        let text = Zeroizing::new(match self.before {
            Before::Nothing => password.to_vec(),
            Before::Pepper(_) => [password, pepper].concat(),
            Before::Sha256 => hexadecimal(password),
        });
        let key = self.key(&text);
        let output = Secret::new(bcrypt::bcrypt(self.cost, self.salt, key.as_slice()).to_vec());
        let kept = output.expose().get(..OUTPUT_BYTES)?;
        // The pepper is the operator's: his NUL would end the text as it did in C.
        let is_whole = self.before == Before::Sha256 || !password.contains(&0);
        is_whole.then(|| Secret::new(kept.to_vec()))
    }

    pub(super) const fn expected(&self) -> &Secret<Vec<u8>> {
        &self.output
    }

    /// The 18 words that Blowfish would take from this text and its NUL.
    fn key(&self, text: &[u8]) -> Zeroizing<[u8; KEY_BYTES]> {
        let mut bytes = text.split(|b| *b == 0).next().unwrap_or_default().iter().chain(&[0]).copied().cycle();
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        for word in key.chunks_exact_mut(4) {
            let mut value: u32 = 0;
            for byte in bytes.by_ref().take(4) {
                let signed =
                    if self.variant == 'x' { i32::from(byte.cast_signed()).cast_unsigned() } else { byte.into() };
                value = (value << 8) | signed;
            }
            word.copy_from_slice(&value.to_be_bytes());
        }
        key
    }
}

fn is_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(encoding::is_name_byte)
}

/// The SHA-256 of a password in hexadecimal, as Django hands it to bcrypt.
fn hexadecimal(password: &[u8]) -> Vec<u8> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, password);
    digest
        .as_ref()
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|d| if d < 10 { b'0' + d } else { b'a' + d - 10 })
        .collect()
}
