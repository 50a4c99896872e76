//! The export: one JSON object a line.
//!
//! ```json
//! {"seq":1,"hash":"…64 digits…","time":"2026-11-21T22:18:35.123Z","record":{"id":"aud_…","at":1795299515123456,…}}
//! ```
//!
//! A record that waits for the sealer has neither `seq` nor `hash`. `time` is `record.at` for human eyes. Reading is strict:
//! an unknown or doubled member, or a `time` that says something else than `at`, is refused, so that nothing in a line that
//! verifies is free to be changed.

use serde::{Deserialize, Serialize};

use crate::chain::{Hash, Link};
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
    /// Not the JSON of a record, or one of a newer version.
    #[error("not a record: {0}")]
    NotARecord(String),
    /// A number without a hash, a hash without a number, the number 0, or a hash that is not 64 hexadecimal digits.
    #[error("number and hash do not make a place in the chain")]
    Place,
    /// `time` and `at` differ.
    #[error("the time shown is not the time of the record")]
    Time,
}

/// One line of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The record's place in the chain; none while it waits for the sealer.
    pub link: Option<Link>,
    /// The record.
    pub record: Record,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<String>,
    time: String,
    record: &'a Record,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Read {
    seq: Option<u64>,
    hash: Option<String>,
    time: String,
    record: Record,
}

impl Line {
    /// The line, without its line feed. It contains no control character, whatever the record holds.
    #[must_use]
    pub fn to_json(&self) -> String {
        let written = Written {
            seq: self.link.map(|link| link.seq),
            hash: self.link.map(|link| link.hash.to_string()),
            time: self.record.at.to_rfc3339(),
            record: &self.record,
        };
        // Strings, numbers and maps with string keys always serialise.
        let text = serde_json::to_string(&written).unwrap_or_default();
        escape_controls_in_json(&text)
    }

    /// Reads a line, without its line feed.
    ///
    /// # Errors
    /// [`LineError`] if it is not one that [`Line::to_json`] could have written.
    pub fn parse(text: &str) -> Result<Self, LineError> {
        if text.len() > MAX_LINE {
            return Err(LineError::TooLong);
        }
        let read: Read = serde_json::from_str(text).map_err(|e| LineError::NotARecord(e.to_string()))?;
        let link = match (read.seq, read.hash.as_deref().map(Hash::parse)) {
            (None, None) => None,
            (Some(seq), Some(Some(hash))) if seq > 0 => Some(Link { seq, hash }),
            _ => return Err(LineError::Place),
        };
        if read.time != read.record.at.to_rfc3339() {
            return Err(LineError::Time);
        }
        Ok(Self { link, record: read.record })
    }
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

#[cfg(test)]
mod tests;
