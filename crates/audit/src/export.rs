//! The export: one JSON object a line.
//!
//! ```json
//! {"countersign":"audit-export","version":2,"madeAt":"…","key":{…},"after":{"seq":0,"hash":"…"},"last":{"seq":9,"hash":"…"},"base":null,"checkpoints":1}
//! {"checkpoint":"eyJ…"}
//! {"seq":1,"prev":"…64 digits…","hash":"…","time":"2026-11-21T22:18:35.123Z","record":{"id":"aud_…","at":1795299515123456,…}}
//! ```
//!
//! First the header: the key that checkpoints are signed with, the point behind which the export begins and the one with
//! which it ends, and, where the beginning of the chain was given up for its age, the signed base. Then the checkpoints within
//! the range, then its records in order. A record that waits for the sealer has no `seq`, `prev` and `hash`. `time` is
//! `record.at` for human eyes. Reading is strict: an unknown or doubled member, or a `time` that says something else than
//! `at`, is refused, so that nothing in a line that verifies is free to be changed.

use countersign_kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::chain::{FORMAT, Link, Place};
use crate::hash::Hash;
use crate::record::Record;

/// The longest line that is read, in bytes. A record has at most a few kilobytes.
pub const MAX_LINE: usize = 64 * 1024;

/// A line that is not one of an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Longer than [`MAX_LINE`].
    #[error("longer than {MAX_LINE} bytes")]
    TooLong,
    /// Not the JSON of a record, header or checkpoint, or one of another version.
    #[error("neither header, checkpoint nor record: {0}")]
    NotARecord(String),
    /// A number without hashes, hashes without a number, the number 0, or a hash that is not 64 hexadecimal digits.
    #[error("number and hashes do not make a place in the chain")]
    Place,
    /// `time` and `at` differ.
    #[error("the time shown is not the time of the record")]
    Time,
    /// A header that is not the first line, or whose key is none.
    #[error("not a header that can stand here")]
    Header,
}

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What the export is.
    Header(Box<Header>),
    /// A signed checkpoint.
    Checkpoint(String),
    /// A record.
    Record(Box<RecordLine>),
}

/// What an export is: its first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Header {
    countersign: String,
    version: u8,
    made_at: String,
    /// The public key of the checkpoints, as a JWK.
    pub key: Option<Value>,
    after: End,
    last: End,
    /// The signed base, where the export begins with it.
    pub base: Option<String>,
    /// How many checkpoints follow.
    pub checkpoints: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct End {
    seq: u64,
    hash: Hash,
}

/// A record as an export gives it, and as `audit query --json` does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordLine {
    /// The record's place in the chain; none while it waits for the sealer.
    pub place: Option<Place>,
    /// The record.
    pub record: Record,
}

#[derive(Serialize)]
struct CheckpointLine<'a> {
    checkpoint: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointRead {
    checkpoint: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<Hash>,
    time: String,
    record: &'a Record,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Read {
    seq: Option<u64>,
    prev: Option<String>,
    hash: Option<String>,
    time: String,
    record: Record,
}

impl Header {
    /// The header of an export of this moment that begins behind `after` and ends with `last`.
    #[must_use]
    pub fn new(made_at: Timestamp, key: Option<Value>, after: Link, last: Link) -> Self {
        Self {
            countersign: KIND.to_owned(),
            version: FORMAT,
            made_at: made_at.to_rfc3339(),
            key,
            after: End { seq: after.seq, hash: after.hash },
            last: End { seq: last.seq, hash: last.hash },
            base: None,
            checkpoints: 0,
        }
    }

    /// The point behind which the records begin.
    #[must_use]
    pub const fn after(&self) -> Link {
        Link { seq: self.after.seq, hash: self.after.hash }
    }

    /// The last sealed record.
    #[must_use]
    pub const fn last(&self) -> Link {
        Link { seq: self.last.seq, hash: self.last.hash }
    }

    /// The line, without its line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Strings and numbers always serialise.
        escape_controls_in_json(&serde_json::to_string(self).unwrap_or_default())
    }
}

impl RecordLine {
    /// The line, without its line feed. It contains no control character, whatever the record holds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let written = Written {
            seq: self.place.map(|place| place.link.seq),
            prev: self.place.map(|place| place.prev),
            hash: self.place.map(|place| place.link.hash),
            time: self.record.at.to_rfc3339(),
            record: &self.record,
        };
        // Strings, numbers and maps with string keys always serialise.
        escape_controls_in_json(&serde_json::to_string(&written).unwrap_or_default())
    }

    /// Reads a line, without its line feed.
    ///
    /// # Errors
    /// [`LineError`] if it is not one that [`RecordLine::to_json`] could have written.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        let read: Read = from_json(text)?;
        let hash = |text: Option<&str>| text.map(Hash::parse);
        let place = match (read.seq, hash(read.prev.as_deref()), hash(read.hash.as_deref())) {
            (None, None, None) => None,
            (Some(seq), Some(Some(prev)), Some(Some(hash))) if seq > 0 => {
                Some(Place { prev, link: Link { seq, hash } })
            }
            _ => return Err(LineError::Place),
        };
        if read.time != read.record.at.to_rfc3339() {
            return Err(LineError::Time);
        }
        Ok(Self { place, record: read.record })
    }
}

impl Line {
    /// The line, without its line feed.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Header(header) => header.to_json(),
            Self::Checkpoint(checkpoint) => serde_json::to_string(&CheckpointLine { checkpoint }).unwrap_or_default(),
            Self::Record(record) => record.to_json(),
        }
    }

    /// Reads a line of any kind, without its line feed.
    ///
    /// # Errors
    /// [`LineError`] if it is not one that [`Line::to_json`] could have written.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        if text.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        if text.starts_with("{\"countersign\":") {
            let header: Header = from_json(text)?;
            let is_ours = header.countersign == KIND && header.version == FORMAT;
            return if is_ours { Ok(Self::Header(Box::new(header))) } else { Err(LineError::Header) };
        }
        if text.starts_with("{\"checkpoint\":") {
            let read: CheckpointRead = from_json(text)?;
            return Ok(Self::Checkpoint(read.checkpoint));
        }
        RecordLine::parse(text).map(|record| Self::Record(Box::new(record)))
    }
}

fn from_json<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, LineError> {
    if text.len() > MAX_LINE {
        return Err(LineError::TooLong);
    }
    serde_json::from_str(text).map_err(|e| LineError::NotARecord(e.to_string()))
}

/// `serde_json` escapes what JSON demands (below U+0020); this escapes also what terminals and editors act upon.
fn escape_controls_in_json(text: &str) -> String {
    use std::fmt::Write as _;

    if !text.chars().any(crate::redact::is_unsafe_to_show) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if crate::redact::is_unsafe_to_show(c) {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

const KIND: &str = "audit-export";

#[cfg(test)]
mod tests;
