//! Passwords that are known from breaches, asked offline (NIST SP 800-63B-4 section 3.1.1.2).
//!
//! A list becomes a binary fuse filter of 16 bits a password ([`FilterBuilder`]): some 2.3 bytes each, whatever their
//! length. Promises: what was on the list is always found; what was not is found once in 65,536 times; a file that is cut
//! off, changed, longer than it says or of another make is refused before anything is asked of it, and no memory is taken on
//! the word of its header. The form of the file: docs/design/breached-passwords.md.

mod build;
mod format;

use countersign_kernel::hex;
use std::borrow::Cow;
use std::io::{self, Read};

use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use zeroize::Zeroizing;

pub use build::{FilterBuilder, Kept, ListError, ListForm};
pub use format::FormatError;
use format::{HEADER_BYTES, Header};

use crate::password::Password;

/// The filter that ships in the binary: made of `data/common-passwords.txt` and `data/breached-passwords.txt`.
static BUILT_IN: Option<Filter> = Filter::embedded(include_bytes!("../data/built-in.filter"));

/// How much is read at once: the most memory that is taken before the bytes for it are there.
const CHUNK: usize = 64 * 1024;

/// A set of passwords that can be asked whether it holds one, and tells nothing else.
#[derive(Debug)]
pub struct Filter {
    header: Header,
    /// 16 bits each, the low byte first.
    fingerprints: Cow<'static, [u8]>,
}

/// Why a filter could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The file itself.
    #[error("could not be read")]
    Io(#[from] io::Error),
    /// What is in it.
    #[error(transparent)]
    Format(#[from] FormatError),
}

impl Filter {
    /// The one that ships in the binary; none where what was built in is of another version, which a test excludes. It is
    /// asked in place: nothing is taken from the memory of a process that never does.
    #[must_use]
    pub const fn built_in() -> Option<&'static Self> {
        BUILT_IN.as_ref()
    }

    /// Reads a filter to its end, and keeps it in as much memory as it is long.
    ///
    /// # Errors
    /// [`FilterError`]: nothing of it is used then.
    pub fn read(mut source: impl Read) -> Result<Self, FilterError> {
        let mut head = Vec::with_capacity(HEADER_BYTES);
        source.by_ref().take(HEADER_BYTES as u64).read_to_end(&mut head)?;
        let header = Header::parse(&head)?;

        let mut wanted = header.body_bytes();
        let mut body = Vec::new();
        let mut chunk = vec![0; CHUNK];
        while wanted > 0 {
            let most = usize::try_from(wanted).unwrap_or(CHUNK).min(CHUNK);
            let read = match source.read(chunk.get_mut(..most).unwrap_or_default()) {
                Ok(0) => return Err(FormatError::Truncated.into()),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            body.try_reserve(read).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
            body.extend_from_slice(chunk.get(..read).unwrap_or_default());
            wanted = wanted.saturating_sub(read as u64);
        }
        if source.take(1).read_to_end(&mut Vec::new())? > 0 {
            return Err(FormatError::TooLong.into());
        }
        let filter = Self { header, fingerprints: Cow::Owned(body) };
        filter.verified()
    }

    /// Whether it holds this password, or its form in lower case: whoever tries the one tries the other.
    #[must_use]
    pub fn contains(&self, password: &Password) -> bool {
        let text = password.expose();
        if self.holds(key_of(text)) {
            return true;
        }
        // Lower case is at most three times as long; with this room no copy of it stays behind unwiped.
        let mut lower = Zeroizing::new(String::with_capacity(text.len() * 3));
        lower.extend(text.chars().flat_map(char::to_lowercase));
        *lower != *text && self.holds(key_of(&lower))
    }

    /// How many passwords it was made of.
    #[must_use]
    pub const fn passwords(&self) -> u64 {
        self.header.entries
    }

    /// How long its file is, in bytes.
    #[must_use]
    pub const fn file_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.header.body_bytes()
    }

    /// What tells it from other filters: 64 bits of its checksum, in hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(self.header.checksum.get(..8).unwrap_or_default())
    }

    const fn embedded(file: &'static [u8]) -> Option<Self> {
        let Ok(header) = Header::parse(file) else { return None };
        let Some((_, body)) = file.split_at_checked(HEADER_BYTES) else { return None };
        if body.len() as u64 == header.body_bytes() {
            Some(Self { header, fingerprints: Cow::Borrowed(body) })
        } else {
            None
        }
    }

    /// Compares the checksum.
    fn verified(self) -> Result<Self, FilterError> {
        if checksum(&self.header, &self.fingerprints) == self.header.checksum {
            Ok(self)
        } else {
            Err(FormatError::Corrupt.into())
        }
    }

    /// The look-up of a binary fuse filter of three segments (Graf and Lemire, 2022).
    fn holds(&self, key: u64) -> bool {
        let header = &self.header;
        let hash = mixed(key.wrapping_add(header.seed));
        let wide = u128::from(hash) * u128::from(header.segment_count_length);
        let first = u64::try_from(wide >> 64).unwrap_or_default();
        let (length, mask) = (u64::from(header.segment_length), u64::from(header.segment_length) - 1);
        let second = (first + length) ^ ((hash >> 18) & mask);
        let third = (first + 2 * length) ^ (hash & mask);
        let expected = (hash ^ (hash >> 32)) & 0xffff;
        expected == self.at(first) ^ self.at(second) ^ self.at(third)
    }

    fn at(&self, index: u64) -> u64 {
        let start = usize::try_from(index * 2).unwrap_or(usize::MAX);
        let bytes = self.fingerprints.get(start..).and_then(<[u8]>::first_chunk::<2>);
        bytes.map_or(0, |bytes| u64::from(u16::from_le_bytes(*bytes)))
    }
}

/// The key of a password: the first 64 bits of the SHA-1 of its UTF-8 text, because that is what the published lists hold.
/// As good as any hash here: whoever makes two texts collide has refused himself a password.
fn key_of(text: &str) -> u64 {
    key_of_sha1(digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()).as_ref())
}

fn key_of_sha1(hash: &[u8]) -> u64 {
    hash.first_chunk::<8>().map_or(0, |first| u64::from_be_bytes(*first))
}

/// The 64-bit finaliser of MurmurHash3.
const fn mixed(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

/// SHA-256 over the header without its checksum, and the body.
fn checksum(header: &Header, body: &[u8]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(&header.before_checksum());
    context.update(body);
    let mut sum = [0; 32];
    for (slot, byte) in sum.iter_mut().zip(context.finish().as_ref()) {
        *slot = *byte;
    }
    sum
}

#[cfg(test)]
mod tests;
