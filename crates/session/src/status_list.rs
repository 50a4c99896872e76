//! The Token Status List (draft-ietf-oauth-status-list): which living access tokens no longer count, as one signed bit each, for
//! verifiers of other makes (docs/design/status-list.md).
//!
//! Promises: each token has an index of its own, drawn at random, so that nothing links the tokens of a person and no bit speaks for
//! two; a bit says what the live set says of its token when the list is made; a list is made once in a few seconds, whoever asks. An
//! index is below what lists show already, also those that verifiers have kept.

mod give;
mod show;

use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_kernel::{Lifetime, Timestamp};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use tokio::sync::Mutex;

/// The `typ` of a status list. Every other kind of token has another.
pub const STATUS_LIST_TYPE: &str = "statuslist+jwt";

/// For how long a verifier may keep a list: `ttl`, and the `max-age` of the answer.
pub const STATUS_LIST_TTL: Lifetime = Lifetime::from_seconds(30);

/// Where the list is, below the public URL.
const PATH: &str = "/.well-known/status-list";

/// A signed list.
#[derive(Debug, Clone)]
pub struct StatusListToken {
    /// The JWT.
    pub jwt: Arc<str>,
    /// What tells it from the lists before and after.
    pub tag: Arc<str>,
    made_at: Timestamp,
}

/// What a process keeps of the list.
pub(crate) struct StatusList {
    uri: String,
    /// Indexes that are given out are below this.
    size: AtomicU64,
    /// The last list. Whoever makes one holds it, so that no two are made at once.
    last: Mutex<Option<StatusListToken>>,
}

impl StatusList {
    pub(crate) fn new(issuer: &str) -> Self {
        Self { uri: format!("{issuer}{PATH}"), size: AtomicU64::new(0), last: Mutex::default() }
    }
}

/// Status 1 ("invalid"): the first index is the lowest bit of the first byte.
fn set(bytes: &mut [u8], index: u64) {
    let byte = usize::try_from(index / 8).ok().and_then(|place| bytes.get_mut(place));
    if let Some(byte) = byte {
        *byte |= 1 << (index % 8);
    }
}

/// DEFLATE in the zlib format (RFC 1950), as base64url without padding.
fn packed(bytes: &[u8]) -> io::Result<String> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(encoder.finish()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of the draft's section 4.1: sixteen tokens, nine of which are invalid.
    #[test]
    fn the_list_of_the_specification_is_packed_as_it_is_there() {
        let mut bytes = [0; 2];
        [0, 3, 4, 5, 7, 8, 9, 13, 15].into_iter().for_each(|index| set(&mut bytes, index));

        assert_eq!(bytes, [0xb9, 0xa3]);
        assert_eq!(packed(&bytes).unwrap(), "eNrbuRgAAhcBXQ");
    }

    #[test]
    fn an_index_beyond_the_list_changes_nothing() {
        let mut bytes = [0; 2];
        set(&mut bytes, 16);
        set(&mut bytes, u64::MAX);

        assert_eq!(bytes, [0; 2]);
    }
}
