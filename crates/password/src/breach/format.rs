//! The head of a filter's file. All numbers are little-endian.
//!
//! | bytes | what |
//! |---|---|
//! | 0-7 | `CSBREACH` |
//! | 8-9 | version: 1 |
//! | 10 | the hash of a password: 1 = the first 64 bits, big-endian, of its SHA-1 |
//! | 11 | what is hashed: 1 = the UTF-8 of its NFC |
//! | 12 | the filter: 1 = binary fuse, three segments, fingerprints of 16 bits |
//! | 13-15 | zeros |
//! | 16-23 | how many different passwords |
//! | 24-31 | the seed |
//! | 32-35 | the length of a segment: a power of two |
//! | 36-39 | the length of all segments but two |
//! | 40-71 | SHA-256 of bytes 0-39 and of all that follows byte 71 |
//! | 72- | the fingerprints |

const MAGIC: [u8; 8] = *b"CSBREACH";
const VERSION: u16 = 1;
const SHA1_64: u8 = 1;
const NFC_UTF8: u8 = 1;
const FUSE_3_16: u8 = 1;

/// The length of the head.
pub(super) const HEADER_BYTES: usize = 72;

/// The greatest segment that filters are made with.
pub(super) const MAX_SEGMENT: u32 = 262_144;

/// The most fingerprints: 4 GiB of them, some 1.9 billion passwords.
pub(super) const MAX_FINGERPRINTS: u64 = 1 << 31;

/// What is wrong with a filter's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Something else.
    #[error("is no filter of breached passwords; `countersign password build-filter` makes one from a list")]
    NoFilter,
    /// Made by a newer program.
    #[error("is of version {0}, and this program reads version 1: build it again from its list")]
    Version(u16),
    /// Made in a way that this program does not know.
    #[error("was made in a way that this program does not know: build it again from its list")]
    Foreign,
    /// The head contradicts itself.
    #[error("has a head that contradicts itself: build it again from its list")]
    Geometry,
    /// The end is missing.
    #[error("is cut off: copy it again")]
    Truncated,
    /// Something follows its end.
    #[error("is longer than it says: copy it again")]
    TooLong,
    /// The checksum is another.
    #[error("has been changed since it was made, its checksum is wrong: copy it again")]
    Corrupt,
}

/// What the head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) entries: u64,
    pub(super) seed: u64,
    pub(super) segment_length: u32,
    pub(super) segment_count_length: u32,
    pub(super) checksum: [u8; 32],
}

impl Header {
    /// Reads the head, and whether it can be that of a filter. The checksum is not compared here.
    pub(super) const fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        use FormatError::{Foreign, Geometry, NoFilter, Truncated, Version};

        let Some((magic, rest)) = bytes.split_first_chunk::<8>() else { return Err(NoFilter) };
        if u64::from_le_bytes(*magic) != u64::from_le_bytes(MAGIC) {
            return Err(NoFilter);
        }
        let Some((version, rest)) = rest.split_first_chunk::<2>() else { return Err(Truncated) };
        if u16::from_le_bytes(*version) != VERSION {
            return Err(Version(u16::from_le_bytes(*version)));
        }
        let Some(([SHA1_64, NFC_UTF8, FUSE_3_16, 0, 0, 0], rest)) = rest.split_first_chunk::<6>() else {
            return Err(if rest.len() < 6 { Truncated } else { Foreign });
        };
        let Some((entries, rest)) = rest.split_first_chunk::<8>() else { return Err(Truncated) };
        let Some((seed, rest)) = rest.split_first_chunk::<8>() else { return Err(Truncated) };
        let Some((segment_length, rest)) = rest.split_first_chunk::<4>() else { return Err(Truncated) };
        let Some((segment_count_length, rest)) = rest.split_first_chunk::<4>() else { return Err(Truncated) };
        let Some((checksum, _)) = rest.split_first_chunk::<32>() else { return Err(Truncated) };
        let header = Self {
            entries: u64::from_le_bytes(*entries),
            seed: u64::from_le_bytes(*seed),
            segment_length: u32::from_le_bytes(*segment_length),
            segment_count_length: u32::from_le_bytes(*segment_count_length),
            checksum: *checksum,
        };
        if header.is_sound() { Ok(header) } else { Err(Geometry) }
    }

    /// Whether every look-up stays within the fingerprints, and there may be as many passwords as it says.
    const fn is_sound(&self) -> bool {
        let (length, all_but_two) = (self.segment_length, self.segment_count_length);
        length.is_power_of_two()
            && length <= MAX_SEGMENT
            && all_but_two >= length
            && all_but_two.is_multiple_of(length)
            && self.fingerprints() <= MAX_FINGERPRINTS
            && self.entries > 0
            && self.entries <= self.fingerprints()
    }

    const fn fingerprints(&self) -> u64 {
        self.segment_count_length as u64 + 2 * self.segment_length as u64
    }

    /// How many bytes follow the head.
    pub(super) const fn body_bytes(&self) -> u64 {
        2 * self.fingerprints()
    }

    /// The head up to its checksum.
    pub(super) fn before_checksum(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        bytes.extend_from_slice(&[SHA1_64, NFC_UTF8, FUSE_3_16, 0, 0, 0]);
        bytes.extend_from_slice(&self.entries.to_le_bytes());
        bytes.extend_from_slice(&self.seed.to_le_bytes());
        bytes.extend_from_slice(&self.segment_length.to_le_bytes());
        bytes.extend_from_slice(&self.segment_count_length.to_le_bytes());
        bytes
    }
}
