//! The passwords that are tried first.
//!
//! Each line of `data/common-passwords.txt` is one, in lower case and without blanks, sorted. A password is common if that
//! form of it, that form with look-alike figures read as letters, or either without the figures and signs around it, is in
//! the list; or if it is a short piece over and over.

use std::cmp::Ordering;

use zeroize::Zeroizing;

/// Looked up in place: no table is built, and nothing is taken from the memory of a process that never asks.
static LIST: &str = include_str!("../data/common-passwords.txt");

/// Whether the password, or what it becomes by trivial folding, is on the list or repeats itself.
#[must_use]
pub fn is_common(password: &str) -> bool {
    let form = skeleton(password);
    if is_listed(&form) || is_repetition(&form) || is_listed(&unleeted(password)) {
        return true;
    }
    // `Password123!` is `password`. But the word must be most of the whole, or it would forbid whatever begins with it.
    let sides = [|c: char| !c.is_alphanumeric(), |c: char| !c.is_alphabetic()];
    sides.iter().any(|around| {
        let core = form.trim_matches(around);
        core.len() * 2 > form.len() && (is_listed(core) || is_listed(&unleeted(core)))
    })
}

/// Every listed password, sorted.
pub fn listed() -> impl Iterator<Item = &'static str> {
    LIST.lines()
}

fn is_listed(wanted: &str) -> bool {
    let mut rest = LIST.trim_end();
    while !rest.is_empty() {
        // The line around the middle. Lines are short, and the list is ASCII, so every place is between two characters.
        let middle = rest.len() / 2;
        let (before, after) = rest.split_at(middle);
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        let end = after.find('\n').map_or(rest.len(), |at| middle + at);
        let line = rest.get(start..end).unwrap_or_default();
        rest = match wanted.cmp(line) {
            Ordering::Equal => return true,
            Ordering::Less => rest.get(..start.saturating_sub(1)).unwrap_or_default(),
            Ordering::Greater => rest.get(end + 1..).unwrap_or_default(),
        };
    }
    false
}

/// Lower case, without blanks.
pub(crate) fn skeleton(text: &str) -> Zeroizing<String> {
    folded(text, |c| c)
}

/// The skeleton with the usual look-alikes read as the letters they stand for.
pub(crate) fn unleeted(text: &str) -> Zeroizing<String> {
    folded(text, meant)
}

/// The letter that a look-alike stands for.
pub(crate) const fn meant(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    }
}

fn folded(text: &str, letter: impl Fn(char) -> char) -> Zeroizing<String> {
    // Room for the greatest growth, so that the string is not moved and no copy of it stays behind unwiped.
    let mut form = Zeroizing::new(String::with_capacity(text.len() * 3));
    form.extend(text.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).map(letter));
    form
}

/// Whether the text is a piece of at most four characters, at least three times: `aaaaaaaa`, `12121212`, `abc1abc1abc1`.
fn is_repetition(text: &str) -> bool {
    let length = text.chars().count();
    (1..=4).any(|n| length >= 3 * n && text.chars().zip(text.chars().skip(n)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_form_that_is_searched() {
        let lines: Vec<_> = listed().collect();
        assert!(lines.is_sorted_by(|a, b| a < b), "sorted, without doubles");
        assert!(lines.iter().all(|l| l.is_ascii() && *skeleton(l) == *l));
        assert!(lines.iter().all(|l| l.len() >= 6), "a shorter one would be found in too much");
        assert!(lines.iter().filter(|l| l.len() >= 8).count() >= 3_000, "NIST and ASVS ask for the commonest 3,000");
    }

    #[test]
    fn every_line_is_found_and_its_neighbours_are_not() {
        for line in listed() {
            assert!(is_listed(line), "{line}");
            assert!(!is_listed(&format!("{line}\u{7f}")), "{line}");
        }
        for absent in ["", "!", "zzzzzzzzzzzzzzzzzzz", "\n", "~"] {
            assert!(!is_listed(absent), "{absent:?}");
        }
    }

    #[test]
    fn trivial_changes_hide_nothing() {
        for common in [
            "password",
            "PASSWORD",
            "P4ssw0rd",
            "Password123!",
            "pass word",
            "!!dragon1",
            "*12345678*",
            "dragon84726",
            "qwertyuiop",
            "12345678",
            "$un$hine",
            "aaaaaaaa",
            "xyzxyzxyz",
            "kuz7kuz7kuz7",
        ] {
            assert!(is_common(common), "{common}");
        }
        for fine in [
            "correct horse battery staple",
            "dragon in my garage",
            "dragon847261",
            "kuzmtevxqa",
            "kuz7kuz7",
            "passwordless in seattle",
            "\u{1f600}\u{1f511}\u{1f6b2}\u{1f333}\u{1f30d}\u{1f3b8}\u{1f355}\u{1f680}",
        ] {
            assert!(!is_common(fine), "{fine}");
        }
    }
}
