//! Strict base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
//!
//! Promises: one text for one value. Padding, white space, the standard alphabet and non-zero spare bits are refused, so
//! that no token, key or id has a second spelling.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::error::Error;

/// The text of `bytes`.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Appends the text of `bytes` to `target`.
pub fn encode_to(bytes: impl AsRef<[u8]>, target: &mut String) {
    URL_SAFE_NO_PAD.encode_string(bytes, target);
}

/// The bytes that `text` spells.
///
/// # Errors
/// [`Error::Base64`] if the text is not exactly what [`encode`] writes.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
    URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::Base64)
}

/// Appends the bytes that `text` spells to `target`; of a text that spells none, anything or nothing.
///
/// # Errors
/// [`Error::Base64`] as [`decode`].
pub fn decode_onto(text: impl AsRef<[u8]>, target: &mut Vec<u8>) -> Result<(), Error> {
    URL_SAFE_NO_PAD.decode_vec(text, target).map_err(|_| Error::Base64)
}

/// Decodes into `target` and returns the part that was written.
///
/// # Errors
/// [`Error::Base64`] as [`decode`], or if `target` is too short.
pub fn decode_to(text: impl AsRef<[u8]>, target: &mut [u8]) -> Result<&mut [u8], Error> {
    let length = URL_SAFE_NO_PAD.decode_slice(text, target).map_err(|_| Error::Base64)?;
    target.get_mut(..length).ok_or(Error::Base64)
}

/// How many characters the text of `bytes` bytes has.
#[must_use]
pub const fn encoded_length(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}
