//! What a person is called.

use crate::field::FieldError;

/// The longest name, in code points.
const MAX: usize = 100;

/// A name to show: 1 to 100 code points, not all blank, no control characters or line ends. Kept as it was written; whoever
/// shows it encodes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// What is wrong with it, under the field `name`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        let wrong = |code, message: &str| Err(FieldError::new("name", code, message));
        if text.trim().is_empty() {
            return wrong("BLANK", "Enter a name.");
        }
        if text.chars().count() > MAX {
            return wrong("TOO_LONG", "Use at most 100 characters.");
        }
        // U+2028 and U+2029 end lines as surely as control characters do; the bidirectional controls turn what follows round.
        if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')) {
            return wrong("INVALID", "A name cannot contain line ends or control characters.");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_they_were_written() {
        for name in [
            "Ada",
            " Ada  L. ",
            "<script>alert(1)</script>",
            "'; DROP TABLE users;--",
            "{{7*7}}",
            "مريم",
            "\u{1f469}\u{200d}\u{1f4bb}",
            "e\u{301}",
        ] {
            assert_eq!(Name::parse(name).unwrap().as_str(), name);
        }
        assert!(Name::parse(&"\u{e9}".repeat(100)).is_ok());
    }

    #[test]
    fn what_is_no_name_is_refused_with_its_reason() {
        for (name, code) in [
            ("", "BLANK"),
            (" \u{a0}\t", "BLANK"),
            ("Ada\nBcc: x", "INVALID"),
            ("Ada\0", "INVALID"),
            ("Ada\u{2028}", "INVALID"),
            ("\u{202e}adA", "INVALID"),
            (&"a".repeat(101), "TOO_LONG"),
        ] {
            assert_eq!(Name::parse(name).unwrap_err().code, code, "{name:?}");
        }
    }
}
