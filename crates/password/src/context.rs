//! What everybody knows of the person and the place, and whether a password is hardly more than that.
//!
//! Words count in any case, with or without their accents, with look-alike figures for letters, backwards, and with figures
//! and signs around them. A word of one or two letters is in everything and counts for nothing.

use std::cmp::Reverse;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use zeroize::Zeroizing;

use crate::common::meant;

/// What this program is called: as well known as the site.
const OURSELVES: &str = "countersign";

/// The greatest growth of a text's UTF-8 when its compatibility forms are taken apart.
const GREATEST_GROWTH: usize = 12;

/// The words that a password must not be made of.
pub(crate) struct Context(Vec<String>);

impl Context {
    /// Each text whole, and its parts: the local part and the labels of an address, the names of a person, the labels of a
    /// host; with and without the figures at their ends.
    pub(crate) fn of(texts: &[&str]) -> Self {
        let mut words: Vec<String> = Vec::new();
        for text in texts.iter().copied().chain([OURSELVES]) {
            let parts = text.split(|c: char| !c.is_alphanumeric());
            let bare = parts.clone().map(|part| part.trim_matches(char::is_numeric));
            let all = [text].into_iter().chain(text.split('@')).chain(parts).chain(bare);
            for word in all.map(folded) {
                words.push(word.chars().map(meant).collect());
                words.push(word.to_string());
            }
        }
        words.retain(|word| word.chars().count() >= 3);
        words.sort_unstable();
        words.dedup();
        // The longer first, so that nothing of a whole is left because a part of it went before.
        words.sort_by_key(|word| Reverse(word.len()));
        Self(words)
    }

    /// The words, for an estimate.
    pub(crate) fn words(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }

    /// Whether so little is left without the words that the rest would be guessed: fewer than 4 letters, and less than the words
    /// took, where figures and signs count half: a year, a birthday and an exclamation mark are what everybody adds.
    pub(crate) fn is_most_of(&self, text: &str) -> bool {
        let form = folded(text);
        let unleeted: Zeroizing<String> = collected(form.chars().map(meant), form.len());
        [form, unleeted].iter().any(|form| self.is_most_of_form(form) || self.is_most_of_form(&backwards(form)))
    }

    fn is_most_of_form(&self, form: &str) -> bool {
        let whole = form.chars().count();
        let mut rest = Zeroizing::new(form.to_owned());
        for word in &self.0 {
            rest = Zeroizing::new(rest.replace(word.as_str(), ""));
        }
        let left = rest.chars().count();
        let letters = rest.chars().filter(|c| c.is_alphabetic()).count();
        letters < 4 && letters + (left - letters) / 2 < whole - left
    }
}

/// Lower case, without accents, compatibility forms and blanks.
fn folded(text: &str) -> Zeroizing<String> {
    let plain = text.nfkd().flat_map(char::to_lowercase).filter(|c| !is_combining_mark(*c) && !c.is_whitespace());
    collected(plain, text.len() * GREATEST_GROWTH)
}

fn backwards(text: &str) -> Zeroizing<String> {
    collected(text.chars().rev(), text.len())
}

/// With room made before, so that the text is not moved and no copy of it stays behind unwiped.
fn collected(text: impl Iterator<Item = char>, room: usize) -> Zeroizing<String> {
    let mut string = Zeroizing::new(String::with_capacity(room));
    string.extend(text);
    string
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXTS: [&str; 3] =
        ["ada.lovelace1815@analytical.example", "Ada Lov\u{e9}lace-M\u{fc}ller", "auth.babbage.example:8420"];

    #[test]
    fn trivial_changes_hide_no_word() {
        let context = Context::of(&TEXTS);
        for own in [
            "lovelace1815",
            "Lov\u{e9}lace 10.12.1815",
            "Ada2026!",
            "MULLER!!!",
            "m\u{fc}ller-2026",
            "ecalevol",
            "3c4l3v0l99",
            "\u{ff2c}\u{ff4f}\u{ff56}\u{ff45}\u{ff4c}\u{ff41}\u{ff43}\u{ff45}1",
            "analyt1c4l",
            "babbage20261122",
            "#1-B4bb4ge",
            "egabbab!23",
            "ada.lovelace1815",
            "lovelaceada",
            "countersign1",
            "C0unt3rs1gn!",
        ] {
            assert!(context.is_most_of(own), "{own}");
        }
    }

    #[test]
    fn a_word_among_others_is_no_reason() {
        let context = Context::of(&TEXTS);
        for fine in [
            "lovelace reads at night",
            "ada and the engine room",
            "kuzmtevxqa",
            "83920174652",
            "babbage qzxv",
            "ada1987061200",
        ] {
            assert!(!context.is_most_of(fine), "{fine}");
        }
    }

    #[test]
    fn fragments_forbid_nothing() {
        let context = Context::of(&["a@b.co", "Li", "", "@", "1", "12"]);
        for fine in ["li12co34", "kuzmtevxqa", "@@@@@@@@"] {
            assert!(!context.is_most_of(fine), "{fine}");
        }
    }

    proptest! {
        #[test]
        fn the_room_made_is_enough_for_every_text(text in ".{0,64}") {
            prop_assert!(folded(&text).len() <= text.len() * GREATEST_GROWTH);
        }

        #[test]
        fn the_persons_own_name_with_figures_is_always_refused(name in "[a-z]{8,12}", figures in "[0-9]{0,15}") {
            let context = Context::of(&[&name]);
            let reversed: String = name.chars().rev().collect();
            for own in [format!("{name}{figures}"), format!("{figures}{name}"), format!("{reversed}{figures}")] {
                prop_assert!(context.is_most_of(&own), "{}", own);
            }
        }
    }
}
