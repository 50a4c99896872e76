//! What may be written down: text that shows nothing and starts nothing.
//!
//! Promises: what [`fact`] gives back is at most [`MAX_FACT`] bytes, holds no character that a terminal or editor acts upon,
//! and nothing that looks like a token, key, hash or address. A [`countersign_kernel::Secret`] does not even reach it,
//! because it is no text. [`find_secrets`] is the same eye for tests, which plant canaries and read every log (SECURITY.md
//! attack 100).

use std::fmt;
use std::fmt::Write as _;
use std::ops::Range;

/// The longest value of a detail, in bytes.
pub const MAX_FACT: usize = 256;

/// The longest name of a detail or word of a reason, in bytes.
pub const MAX_NAME: usize = 64;

/// What stands where something was taken out.
pub const REDACTED: &str = "[redacted]";

/// What a piece of text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A signed or encrypted token in compact form: base64url parts with dots, the first of which begins a JSON object.
    Jwt,
    /// A password hash in PHC or crypt form.
    PasswordHash,
    /// A key in PEM form.
    Pem,
    /// A long run of base64url that mixes cases and digits: a refresh token, a link's secret, a key.
    Opaque,
    /// A mail address.
    Address,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwt => "token in compact form",
            Self::PasswordHash => "password hash",
            Self::Pem => "key in PEM form",
            Self::Opaque => "opaque secret",
            Self::Address => "mail address",
        })
    }
}

/// Something that looks like a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it looks like.
    pub kind: Kind,
    /// Where it is, in bytes.
    pub range: Range<usize>,
}

/// The value of a detail: secrets and addresses taken out, unsafe characters escaped, cut at [`MAX_FACT`] bytes.
#[must_use]
pub fn fact(text: &str) -> String {
    // Enough to see whole what is kept. What the cut went through may be the beginning of a secret, no longer
    // recognisable, and goes.
    let mut near = cut(text, 4 * MAX_FACT);
    if near.len() < text.len() {
        near = near.trim_end_matches(|c: char| c.is_ascii() && (is_base64url(c as u8) || c == '.'));
    }
    let mut found = find_secrets(near);
    found.extend(find_addresses(near));
    found.sort_by_key(|f| f.range.start);

    let mut out = String::new();
    let mut from = 0;
    for Found { range, .. } in found {
        if range.start >= from {
            out.push_str(near.get(from..range.start).unwrap_or_default());
            out.push_str(REDACTED);
        }
        from = from.max(range.end);
    }
    out.push_str(near.get(from..).unwrap_or_default());
    name(&out, MAX_FACT)
}

/// A public name (a role, a `kid`): unsafe characters escaped, cut at `max` bytes, nothing taken out.
#[must_use]
pub fn name(text: &str, max: usize) -> String {
    let shown = show(cut(text, max));
    if text.len() <= max && shown.len() <= max {
        return shown;
    }
    // What does not fit ends in an ellipsis of 3 bytes, so that nobody takes it for the whole.
    let mut short = cut(&shown, max.saturating_sub('…'.len_utf8())).to_owned();
    short.push('…');
    short
}

/// The text with each unsafe character as `\u{…}` and each backslash doubled, so that the original can be told.
#[must_use]
pub fn show(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' {
            out.push_str("\\\\");
        } else if is_unsafe_to_show(c) {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// Whether a terminal, an editor or a log viewer might act upon `c` instead of showing it: control characters, line and
/// paragraph separators, marks that turn the direction of writing, zero-width characters.
#[must_use]
pub fn is_unsafe_to_show(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Everything in `text` that looks like a token, a key or a hash, in order. It errs towards finding: a stretch of 40
/// base64url characters with both cases and digits counts. Ids (`usr_…`) and hexadecimal hashes do not.
#[must_use]
pub fn find_secrets(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    for (mark, kind) in [
        ("-----BEGIN ", Kind::Pem),
        ("$argon2", Kind::PasswordHash),
        ("$2a$", Kind::PasswordHash),
        ("$2b$", Kind::PasswordHash),
        ("$2y$", Kind::PasswordHash),
        ("$scrypt$", Kind::PasswordHash),
        ("$pbkdf2", Kind::PasswordHash),
    ] {
        for (start, _) in text.match_indices(mark) {
            let rest = text.get(start..).unwrap_or_default();
            // A PEM block has spaces and line feeds in it: all that follows is taken for it.
            let length =
                if kind == Kind::Pem { rest.len() } else { rest.find(char::is_whitespace).unwrap_or(rest.len()) };
            found.push(Found { kind, range: start..start + length });
        }
    }
    for range in runs(text, |b| is_base64url(b) || b == b'.') {
        let run = text.get(range.clone()).unwrap_or_default();
        if let Some(at) = jwt_in(run) {
            found.push(Found { kind: Kind::Jwt, range: range.start + at..range.end });
        }
    }
    for range in runs(text, is_base64url) {
        let run = text.get(range.clone()).unwrap_or_default();
        let within = |f: &Found| f.range.start <= range.start && range.end <= f.range.end;
        if is_opaque(run) && !found.iter().any(within) {
            found.push(Found { kind: Kind::Opaque, range });
        }
    }
    found.sort_by_key(|f| f.range.start);
    found
}

/// Mail addresses, roughly: a word, an at sign, a word with a dot in it.
fn find_addresses(text: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut start = 0;
    for word in
        text.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')'))
    {
        if let Some((local, domain)) = word.rsplit_once('@')
            && !local.is_empty()
            && domain.contains('.')
        {
            let end = word
                .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | ',' | ';' | '"' | '(' | ')'));
            found.push(Found { kind: Kind::Address, range: start..start + end.len() });
        }
        start += word.len();
    }
    found
}

/// Where a compact JWS or JWE begins in a run of base64url and dots: a part that begins a JSON object (`eyJ`), followed
/// by at least two more parts.
fn jwt_in(run: &str) -> Option<usize> {
    let at = run.find("eyJ")?;
    let parts: Vec<&str> = run.get(at..)?.split('.').collect();
    match parts.as_slice() {
        // An empty signature too: `alg: none` is still a token with somebody's claims.
        [header, payload, _, ..] if header.len() >= 10 && payload.len() >= 4 => Some(at),
        _ => None,
    }
}

fn is_opaque(run: &str) -> bool {
    const LEAST: usize = 40;
    run.len() >= LEAST
        && run.bytes().any(|b| b.is_ascii_uppercase())
        && run.bytes().any(|b| b.is_ascii_lowercase())
        && run.bytes().any(|b| b.is_ascii_digit())
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The longest stretches of bytes that fit.
fn runs(text: &str, fits: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut start = None;
    for (at, byte) in text.bytes().chain(std::iter::once(b' ')).enumerate() {
        match (start, at < text.len() && fits(byte)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                runs.push(from..at);
                start = None;
            }
            _ => {}
        }
    }
    runs
}

/// The longest beginning of at most `max` bytes that ends between two characters.
fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
