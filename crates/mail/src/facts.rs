//! What one mail says to one person.

use std::collections::BTreeMap;

use countersign_kernel::Secret;

use crate::kind::Fact;

/// What one mail says to one person: facts by name. Links and codes are among them, so it shows nothing and is kept sealed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Facts(BTreeMap<String, String>);

impl Facts {
    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, fact: Fact, value: impl Into<String>) -> Self {
        self.0.insert(fact.as_str().to_owned(), value.into());
        self
    }

    /// Adds a fact where it is known.
    #[must_use]
    pub fn with_known(self, fact: Fact, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.with(fact, value),
            None => self,
        }
    }

    /// A fact.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<&str> {
        self.0.get(fact.as_str()).map(String::as_str)
    }

    /// Every fact by its name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// As bytes, to be sealed.
    #[must_use]
    pub fn to_bytes(&self) -> Secret<Vec<u8>> {
        // A map of texts always serialises.
        Secret::new(serde_json::to_vec(&self.0).unwrap_or_default())
    }

    /// From the bytes that [`Facts::to_bytes`] has made; none where they are anything else.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    /// Examples of every fact, for previews.
    #[must_use]
    pub fn examples() -> Self {
        Fact::ALL.iter().fold(Self::default(), |facts, fact| facts.with(*fact, fact.example()))
    }
}

impl std::fmt::Debug for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_from_their_bytes_and_show_no_value() {
        let facts = Facts::default().with(Fact::Code, "7KQX-M2PD").with_known(Fact::Address, None::<String>);

        assert_eq!(Facts::from_bytes(facts.to_bytes().expose()), Some(facts.clone()));
        assert_eq!(Facts::from_bytes(b"nonsense"), None);
        assert!(!format!("{facts:?}").contains("7KQX"));
    }
}
