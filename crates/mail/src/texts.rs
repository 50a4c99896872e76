//! What mails say in one language: sentences by section and name, out of a TOML file.

use std::collections::BTreeMap;

use toml::{Table, Value};

use crate::error::Error;
use crate::kind::Kind;

/// What mails say in one language.
#[derive(Debug, Clone, Default)]
pub(crate) struct Texts(BTreeMap<(String, String), Vec<String>>);

/// The section of what all mails share.
pub(crate) const COMMON: &str = "common";
/// The section of what second factors are called.
pub(crate) const FACTORS: &str = "factors";

impl Texts {
    /// Reads a file. Every section is a mail or one of ours, so that a misspelled one is told and not passed over.
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Error> {
        let wrong = |reason: String| Error::Texts { file: file.to_owned(), reason };
        let table: Table = text.parse().map_err(|error: toml::de::Error| wrong(error.message().to_owned()))?;
        let mut texts = Self::default();
        for (section, entries) in table {
            let is_known = [COMMON, FACTORS].contains(&section.as_str()) || Kind::parse(&section).is_some();
            let Value::Table(entries) = entries else { return Err(wrong(format!("{section} is no section"))) };
            if !is_known {
                return Err(wrong(format!("there is no mail {section:?}")));
            }
            for (name, value) in entries {
                if !is_name(&section, &name) {
                    return Err(wrong(format!("{section} has no text {name:?}")));
                }
                let lines =
                    lines_of(value).ok_or_else(|| wrong(format!("{section}.{name} is no text or list of texts")))?;
                texts.0.insert((section.clone(), name), lines);
            }
        }
        Ok(texts)
    }

    /// The same with these over it.
    pub(crate) fn overlaid(&self, other: Self) -> Self {
        let mut both = self.clone();
        both.0.extend(other.0);
        both
    }

    /// The lines of a text; none where there is none.
    pub(crate) fn lines(&self, section: &str, name: &str) -> &[String] {
        self.0.get(&(section.to_owned(), name.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }

    /// A text of one line; empty where there is none.
    pub(crate) fn line(&self, section: &str, name: &str) -> &str {
        self.lines(section, name).first().map(String::as_str).unwrap_or_default()
    }
}

fn is_name(section: &str, name: &str) -> bool {
    match section {
        COMMON => {
            ["hello", "hello_nameless", "code", "lasts", "asked", "when", "device", "address", "footer"].contains(&name)
        }
        FACTORS => true,
        _ => ["subject", "lines", "button", "after"].contains(&name),
    }
}

fn lines_of(value: Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text]),
        Value::Array(values) => values.into_iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}
