//! The members of a JSON object, taken one by one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use countersign_kernel::Secret;
use serde_json::Value;

use super::Shape;
use crate::error::{FieldError, Problem};

/// The members of a JSON object, and what was found wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Members {
    values: BTreeMap<String, Value>,
    errors: Vec<FieldError>,
}

impl Members {
    pub(super) fn add(&mut self, name: String, value: Value) {
        match self.values.entry(name) {
            Entry::Vacant(place) => {
                place.insert(value);
            }
            Entry::Occupied(taken) => {
                let name = shown(taken.key());
                self.wrong(name, "DUPLICATE_FIELD", "This field is there twice.");
            }
        }
    }

    pub(super) fn missing_body() -> Problem {
        whole("REQUIRED", "The request needs a JSON body.")
    }

    /// The shape, if nothing was wrong and nothing is left over.
    pub(super) fn into_shape<T: Shape>(mut self) -> Result<T, Problem> {
        let shape = T::take(&mut self);
        for name in std::mem::take(&mut self.values).into_keys().take(MOST_ERRORS) {
            self.wrong(shown(&name), "UNKNOWN_FIELD", "This field cannot be set here.");
        }
        if self.errors.is_empty() { Ok(shape) } else { Err(Problem::invalid(self.errors)) }
    }

    /// A string that must be there.
    pub(crate) fn string(&mut self, name: &'static str) -> String {
        match self.values.remove(name) {
            Some(Value::String(text)) => return text,
            Some(_) => self.wrong(name.to_owned(), "WRONG_TYPE", "This must be a text."),
            None => self.wrong(name.to_owned(), "REQUIRED", "This is needed."),
        }
        String::new()
    }

    /// An object that must be there, whatever it holds: what a browser has made and another floor reads.
    pub(crate) fn object(&mut self, name: &'static str) -> Value {
        match self.values.remove(name) {
            Some(value @ Value::Object(_)) => return value,
            Some(_) => self.wrong(name.to_owned(), "WRONG_TYPE", "This must be an object."),
            None => self.wrong(name.to_owned(), "REQUIRED", "This is needed."),
        }
        Value::Null
    }

    /// A string that must be there and must not be seen.
    pub(crate) fn secret(&mut self, name: &'static str) -> Secret<String> {
        Secret::new(self.string(name))
    }

    /// A string that may be left out. `null` is not left out.
    pub(crate) fn optional_string(&mut self, name: &'static str) -> Option<String> {
        self.values.contains_key(name).then(|| self.string(name))
    }

    /// One of some words, that must be there.
    pub(crate) fn word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        if !self.has(name) {
            self.wrong(name.to_owned(), "REQUIRED", "This is needed.");
        }
        self.optional_word(name, words)
    }

    /// Whether there is such a member, whatever it is.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// One of some words that may be left out.
    pub(crate) fn optional_word<T: Copy>(&mut self, name: &'static str, words: &[(&str, T)]) -> Option<T> {
        let text = self.optional_string(name)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            self.wrong(name.to_owned(), "UNKNOWN_VALUE", "This is none of the known values.");
        }
        found
    }

    /// A string of a certain form that may be left out.
    pub(crate) fn optional_parsed<T: std::str::FromStr>(
        &mut self,
        name: &'static str,
        message: &'static str,
    ) -> Option<T> {
        let text = self.optional_string(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(name.to_owned(), "MALFORMED", message);
        }
        parsed
    }

    /// A list of strings that must be there.
    pub(crate) fn strings(&mut self, name: &'static str) -> Vec<String> {
        let items = match self.values.remove(name) {
            Some(Value::Array(items)) => items,
            Some(_) => {
                self.wrong(name.to_owned(), "WRONG_TYPE", "This must be a list of texts.");
                return Vec::new();
            }
            None => {
                self.wrong(name.to_owned(), "REQUIRED", "This is needed.");
                return Vec::new();
            }
        };
        let texts: Option<Vec<String>> = items
            .into_iter()
            .map(|item| match item {
                Value::String(text) => Some(text),
                _ => None,
            })
            .collect();
        texts.unwrap_or_else(|| {
            self.wrong(name.to_owned(), "WRONG_TYPE", "This must be a list of texts.");
            Vec::new()
        })
    }

    /// True or false, that may be left out.
    pub(crate) fn optional_bool(&mut self, name: &'static str) -> Option<bool> {
        match self.values.remove(name)? {
            Value::Bool(value) => Some(value),
            _ => {
                self.wrong(name.to_owned(), "WRONG_TYPE", "This must be true or false.");
                None
            }
        }
    }

    /// Notes what is wrong with a member, or with the whole where the name is empty.
    pub(crate) fn refuse(&mut self, name: &'static str, code: &'static str, message: &'static str) {
        self.wrong(name.to_owned(), code, message);
    }

    fn wrong(&mut self, name: String, code: &'static str, message: &'static str) {
        if self.errors.len() < MOST_ERRORS {
            self.errors.push(FieldError::new(name, code, message));
        }
    }
}

/// An error of the body as a whole.
pub(super) fn whole(code: &'static str, message: &'static str) -> Problem {
    Problem::invalid(vec![FieldError::new("", code, message)])
}

/// More than this helps nobody.
const MOST_ERRORS: usize = 16;

/// A member's name as it is sent back: it is the client's own text, so it is kept short and plain.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}
