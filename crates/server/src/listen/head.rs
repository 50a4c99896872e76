//! What came of the head being read, byte for byte, for what the parser does not tell.
//!
//! A request with both a length and chunks is parsed as one in chunks, and its length is forgotten. Whoever stands before us
//! may have gone by the length, and what he took for a body could be a request of its own here, so such a request is refused
//! (RFC 9112 section 6.1). Looking for it costs a copy of the head, and a search only where a request has chunks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::HeaderMap;
use hyper::header::{CONTENT_LENGTH, TRANSFER_ENCODING};

/// The largest head that is read.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;

/// Room that is kept from one head to the next. Few are larger.
const USUAL_HEAD_BYTES: usize = 4 * 1024;

/// The bytes that came since the last request.
#[derive(Debug, Default)]
pub(super) struct Head(Mutex<Vec<u8>>);

impl Head {
    /// Notes bytes that arrived while no request was under way.
    pub(super) fn heard(&self, bytes: &[u8]) {
        let mut text = self.text();
        let room = MAX_HEAD_BYTES.saturating_sub(text.len());
        text.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }

    /// Whether nothing came since the last request.
    pub(super) fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// Whether the head that was just parsed to `headers` names two ends of its body; it is forgotten then. One that came
    /// together with the request before it was not seen by itself: with chunks, that is as bad.
    pub(super) fn is_ambiguous(&self, headers: &HeaderMap) -> bool {
        let mut text = self.text();
        let is_ambiguous = headers.contains_key(TRANSFER_ENCODING)
            && (!has_field(&text, TRANSFER_ENCODING.as_str()) || has_field(&text, CONTENT_LENGTH.as_str()));
        text.clear();
        text.shrink_to(USUAL_HEAD_BYTES);
        is_ambiguous
    }

    fn text(&self) -> MutexGuard<'_, Vec<u8>> {
        // Each step leaves the text whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the first head in `text` has a field of this name.
fn has_field(text: &[u8], name: &str) -> bool {
    text.split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split(|byte| *byte == b':').next())
        .any(|field| field.trim_ascii().eq_ignore_ascii_case(name.as_bytes()))
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_length_beside_chunks_is_seen_however_it_comes() {
        let mut chunked = HeaderMap::new();
        chunked.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        for (pieces, parsed, wanted, reason) in [
            (&["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"][..], &chunked, false, "chunks alone"),
            (&["POST / HTTP/1.1\r\ncontent-LENGTH: 5\r\n\r\n"], &HeaderMap::new(), false, "a length alone"),
            (&["POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"], &chunked, true, "before"),
            (&["POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-LENGTH: 5\r\n\r\n"], &chunked, true, "after"),
            (&["POST / HTTP/1.1\nTransfer-Encoding: chunked\nContent-Length: 5\n\n"], &chunked, true, "bare newlines"),
            (
                &["POST / HTTP/1.1\r\nContent-Le", "ngth: 5\r\nTransfer-Enco", "ding: chunked\r\n\r\n"],
                &chunked,
                true,
                "in pieces",
            ),
            (
                &["\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nContent-Length: 5"],
                &chunked,
                false,
                "in the body",
            ),
            (&[], &chunked, true, "unseen: it came with the request before"),
        ] {
            let head = Head::default();
            pieces.iter().for_each(|piece| head.heard(piece.as_bytes()));
            assert_eq!(head.is_ambiguous(parsed), wanted, "{reason}");
            assert!(head.is_empty(), "{reason}");
        }
    }

    #[test]
    fn no_more_than_a_head_is_kept() {
        let head = Head::default();
        for _ in 0..3 {
            head.heard(&[b'a'; 40_000]);
        }
        assert_eq!(head.text().len(), MAX_HEAD_BYTES);
        assert!(!head.is_ambiguous(&HeaderMap::new()));
        assert!(head.text().capacity() <= USUAL_HEAD_BYTES);
    }
}
