//! Reads what the journal says of the time after a backup.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use super::files;
use super::line::Line;

/// What was written after a backup was made, in the order of commits.
#[derive(Debug, Default)]
pub(crate) struct Since {
    /// The lines.
    pub(crate) lines: Vec<Line>,
    /// Numbers that the journal should hold and does not.
    pub(crate) gap: Option<Gap>,
    /// The greatest number that the journal knows of.
    pub(crate) last: u64,
    /// Lines that cannot be read.
    pub(crate) damaged: u64,
}

/// Numbers that are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The first.
    pub(crate) first: u64,
    /// The last.
    pub(crate) last: u64,
}

/// Reads what came after the revocation with number `from`.
pub(crate) fn since(directory: &Path, from: u64) -> io::Result<Since> {
    let mut since = Since { last: from, ..Since::default() };
    for path in files::list(directory)? {
        let mut reader = BufReader::new(File::open(&path)?);
        let mut text = Vec::new();
        loop {
            text.clear();
            if reader.read_until(b'\n', &mut text)? == 0 {
                break;
            }
            match Line::parse(&text) {
                // An act on an account without a revocation has the number that was the newest then.
                Some(line) if line.last() > from || (line.after >= from && line.concerns_accounts()) => {
                    since.lines.push(line);
                }
                Some(_) => {}
                None if text.trim_ascii().is_empty() => {}
                None => since.damaged += 1,
            }
        }
    }
    since.lines.sort_by_key(|line| (line.after, line.at));
    // Acts on accounts are in two files, and a journal that was brought in may be another copy of this one.
    since.lines.dedup();
    for line in &since.lines {
        if line.after > since.last && since.gap.is_none() {
            since.gap = Some(Gap { first: since.last + 1, last: line.after });
        }
        since.last = since.last.max(line.last());
    }
    Ok(since)
}
