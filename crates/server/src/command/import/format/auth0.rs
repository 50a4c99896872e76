//! Auth0: exports of users, and the form that its bulk import takes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use countersign_account::{ImportHash, ImportUser};

use super::{hash, somebody};
use crate::command::import::entry::Entry;

pub(super) fn read(entry: &Entry) -> ImportUser {
    let name = entry.text(&["name"]).map(str::to_owned);
    let name = name.or_else(|| entry.full_name("given_name", "family_name"));
    ImportUser {
        is_verified: entry.flag(&["email_verified"]).unwrap_or_default(),
        name: name.or_else(|| entry.text(&["nickname"]).map(str::to_owned)),
        is_disabled: entry.flag(&["blocked"]).unwrap_or_default(),
        hash: entry.text(&["passwordHash", "password_hash"]).map(hash).or_else(|| custom(entry)),
        ..somebody(entry.text(&["email"]))
    }
}

/// `custom_password_hash`: bcrypt, Argon2 and PBKDF2 as the texts that they are, scrypt in pieces. Whatever else it names is of an
/// unknown kind.
fn custom(entry: &Entry) -> Option<ImportHash> {
    let custom = entry.object("custom_password_hash")?;
    let inner = custom.object("hash")?;
    let value = inner.text(&["value"])?;
    Some(match custom.text(&["algorithm"]) {
        Some("bcrypt" | "argon2" | "pbkdf2") => hash(value),
        Some("scrypt") => hash(scrypt(&custom, &inner, value).unwrap_or_else(|| "$scrypt$".to_owned())),
        _ => hash(""),
    })
}

fn scrypt(custom: &Entry, inner: &Entry, value: &str) -> Option<String> {
    let output = bytes(value, inner.text(&["encoding"]))?;
    let salt = custom.object("salt")?;
    let salt = bytes(salt.text(&["value"])?, salt.text(&["encoding"]))?;
    let number = |name, usual| custom.number(&[name]).unwrap_or(usual);
    let (n, r, p) = (number("cost", 16_384), number("blockSize", 8), number("parallelization", 1));
    let log_n = n.checked_ilog2().filter(|_| n.is_power_of_two())?;
    let [salt, output] = [salt, output].map(|bytes| STANDARD_NO_PAD.encode(bytes));
    Some(format!("$scrypt$ln={log_n},r={r},p={p}${salt}${output}"))
}

/// A value in the encoding that stands beside it; UTF-8 where none does.
fn bytes(value: &str, encoding: Option<&str>) -> Option<Vec<u8>> {
    match encoding {
        Some("base64") => STANDARD_NO_PAD.decode(value.trim_end_matches('=')).ok(),
        Some("hex") => {
            let digits: Vec<u8> =
                value.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
            let pairs = digits.chunks_exact(2);
            pairs
                .remainder()
                .is_empty()
                .then(|| pairs.filter_map(|pair| pair.first().zip(pair.last())).map(|(a, b)| a << 4 | b).collect())
        }
        Some("utf8" | "utf-8" | "ascii") | None => Some(value.as_bytes().to_vec()),
        Some(_) => None,
    }
}
