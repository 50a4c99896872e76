//! Which new passwords are acceptable (DESIGN section 4, NIST SP 800-63B-4 section 3.1.1.2).
//!
//! Long enough, not among the commonest, not known from a breach, and not what the person or the site is called. No rules of composition, no change
//! by the calendar. Only new passwords are judged; a presented one is compared as it came.

use std::sync::Arc;

use crate::breach::Filter;
use crate::common;
use crate::context::Context;
use crate::password::Password;
use crate::strength::Strength;

/// What new passwords must be.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The fewest code points. 8 at least; 15 is the advice where a password is the only factor.
    pub min: usize,
    /// The most code points. 64 at least, [`crate::MAX_CODE_POINTS`] at most.
    pub max: usize,
    /// Passwords known from breaches, beside the filter that is built in.
    pub breached: Option<Arc<Filter>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self { min: 8, max: crate::MAX_CODE_POINTS, breached: None }
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
    /// Known from a breach.
    Breached,
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
            Self::Breached => "PASSWORD_BREACHED",
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
        let context = Context::of(context);
        let mut violations = self.violations(password, &context);
        let strength = Strength::of(password.expose(), &context.words());
        // What is wrong is said once, and what is weak with it.
        match (violations.first_mut(), strength.reason) {
            (None, _) => return Ok(strength),
            (Some(first), Some(reason)) if first.code != Code::Blank => {
                first.message.push(' ');
                first.message.push_str(reason);
            }
            _ => {}
        }
        Err(violations)
    }

    fn violations(&self, password: &Password, context: &Context) -> Vec<Violation> {
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
        } else if self.is_breached(password) {
            let message = "This password is known from a breach, so it is tried early. Choose another.";
            add(Code::Breached, message.to_owned());
        }
        if context.is_most_of(text) {
            add(Code::ContainsContext, "Too close to your name, your address or this site. Choose another.".to_owned());
        }
        violations
    }

    /// Whether it is in the built-in filter or in the one that this policy was given.
    fn is_breached(&self, password: &Password) -> bool {
        let filters = [Filter::built_in(), self.breached.as_deref()];
        filters.into_iter().flatten().any(|filter| filter.contains(password))
    }
}

/// White space, and what looks like nothing at all.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}')
}

#[cfg(test)]
mod tests;
