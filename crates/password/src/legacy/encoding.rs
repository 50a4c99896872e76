//! How other systems write bytes and parameters.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Base64 in each of the alphabets that exports use: the common one, the one for URLs, and passlib's with a dot for the plus;
/// padded or not. None where it is none.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    let plain: String = text
        .trim_end_matches('=')
        .chars()
        .map(|c| match c {
            '-' | '.' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    STANDARD_NO_PAD.decode(plain).ok()
}

/// The same bytes as the canonical texts write them.
pub(super) fn text(bytes: &[u8]) -> String {
    STANDARD_NO_PAD.encode(bytes)
}

/// A number as parameters write it: figures alone, no sign, no leading zero.
pub(super) fn number(text: &str) -> Option<u64> {
    let is_plain = text == "0" || !text.starts_with('0');
    let is_number = (1..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if is_plain && is_number { text.parse().ok() } else { None }
}

/// The value of `name` in `ln=14,r=8,p=1`.
pub(super) fn parameter<'a>(parameters: &'a str, name: &str) -> Option<&'a str> {
    parameters.split(',').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// What the name of a kept secret is made of.
pub(super) const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dialect_of_base64_is_read() {
        for text in ["+/+/AA==", "+/+/AA", "-_-_AA", "./.\u{2f}AA"] {
            assert_eq!(bytes(text), Some(vec![0xfb, 0xff, 0xbf, 0]), "{text}");
        }
        for text in ["a", "ab c", "a\n", "é", "AAAAB"] {
            assert_eq!(bytes(text), None, "{text:?}");
        }
        assert_eq!(bytes(""), Some(Vec::new()));
    }

    #[test]
    fn numbers_are_figures_alone() {
        assert_eq!(number("27500"), Some(27_500));
        for text in ["", "-1", "+1", " 1", "1e3", "007", "99999999999999999999", "٣"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }

    #[test]
    fn parameters_are_found_by_their_whole_name() {
        assert_eq!(parameter("ln=14,r=8,p=1", "r"), Some("8"));
        assert_eq!(parameter("ln=14,r=8,p=1", "n"), None);
        assert_eq!(parameter("", "n"), None);
    }
}
