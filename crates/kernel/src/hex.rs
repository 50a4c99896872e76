//! Bytes as lower-case hexadecimal digits, and back.

use std::fmt::Write as _;

/// Two digits a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Exactly `N` bytes; none where the text is anything else than their one spelling.
#[must_use]
pub fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N.saturating_mul(2) {
        return None;
    }
    let mut bytes = [0; N];
    for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *slot = (nibble(*high)? << 4) | nibble(*low)?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_from_their_one_spelling_and_from_no_other() {
        let bytes = [0x00, 0x09, 0x0a, 0x9f, 0xf0, 0xff];
        assert_eq!(encode(&bytes), "00090a9ff0ff");
        assert_eq!(decode("00090a9ff0ff"), Some(bytes));
        for wrong in [
            "00090a9ff0f",
            "00090a9ff0fff",
            "00090A9ff0ff",
            "00090a9ff0fg",
            "0x090a9ff0ff",
            "00090a9ff0f/",
            "00090a9ff0f:",
        ] {
            assert_eq!(decode::<6>(wrong), None, "{wrong}");
        }
    }
}
