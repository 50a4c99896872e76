//! Which new passwords are acceptable (DESIGN section 4, NIST SP 800-63B-4 section 3.1.1.2).
//!
//! Long enough, not among the commonest, and not what the person or the site is called. No rules of composition, no change
//! by the calendar. Only new passwords are judged; a presented one is compared as it came.

use zeroize::Zeroizing;

use crate::common;
use crate::password::Password;
use crate::strength::Strength;

/// What new passwords must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The fewest code points. 8 at least; 15 is the advice where a password is the only factor.
    pub min: usize,
    /// The most code points. 64 at least, [`crate::MAX_CODE_POINTS`] at most.
    pub max: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min: 8, max: crate::MAX_CODE_POINTS }
    }
}

/// The stable code of a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Nothing but blanks.
    Blank,
    /// Fewer code points than the least.
    TooShort,
    /// More code points than the most.
    TooLong,
    /// Among the commonest.
    TooCommon,
    /// Hardly more than the person's or the site's own name or address.
    ContainsContext,
}

impl Code {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Blank => "BLANK",
            Self::TooShort => "TOO_SHORT",
            Self::TooLong => "TOO_LONG",
            Self::TooCommon => "TOO_COMMON",
            Self::ContainsContext => "CONTAINS_CONTEXT",
        }
    }
}

/// One thing that is wrong with a new password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The stable code.
    pub code: Code,
    /// What to tell the person.
    pub message: String,
}

impl Policy {
    /// Judges a new password. `context` is what everybody knows of the person and the place: the address, the name, the site.
    ///
    /// # Errors
    /// Everything that is wrong with it, at least one thing.
    pub fn check(&self, password: &Password, context: &[&str]) -> Result<Strength, Vec<Violation>> {
        let text = password.expose();
        let length = password.code_points();
        let mut violations = Vec::new();
        let mut add = |code, message| violations.push(Violation { code, message });

        if text.chars().all(is_blank) {
            add(Code::Blank, "Choose a password.".to_owned());
        } else if length < self.min {
            add(Code::TooShort, format!("Use at least {} characters.", self.min));
        }
        if length > self.max {
            add(Code::TooLong, format!("Use at most {} characters.", self.max));
        }
        if common::is_common(text) {
            add(Code::TooCommon, "This is one of the passwords that are tried first. Choose another.".to_owned());
        }
        let words = words_of(context);
        if is_mostly(text, &words) {
            add(Code::ContainsContext, "Too close to your name, your address or this site. Choose another.".to_owned());
        }
        if violations.is_empty() {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            Ok(Strength::of(text, &words))
        } else {
            Err(violations)
        }
    }
}

/// White space, and what looks like nothing at all.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

/// Context in the form in which it is looked for: each text whole, and its parts.
fn words_of(context: &[&str]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for text in context {
        let parts = text.split(|c: char| !c.is_alphanumeric());
        let all = [*text].into_iter().chain(text.split('@')).chain(parts);
        words.extend(all.map(|word| common::skeleton(word).to_string()));
    }
    // A word of one or two letters is in everything.
    words.retain(|w| w.chars().count() >= 3);
    words.sort_unstable_by_key(|w| std::cmp::Reverse(w.len()));
    words.dedup();
    words
}

/// Whether so little is left without the words that the rest would be guessed: less than 4 characters, and less than the words
/// took.
fn is_mostly(text: &str, words: &[String]) -> bool {
    for form in [common::skeleton(text), common::unleeted(text)] {
        let whole = form.chars().count();
        let mut rest = form;
        for word in words {
            rest = Zeroizing::new(rest.replace(word.as_str(), ""));
        }
        let left = rest.chars().count();
        if left < 4 && left < whole - left {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
