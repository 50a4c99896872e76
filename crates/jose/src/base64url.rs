//! Strict base64url without padding (RFC 4648 section 5, RFC 7515 section 2).
//!
//! Promises: one text for one value. Padding, white space, the standard alphabet and non-zero spare bits are refused, so
//! that no token, key or id has a second spelling.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::NO_PAD;

use crate::error::Error;

/// With the processor's wide instructions, where the library has code for them: the claims of a token are some 500 characters, and
/// are decoded more often than tokens are verified.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
static BASE64URL: LazyLock<base64::engine::simd::Simd> = LazyLock::new(|| base64::engine::simd::Simd::url_safe(NO_PAD));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
static BASE64URL: LazyLock<base64::engine::GeneralPurpose> =
    LazyLock::new(|| base64::engine::GeneralPurpose::new(&base64::alphabet::URL_SAFE, NO_PAD));

/// The text of `bytes`.
#[must_use]
pub fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64URL.encode(bytes)
}

/// Appends the text of `bytes` to `target`.
pub fn encode_to(bytes: impl AsRef<[u8]>, target: &mut String) {
    BASE64URL.encode_string(bytes, target);
}

/// The bytes that `text` spells.
///
/// # Errors
/// [`Error::Base64`] if the text is not exactly what [`encode`] writes.
pub fn decode(text: impl AsRef<[u8]>) -> Result<Vec<u8>, Error> {
    BASE64URL.decode(text).map_err(|_| Error::Base64)
}

/// Appends the bytes that `text` spells to `target`; of a text that spells none, anything or nothing.
///
/// # Errors
/// [`Error::Base64`] as [`decode`].
pub fn decode_onto(text: impl AsRef<[u8]>, target: &mut Vec<u8>) -> Result<(), Error> {
    BASE64URL.decode_vec(text, target).map_err(|_| Error::Base64)
}

/// Decodes into `target` and returns the part that was written.
///
/// # Errors
/// [`Error::Base64`] as [`decode`], or if `target` is too short.
pub fn decode_to(text: impl AsRef<[u8]>, target: &mut [u8]) -> Result<&mut [u8], Error> {
    let length = BASE64URL.decode_slice(text, target).map_err(|_| Error::Base64)?;
    target.get_mut(..length).ok_or(Error::Base64)
}

/// How many characters the text of `bytes` bytes has.
#[must_use]
pub const fn encoded_length(bytes: usize) -> usize {
    (bytes * 4).div_ceil(3)
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The plain engine of the library is as strict as one can be, and every length and place has to agree with it.
        #[test]
        fn wide_and_plain_instructions_accept_the_same_texts(
            bytes in prop::collection::vec(any::<u8>(), 0..400),
            place: prop::sample::Index,
            wrong: u8,
        ) {
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(encode(&bytes), text.clone());
            prop_assert_eq!(decode(&text).ok(), Some(bytes));

            let mut text = text.into_bytes();
            if !text.is_empty() {
                let place = place.index(text.len());
                text[place] = wrong;
            }
            prop_assert_eq!(decode(&text).ok(), URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }

    #[test]
    fn a_long_text_has_one_spelling() {
        let text = encode([0xab_u8; 400]);
        assert_eq!(text.len(), 534);
        for (wrong, reason) in [
            (format!("{text}=="), "padding"),
            (format!("{text}\n"), "a line's end"),
            (text.replacen('q', "+", 1), "the standard alphabet"),
            (text.replacen('q', " ", 1), "white space"),
            (format!("{}x", &text[..533]), "spare bits that are not zero"),
            (text[..533].to_owned(), "a length that no bytes have"),
        ] {
            assert!(decode(&wrong).is_err(), "{reason}");
        }
    }
}
