//! Makes a filter from lists.
//!
//! Promises: lists are read as a stream, and of each password 64 bits are kept; the same passwords make the same bytes, in
//! whatever order, form and number of lists they come; every line is counted as what became of it; a list that is not what it
//! seems is refused with the number of the line, and nothing is made.

use std::io::{self, BufRead};
use std::str;

use super::format::{HEADER_BYTES, Header, MAX_FINGERPRINTS};
use super::{checksum, key_of, key_of_sha1};
use crate::password::{MAX_CODE_POINTS, Password};

/// No policy allows less, so a shorter entry would never be asked for.
const SHORTEST: usize = 8;

/// A longer line is no password: 256 code points, and room for forms that NFC makes shorter.
const LONGEST_LINE: usize = MAX_CODE_POINTS * 16;

/// The most passwords: as many as fit the fingerprints of the greatest filter.
const MOST: usize = 1_800_000_000;

/// How the lines of a list are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListForm {
    /// As SHA-1 where the first line is one, else as passwords.
    #[default]
    Detect,
    /// A password a line.
    Plain,
    /// The SHA-1 of a password a line in hexadecimal, and after a colon how often it was seen.
    Sha1,
}

/// What became of the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Lines read, the empty ones too.
    pub lines: u64,
    /// Different passwords in the filter.
    pub passwords: u64,
    /// Lines that said again what another had said.
    pub repeated: u64,
    /// Passwords shorter than any policy allows.
    pub too_short: u64,
    /// Longer than a password can be.
    pub too_long: u64,
    /// Hashes seen less often than asked for.
    pub too_rare: u64,
    /// Empty lines.
    pub empty: u64,
    /// Lines that were not UTF-8 and were read as Latin-1: counted besides.
    pub latin1: u64,
}

/// Why no filter was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// A list could not be read.
    #[error("could not be read")]
    Io(#[from] io::Error),
    /// The text is UTF-16.
    #[error("is UTF-16 text: convert it to UTF-8 first")]
    Utf16,
    /// The hashes are of another kind.
    #[error("line {0} looks like an NTLM hash: a filter is made of SHA-1 hashes or of the passwords themselves")]
    Ntlm(u64),
    /// A list of hashes with something else in it.
    #[error("line {0} is no SHA-1 hash in a list of such hashes")]
    NoHash(u64),
    /// A limit on counts, and a hash without one.
    #[error("line {0} does not say how often its password was seen, so no limit on that can be applied")]
    NoCount(u64),
    /// Too many for one filter.
    #[error("there are more than {MOST} passwords: leave out those that were seen least often")]
    TooMany,
    /// Nothing to make a filter of.
    #[error("there is no password of at least {SHORTEST} characters on the list")]
    Nothing,
    /// The passwords do not become a filter. Chance does this once in more tries than anybody makes.
    #[error("no filter can be made of these passwords: {0}")]
    Unbuildable(&'static str),
}

/// Takes lists in, one after the other, and makes one filter.
///
/// Needs 8 bytes of memory for each line that is kept, and some 35 for each password while it is made.
#[derive(Debug)]
pub struct FilterBuilder {
    keys: Vec<u64>,
    least_seen: u64,
    /// How many there may be.
    pub(super) most: usize,
    kept: Kept,
}

impl FilterBuilder {
    /// Takes nothing yet. Hashes that were seen less often than `least_seen` will be left out; 0 or 1 leaves out none.
    #[must_use]
    pub fn new(least_seen: u64) -> Self {
        Self { keys: Vec::new(), least_seen, most: MOST, kept: Kept::default() }
    }

    /// Reads one list to its end. Lines end in LF or CRLF, and a byte order mark of UTF-8 counts for nothing.
    ///
    /// # Errors
    /// [`ListError`]: the builder is of no use then.
    pub fn read(&mut self, mut list: impl BufRead, form: ListForm) -> Result<(), ListError> {
        let mut form = form;
        let mut line = Line::default();
        let mut number = 0;
        while line.next(&mut list)? {
            number += 1;
            if number == 1 {
                line.drop_mark()?;
            }
            self.kept.lines += 1;
            if line.text.is_empty() {
                self.kept.empty += 1;
                continue;
            }
            if form == ListForm::Detect {
                form = detected(&line.text, number)?;
            }
            match form {
                ListForm::Sha1 => self.take_hash(&line, number)?,
                ListForm::Plain | ListForm::Detect => self.take_password(&line)?,
            }
        }
        Ok(())
    }

    /// The filter's file, and what became of the lines.
    ///
    /// # Errors
    /// There was nothing to make it of, or too much.
    pub fn finish(mut self) -> Result<(Vec<u8>, Kept), ListError> {
        let taken = self.keys.len();
        // Sorted, because the bytes must not tell in which order the lists came.
        self.keys.sort_unstable();
        self.keys.dedup();
        if self.keys.is_empty() {
            return Err(ListError::Nothing);
        }
        self.kept.passwords = self.keys.len() as u64;
        self.kept.repeated += (taken - self.keys.len()) as u64;

        let filter = xorf::BinaryFuse16::try_from(self.keys.as_slice()).map_err(ListError::Unbuildable)?;
        if filter.fingerprints.len() as u64 > MAX_FINGERPRINTS {
            return Err(ListError::TooMany);
        }
        let mut header = Header {
            entries: self.kept.passwords,
            seed: filter.descriptor.seed,
            segment_length: filter.descriptor.segment_length,
            segment_count_length: filter.descriptor.segment_count_length,
            checksum: [0; 32],
        };
        let body: Vec<u8> = filter.fingerprints.iter().flat_map(|print| print.to_le_bytes()).collect();
        header.checksum = checksum(&header, &body);
        let mut file = Vec::with_capacity(HEADER_BYTES + body.len());
        file.extend_from_slice(&header.before_checksum());
        file.extend_from_slice(&header.checksum);
        file.extend_from_slice(&body);
        Ok((file, self.kept))
    }

    fn take_password(&mut self, line: &Line) -> Result<(), ListError> {
        if line.is_cut {
            self.kept.too_long += 1;
            return Ok(());
        }
        let latin1: String;
        let text = if let Ok(text) = str::from_utf8(&line.text) {
            text
        } else {
            // Older lists mix encodings line by line. Latin-1 says something of every byte.
            self.kept.latin1 += 1;
            latin1 = line.text.iter().copied().map(char::from).collect();
            &latin1
        };
        match Password::received(text) {
            Err(_) => self.kept.too_long += 1,
            Ok(password) if password.code_points() < SHORTEST => self.kept.too_short += 1,
            Ok(password) => self.keep(key_of(password.expose()))?,
        }
        Ok(())
    }

    fn take_hash(&mut self, line: &Line, number: u64) -> Result<(), ListError> {
        let (hash, seen) = hash_and_count(&line.text).ok_or(ListError::NoHash(number))?;
        if self.least_seen > 1 && seen.ok_or(ListError::NoCount(number))? < self.least_seen {
            self.kept.too_rare += 1;
            return Ok(());
        }
        self.keep(key_of_sha1(&hash))
    }

    fn keep(&mut self, key: u64) -> Result<(), ListError> {
        if self.keys.len() >= self.most {
            // The same passwords may have come again and again.
            let taken = self.keys.len();
            self.keys.sort_unstable();
            self.keys.dedup();
            self.kept.repeated += (taken - self.keys.len()) as u64;
            if self.keys.len() >= self.most {
                return Err(ListError::TooMany);
            }
        }
        self.keys.push(key);
        Ok(())
    }
}

/// What the first line says of the rest.
fn detected(line: &[u8], number: u64) -> Result<ListForm, ListError> {
    if hash_and_count(line).is_some() {
        return Ok(ListForm::Sha1);
    }
    let (hash, seen) = line.split_at_checked(32).unwrap_or((line, b""));
    let counted =
        seen.strip_prefix(b":").is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit));
    if counted && hash.iter().all(u8::is_ascii_hexdigit) {
        return Err(ListError::Ntlm(number));
    }
    Ok(ListForm::Plain)
}

