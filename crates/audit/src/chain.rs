//! The hash chain: what makes a change of the past visible.
//!
//! Each record's hash is SHA-256 over the hash before it and the record's canonical bytes; before the first stand 32 zero
//! bytes. The chain has no key: whoever can write the whole database can make all of it anew, and only a head that was
//! noted elsewhere shows that ([`crate::verify::Verifier::expect`]). Follows DESIGN section 7.
//!
//! # Canonical bytes, version 1
//!
//! One byte 1 for the version, then these fields in this order. A *text* is its length in bytes as 4 bytes, most significant
//! first, and its UTF-8. An *option* is the byte 0, or the byte 1 and the value. So no two records have the same bytes.
//!
//! | field | form |
//! |---|---|
//! | `id` | 16 bytes |
//! | `at` | microseconds since 1970, 8 bytes, most significant first, two's complement |
//! | `event`, `outcome` | text |
//! | `reason` | option of text |
//! | `actor` | text `anonymous`, `operator` or `system`; or text `user` and 16 bytes |
//! | `subject`, `session` | option of 16 bytes |
//! | `address`, `userAgent` | option of text |
//! | `request` | option of 16 bytes |
//! | `detail` | number of pairs as 4 bytes, then each name and value as text, by the bytes of the name |

use std::fmt;

use aws_lc_rs::digest;

use crate::record::{Actor, Record};

/// The version of the canonical bytes that this code writes: their first byte.
pub const FORMAT: u8 = 1;

/// A place in the chain: the number of a record, and the hash there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The number, from 1 without gaps; 0 before the first record.
    pub seq: u64,
    /// The hash.
    pub hash: Hash,
}

impl Link {
    /// What stands before the first record.
    pub const START: Self = Self { seq: 0, hash: Hash::ZERO };

    /// The place of `record` if it follows this one.
    #[must_use]
    pub fn then(self, record: &Record) -> Self {
        Self { seq: self.seq.saturating_add(1), hash: self.hash.then(record) }
    }
}

/// A hash of the chain: SHA-256, shown as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// What the first record is chained to.
    pub const ZERO: Self = Self([0; 32]);

    /// The hash of `record` if it follows this one.
    #[must_use]
    pub fn then(self, record: &Record) -> Self {
        self.then_bytes(&canonical_bytes(record))
    }

    /// The hash of the record with these canonical bytes if it follows this one.
    #[must_use]
    pub(crate) fn then_bytes(self, canonical: &[u8]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.0);
        context.update(canonical);
        let mut hash = [0; 32];
        for (slot, byte) in hash.iter_mut().zip(context.finish().as_ref()) {
            *slot = *byte;
        }
        Self(hash)
    }

    /// The hash with this text of exactly 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 {
            return None;
        }
        let mut hash = [0; 32];
        for (slot, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let [high, low] = pair else { return None };
            *slot = (nibble(*high)? << 4) | nibble(*low)?;
        }
        Some(Self(hash))
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// The bytes of a record as the chain hashes them: the table at the top of this page.
#[must_use]
pub fn canonical_bytes(record: &Record) -> Vec<u8> {
    let mut out = Canonical(Vec::with_capacity(256));
    out.0.push(FORMAT);
    out.0.extend_from_slice(&record.id.to_bytes());
    out.0.extend_from_slice(&record.at.as_micros().to_be_bytes());
    out.text(record.event.as_str());
    out.text(record.outcome.as_str());
    out.option(record.reason.as_deref(), Canonical::text);
    match record.actor {
        Actor::Anonymous => out.text("anonymous"),
        Actor::User(user) => {
            out.text("user");
            out.0.extend_from_slice(&user.to_bytes());
        }
        Actor::Operator => out.text("operator"),
        Actor::System => out.text("system"),
    }
    out.option(record.subject.map(|id| id.to_bytes()), Canonical::id);
    out.option(record.session.map(|id| id.to_bytes()), Canonical::id);
    out.option(record.address.as_deref(), Canonical::text);
    out.option(record.user_agent.as_deref(), Canonical::text);
    out.option(record.request.map(|id| id.to_bytes()), Canonical::id);
    out.length(record.detail.len());
    for (name, value) in &record.detail {
        out.text(name);
        out.text(value);
    }
    out.0
}

struct Canonical(Vec<u8>);

impl Canonical {
    fn option<T>(&mut self, value: Option<T>, write: fn(&mut Self, T)) {
        match value {
            None => self.0.push(0),
            Some(value) => {
                self.0.push(1);
                write(self, value);
            }
        }
    }

    fn text(&mut self, text: &str) {
        self.length(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn id(&mut self, id: [u8; 16]) {
        self.0.extend_from_slice(&id);
    }

    fn length(&mut self, length: usize) {
        // No text of 4 GiB reaches this place: records are read from rows and lines of a bounded size.
        self.0.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
