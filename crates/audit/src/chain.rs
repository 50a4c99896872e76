//! The hash chain: what makes a change of the past visible.
//!
//! Each record's hash is SHA-256 over the hash before it and the record's canonical bytes; before the first stand 32 zero
//! bytes. The chain has no key: whoever can write the whole database can make all of it anew, and a signed checkpoint or a
//! head that was noted elsewhere shows that ([`crate::checkpoint`], [`crate::verify::Verifier::expect`]). Follows DESIGN
//! section 7.
//!
//! # Canonical bytes, version 2
//!
//! One byte 2 for the version, then these fields in this order. A *text* is its length in bytes as 4 bytes, most significant
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
//! | `address`, `userAgent`, `account` | not themselves: the 32 bytes of the commitment to them ([`crate::blinding`]) |
//! | `request` | option of 16 bytes |
//! | `detail` | number of pairs as 4 bytes, then each name and value as text, by the bytes of the name |

use crate::canonical::Canonical;
use crate::hash::Hash;
use crate::record::{Actor, Record};

/// The version of the canonical bytes: their first byte.
pub const FORMAT: u8 = 2;

/// A point of the chain: the number of a record, and the hash there.
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

    /// The point of `record` if it follows this one.
    #[must_use]
    pub fn then(self, record: &Record) -> Self {
        Self { seq: self.seq.saturating_add(1), hash: self.hash.then(record) }
    }
}

/// Where a sealed record stands.
///
/// The hash before it is kept with each record, so that a check can tell whether the record itself was changed or the one
/// before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The hash that the record was chained to.
    pub prev: Hash,
    /// The record's own number and hash.
    pub link: Link,
}

impl Place {
    /// The place of `record` behind `last`.
    #[must_use]
    pub fn behind(last: Link, record: &Record) -> Self {
        Self { prev: last.hash, link: last.then(record) }
    }

    /// Whether the hash is that of `record` behind `prev`.
    #[must_use]
    pub(crate) fn fits(&self, record: &Record) -> bool {
        self.prev.then(record) == self.link.hash
    }
}

impl Hash {
    /// The hash of `record` if it follows this one.
    #[must_use]
    pub fn then(self, record: &Record) -> Self {
        Self::of(&[&self.0, &canonical_bytes(record)])
    }
}

/// The bytes of a record as the chain hashes them: the table at the top of this page.
#[must_use]
pub fn canonical_bytes(record: &Record) -> Vec<u8> {
    let mut out = Canonical(Vec::with_capacity(256));
    // No version is 0: a record that says more than the chain binds it to fits no hash.
    out.0.push(if record.says_only_what_is_bound() { FORMAT } else { 0 });
    out.0.extend_from_slice(&record.id.to_bytes());
    out.0.extend_from_slice(&record.at.as_micros().to_be_bytes());
    out.text(record.event.as_str());
    out.text(record.outcome.as_str());
    out.option(record.reason.as_deref(), Canonical::text);
    match record.actor {
        Actor::Anonymous => out.text("anonymous"),
        Actor::User(user) => {
            out.text("user");
            out.id(user.to_bytes());
        }
        Actor::Operator => out.text("operator"),
        Actor::System => out.text("system"),
    }
    out.option(record.subject.map(|id| id.to_bytes()), Canonical::id);
    out.option(record.session.map(|id| id.to_bytes()), Canonical::id);
    out.0.extend_from_slice(&record.commitment().0);
    out.option(record.request.map(|id| id.to_bytes()), Canonical::id);
    out.length(record.detail.len());
    for (name, value) in &record.detail {
        out.text(name);
        out.text(value);
    }
    out.0
}

#[cfg(test)]
mod tests;
