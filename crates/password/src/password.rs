//! A password as it was typed, in one Unicode form.

use countersign_kernel::Secret;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// No password, new or presented, is longer than this many code points after NFC.
pub const MAX_CODE_POINTS: usize = 256;

/// The text is longer than any password can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("longer than {MAX_CODE_POINTS} characters")]
pub struct TooLong;

/// A password in Unicode normalisation form C (NIST SP 800-63B-4 section 3.1.1.2), otherwise as it was typed: not trimmed, not
/// folded, not cut. At most [`MAX_CODE_POINTS`].
#[derive(Debug, Clone)]
pub struct Password {
    text: Secret<String>,
    /// As it came in, where that was another form: what other systems have hashed.
    received: Option<Secret<String>>,
}

impl Password {
    /// Takes what was received, for a check against a stored hash or for [`crate::Policy::check`].
    ///
    /// # Errors
    /// [`TooLong`], in time proportional to the limit, whatever was sent.
    pub fn received(raw: &str) -> Result<Self, TooLong> {
        // NFC never makes one code point out of more than a few: a text this long cannot come within the limit, and
        // normalising it would be work done for an attacker.
        if raw.len() > MAX_CODE_POINTS * 4 * 4 {
            return Err(TooLong);
        }
        // The greatest growth of NFC in UTF-8 is threefold: with this room the string is not moved, so that no copy of it
        // stays behind unwiped.
        let mut text = Zeroizing::new(String::with_capacity(raw.len() * 3));
        text.extend(raw.nfc());
        if text.chars().count() > MAX_CODE_POINTS {
            return Err(TooLong);
        }
        let received = (text.as_str() != raw).then(|| Secret::new(raw.to_owned()));
        Ok(Self { text: Secret::new(std::mem::take(&mut *text)), received })
    }

    /// The password itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The password as it came in, for hashes of systems that normalised nothing.
    #[must_use]
    pub fn as_received(&self) -> &str {
        self.received.as_ref().unwrap_or(&self.text).expose()
    }

    /// How many code points it has (NIST SP 800-63B-4: each counts as one character).
    #[must_use]
    pub fn code_points(&self) -> usize {
        self.expose().chars().count()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_form_for_composed_and_decomposed_text() {
        let composed = Password::received("caf\u{e9} au lait").unwrap();
        let decomposed = Password::received("cafe\u{301} au lait").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
    }

    #[test]
    fn compatibility_forms_blanks_and_controls_stay_as_they_are() {
        for text in [" leading", "trailing ", "a\0b", "line\n", "\u{fb01}sh", "PaSsWoRd", "\u{202e}rtl"] {
            assert_eq!(Password::received(text).unwrap().expose(), text);
        }
    }

    #[test]
    fn the_longest_is_counted_in_code_points_not_bytes() {
        assert!(Password::received(&"\u{1f600}".repeat(MAX_CODE_POINTS)).is_ok());
        assert_eq!(Password::received(&"\u{1f600}".repeat(MAX_CODE_POINTS + 1)).unwrap_err(), TooLong);
        assert_eq!(Password::received(&"a".repeat(1_000_000)).unwrap_err(), TooLong);
        // 256 decomposed letters are 256 characters to the person who typed them, of whatever script.
        assert!(Password::received(&"e\u{301}".repeat(MAX_CODE_POINTS)).is_ok());
        assert!(Password::received(&"\u{1112}\u{1161}\u{11ab}".repeat(MAX_CODE_POINTS)).is_ok());
    }

    proptest! {
        #[test]
        fn normalising_again_changes_nothing(text in ".{0,64}") {
            let once = Password::received(&text).unwrap();
            let twice = Password::received(once.expose()).unwrap();
            prop_assert_eq!(once.expose(), twice.expose());
        }

        #[test]
        fn the_room_made_is_enough_for_every_text(text in ".{0,64}") {
            prop_assert!(text.nfc().collect::<String>().len() <= text.len() * 3);
        }
    }
}
