//! An e-mail address: one form to show and one to compare.
//!
//! Promises: two addresses of one mailbox, as far as the rules of mail tell, have one key; an address that has a key can be
//! put into a mail header as it is. The key is the local part in NFC with ASCII letters in lower case, and the domain as IDNA
//! writes it in ASCII (RFC 5890). Nothing else is folded: look-alikes, dots and `+tags` make another address.

use email_address::Options;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::field::FieldError;

/// RFC 5321 section 4.5.3.1.3: a path of 256 octets with its angle brackets.
const MAX_BYTES: usize = 254;

/// An address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress {
    display: String,
    key: String,
}

impl EmailAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it, under the field `email`.
    pub fn parse(text: &str) -> Result<Self, FieldError> {
        if text.is_empty() {
            return Err(FieldError::new("email", "BLANK", "Enter an e-mail address."));
        }
        if text.len() > MAX_BYTES {
            return Err(FieldError::new("email", "TOO_LONG", "This e-mail address is too long."));
        }
        Self::read(text).ok_or_else(|| FieldError::new("email", "INVALID", "This is not an e-mail address."))
    }

    fn read(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@')?;
        if !text.chars().all(|c| c.is_ascii_graphic() || is_letter_of_other_scripts(c)) {
            return None;
        }
        // Quoted local parts and address literals are legal, used by nobody, and a way to write one mailbox twice.
        if local.contains(['"', '@', '\\']) || domain.contains(['[', ']']) {
            return None;
        }
        let given = local;
        let local: String = given.nfc().collect();
        // A letter that is another in fancy dress (full width, ligature, the sign for kelvin) is there to be mistaken for it.
        if local.nfkc().ne(local.chars()) || given.chars().any(is_ascii_in_disguise) {
            return None;
        }
        let domain = idna::domain_to_ascii_strict(domain).ok()?;
        if domain.ends_with('.') || !domain.contains('.') || is_numeric(&domain) {
            return None;
        }
        let display = format!("{local}@{domain}");
        let options = Options::default().without_display_text().without_domain_literal();
        email_address::EmailAddress::parse_with_options(&display, options).ok()?;
        let key = format!("{}@{domain}", local.to_ascii_lowercase());
        (display.len() <= MAX_BYTES).then_some(Self { display, key })
    }

    /// The address as its owner wrote it, the domain in ASCII and lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.display
    }

    /// The address as it is compared.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

/// Letters, figures and marks outside ASCII that can be seen.
fn is_letter_of_other_scripts(c: char) -> bool {
    // Letters and marks by their category that show nothing: fillers, joiners, variation selectors.
    let invisible = matches!(c,
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
    !c.is_ascii() && !invisible && (c.is_alphanumeric() || is_combining_mark(c))
}

/// Whether the character is nothing but ASCII letters to the rules of compatibility.
fn is_ascii_in_disguise(c: char) -> bool {
    !c.is_ascii() && c.nfkc().all(|c| c.is_ascii())
}

/// Whether the last label is figures alone: an address of a host, or nothing.
fn is_numeric(domain: &str) -> bool {
    domain.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Option<(String, String)> {
        EmailAddress::parse(text).ok().map(|e| (e.as_str().to_owned(), e.key().to_owned()))
    }

    #[test]
    fn one_mailbox_has_one_key() {
        for (text, display, key) in [
            ("ada@example.com", "ada@example.com", "ada@example.com"),
            ("Ada@Example.COM", "Ada@example.com", "ada@example.com"),
            ("ADA@EXAMPLE.COM", "ADA@example.com", "ada@example.com"),
            ("ada@b\u{fc}cher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@B\u{dc}CHER.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
            ("ada@\u{ff45}xample.com", "ada@example.com", "ada@example.com"),
            ("jose\u{301}@example.com", "jos\u{e9}@example.com", "jos\u{e9}@example.com"),
        ] {
            assert_eq!(parse(text), Some((display.to_owned(), key.to_owned())), "{text}");
        }
    }

    #[test]
    fn different_mailboxes_have_different_keys() {
        let ada = parse("ada@example.com").unwrap().1;
        for other in [
            "a.da@example.com",
            "ada+tag@example.com",
            "\u{430}da@example.com",
            "ad\u{430}@example.com",
            "\u{e1}da@example.com",
            "ada@ex\u{430}mple.com",
            "ada@example.com.evil.example",
            "ada@sub.example.com",
        ] {
            assert_ne!(parse(other).map(|p| p.1), Some(ada.clone()), "{other}");
        }
    }

    #[test]
    fn letters_outside_ascii_are_not_folded_into_each_other() {
        assert_ne!(parse("\u{c9}va@example.com").unwrap().1, parse("\u{e9}va@example.com").unwrap().1);
        // The Turkish dotless i and the Kelvin sign lower-case into ASCII elsewhere.
        assert_eq!(parse("\u{212a}im@example.com"), None);
        assert_ne!(parse("ad\u{131}@example.com").map(|p| p.1), parse("adi@example.com").map(|p| p.1));
    }

    #[test]
    fn what_is_no_address_or_could_do_harm_in_a_header_is_refused() {
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@localhost",
            "ada@example.com.",
            "ada@.com",
            "ada@example..com",
            "ada@-example.com",
            "ada@exa_mple.com",
            "ada@1.2.3.4",
            "ada@[1.2.3.4]",
            "ada@[IPv6:::1]",
            "a@b@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..da@example.com",
            "\"ada\"@example.com",
            "\"a b\"@example.com",
            "ada(comment)@example.com",
            "Ada <ada@example.com>",
            "<ada@example.com>",
            "ada@example.com,eve@example.com",
            "ada@example.com;eve@example.com",
            "ada@example.com\n",
            "ada\r\nBcc:eve@example.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada%0a@example.com\n",
            " ada@example.com",
            "ada@example.com ",
            "ada @example.com",
            "ada\t@example.com",
            "ada\0@example.com",
            "ada@exam\0ple.com",
            "ada\u{200b}@example.com",
            "ada@exam\u{200b}ple.com",
            "\u{feff}ada@example.com",
            "a\u{200d}da@example.com",
            "a\u{ad}da@example.com",
            "ada@exam\u{ad}ple.com",
            "\u{202e}ada@example.com",
            "ada\u{fe0f}@example.com",
            "ada\u{115f}@example.com",
            "ada\u{3164}@example.com",
            "\u{ff41}da@example.com",
            "\u{fb01}sh@example.com",
            "ada@example\u{3002}\u{3002}com",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_longest_address_is_254_bytes() {
        let domain = format!("{}.example", ["d".repeat(60).as_str(); 3].join("."));
        let of = |bytes: usize| format!("{}@{domain}", "a".repeat(bytes - domain.len() - 1));
        assert!(parse(&of(domain.len() + 1 + 63)).is_some());
        assert_eq!(EmailAddress::parse(&format!("{}@example.com", "a".repeat(250))).unwrap_err().code, "TOO_LONG");
        assert_eq!(parse(&format!("{}@example.com", "a".repeat(65))), None, "a local part has 64 at most");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_the_key_is_stable(text in "\\PC{0,20}@\\PC{0,20}|.{0,40}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let again = EmailAddress::parse(address.as_str()).unwrap();
                prop_assert_eq!(again.key(), address.key());
                let of_key = EmailAddress::parse(address.key()).unwrap();
                prop_assert_eq!(of_key.key(), address.key());
                prop_assert!(!address.as_str().chars().any(|c| c.is_control() || c.is_whitespace()));
            }
        }
    }
}
