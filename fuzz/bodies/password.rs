//! What is asked of password hashes that other systems have made, on any text. The fuzz target and the test that replays the corpus
//! both run this.

use countersign_password::LegacyHash;

/// A hash and, after a line end, a password: read or refused; what is read has one canonical text; a check of a cheap one ends.
pub fn legacy_hash(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let Some(Ok(text)) = parts.next().map(std::str::from_utf8) else { return };
    let Ok(hash) = LegacyHash::parse(text) else { return };
    let canonical = hash.to_text();
    let again = LegacyHash::parse(canonical.expose()).expect("a canonical text is read again");
    assert_eq!(again.to_text().expose(), canonical.expose());
    assert_eq!(again.kind(), hash.kind());
    assert_eq!(again.memory_kib(), hash.memory_kib());
    assert_eq!(again.secret_name(), hash.secret_name());
    assert!(!format!("{hash:?}").contains('$'));
    if is_cheap(&hash, canonical.expose()) {
        let password = parts.next().unwrap_or_default();
        let _ = hash.matches(password, b"a secret");
    }
}

/// Whether a check takes milliseconds.
fn is_cheap(hash: &LegacyHash, text: &str) -> bool {
    let number = |name: &str| {
        let (_, rest) = text.split_once(name)?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    match hash {
        LegacyHash::Argon2(_) => hash.memory_kib() <= 256 && number("t=").is_some_and(|passes| passes <= 4),
        LegacyHash::Bcrypt(_) => text.contains("$04$"),
        LegacyHash::FirebaseScrypt(_) | LegacyHash::Scrypt(_) => {
            hash.memory_kib() <= 256 && number("p=").unwrap_or(1) <= 4
        }
        LegacyHash::Pbkdf2(_) => number("i=").is_some_and(|iterations| iterations <= 2_000),
        LegacyHash::ShaCrypt(_) => number("rounds=").unwrap_or(5_000) <= 5_000,
    }
}
