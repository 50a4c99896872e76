//! Why a configuration is refused, in words that say what to do.

use std::fmt;
use std::path::Path;

use super::origin::Origin;
use super::setting::Definition;

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    /// A refusal in its own words.
    #[must_use]
    pub fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }

    /// A name that no setting has.
    #[must_use]
    pub fn unknown(given: &str, origin: &Origin, nearest: Option<String>) -> Self {
        let hint = nearest.map_or_else(String::new, |name| format!("; did you mean {name}?"));
        Self(format!("unknown setting {given} ({origin}){hint}"))
    }

    /// A value of the wrong kind or out of range.
    #[must_use]
    pub fn unacceptable(definition: &Definition, origin: &Origin, given: &str) -> Self {
        let expected = (definition.expected)(&definition.bounds);
        Self(format!("{} ({origin}): expected {expected}, found {given}", definition.name()))
    }

    /// A setting whose feature is not there.
    #[must_use]
    pub fn unbuilt(definition: &Definition, origin: &Origin, feature: &str) -> Self {
        Self(format!("{} ({origin}): {feature} not built yet; remove the setting", definition.name()))
    }

    /// A file with a secret that other users of the machine can read.
    #[must_use]
    pub fn exposed(path: &Path) -> Self {
        Self(format!(
            "{} holds a secret and other users can read it; run: chmod 600 {}",
            path.display(),
            path.display()
        ))
    }

    /// A setting without a value that has no default.
    #[must_use]
    pub fn missing(definition: &Definition) -> Self {
        Self(format!("{} is not set: {}", definition.name(), definition.meaning))
    }

    /// A setting that is understood and still cannot be.
    #[must_use]
    pub fn because(definition: &Definition, origin: &Origin, reason: impl fmt::Display) -> Self {
        Self(format!("{} ({origin}): {reason}", definition.name()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything that is wrong with the configuration, so that one look mends it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub Vec<Refusal>);

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(vec![refusal])
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is refused")?;
        for refusal in &self.0 {
            write!(f, "\n  {refusal}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refused {}

/// The candidate that `given` was most likely meant to be; none where nothing is near.
#[must_use]
pub fn nearest(given: &str, candidates: impl Iterator<Item = String>) -> Option<String> {
    let wanted = given.to_ascii_lowercase();
    candidates
        .map(|name| (strsim::jaro_winkler(&wanted, &name.to_ascii_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, name)| name)
}