/// The 20 bytes of a SHA-1, and the number after its colon.
fn hash_and_count(line: &[u8]) -> Option<([u8; 20], Option<u64>)> {
    let line = line.trim_ascii_end();
    let (hex, rest) = line.split_at_checked(40)?;
    let mut hash = [0; 20];
    for (slot, pair) in hash.iter_mut().zip(hex.chunks_exact(2)) {
        // A sign would be a number to `from_str_radix`.
        let pair = str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
        *slot = u8::from_str_radix(pair, 16).ok()?;
    }
    match rest {
        [] => Some((hash, None)),
        [b':', count @ ..] => {
            let count = str::from_utf8(count).ok().filter(|count| count.bytes().all(|b| b.is_ascii_digit()))?;
            Some((hash, Some(count.parse().ok()?)))
        }
        _ => None,
    }
}

/// One line, without its end.
#[derive(Default)]
struct Line {
    text: Vec<u8>,
    /// Whether it was longer than anything that is kept of a line.
    is_cut: bool,
}

impl Line {
    /// Reads the next line; whether there was one. Never holds more than [`LONGEST_LINE`] of it.
    fn next(&mut self, list: &mut impl BufRead) -> io::Result<bool> {
        self.text.clear();
        self.is_cut = false;
        let mut is_there = false;
        loop {
            let buffer = match list.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() {
                break;
            }
            is_there = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let piece = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            let room = LONGEST_LINE.saturating_sub(self.text.len());
            self.is_cut |= piece.len() > room;
            self.text.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            let used = piece.len() + usize::from(end.is_some());
            list.consume(used);
            if end.is_some() {
                break;
            }
        }
        if self.text.last() == Some(&b'\r') {
            self.text.pop();
        }
        Ok(is_there)
    }

    /// Drops what may stand before the first line.
    fn drop_mark(&mut self) -> Result<(), ListError> {
        if self.text.starts_with(&[0xff, 0xfe]) || self.text.starts_with(&[0xfe, 0xff]) {
            return Err(ListError::Utf16);
        }
        if self.text.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.text.drain(..3);
        }
        Ok(())
    }
}
