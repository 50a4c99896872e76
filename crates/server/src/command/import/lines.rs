//! JSON lines: an object on each.

use std::io::{self, BufRead, Read};

use serde_json::Value;

use super::meter::MOST_BYTES;

/// What a line holds.
pub(super) enum Line {
    /// This.
    Whole,
    /// More than anything that is meant; it was read past.
    TooLong,
    /// The file has ended.
    End,
}

/// Reads the next line with its end, or as much of it as an entry may have, whatever it is.
pub(super) fn head(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    from.by_ref().take(MOST_BYTES).read_until(b'\n', &mut head)?;
    Ok(head)
}

/// Reads the next line into `line`, without its end.
pub(super) fn next(from: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    line.clear();
    let most = usize::try_from(MOST_BYTES).unwrap_or(usize::MAX);
    let (mut is_too_long, mut has_begun) = (false, false);
    loop {
        let held = from.fill_buf()?;
        if held.is_empty() {
            return Ok(match (has_begun, is_too_long) {
                (false, _) => Line::End,
                (true, true) => Line::TooLong,
                (true, false) => Line::Whole,
            });
        }
        has_begun = true;
        let end = held.iter().position(|byte| *byte == b'\n');
        let part = held.get(..end.unwrap_or(held.len())).unwrap_or_default();
        if line.len() + part.len() > most {
            is_too_long = true;
        } else if !is_too_long {
            line.extend_from_slice(part);
        }
        let used = end.map_or(held.len(), |end| end + 1);
        from.consume(used);
        if end.is_some() {
            return Ok(if is_too_long { Line::TooLong } else { Line::Whole });
        }
    }
}

/// Whether the line says nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(u8::is_ascii_whitespace)
}

/// The object on the line.
pub(super) fn object(line: &[u8]) -> Option<serde_json::Map<String, Value>> {
    serde_json::from_slice(line).ok()
}
