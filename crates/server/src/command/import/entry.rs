//! One entry of a file: names and values, whether they came as JSON or as cells of a table.

use serde_json::{Map, Value};

/// One entry.
pub(super) struct Entry(Map<String, Value>);

impl Entry {
    pub(super) const fn new(members: Map<String, Value>) -> Self {
        Self(members)
    }

    /// Whether one of these names is there.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.0.contains_key(*name))
    }

    /// The first of these that is a text with something in it.
    pub(super) fn text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.0.get(*name)?.as_str().filter(|text| !text.trim().is_empty()))
    }

    /// The first of these that is a whole number, or writes one.
    pub(super) fn number(&self, names: &[&str]) -> Option<u64> {
        names.iter().find_map(|name| match self.0.get(*name)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        })
    }

    /// Whether the first of these that says so says yes, as JSON or as databases write it.
    pub(super) fn flag(&self, names: &[&str]) -> Option<bool> {
        names.iter().find_map(|name| match self.0.get(*name)? {
            Value::Bool(flag) => Some(*flag),
            Value::Number(number) => Some(number.as_i64() != Some(0)),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "t" | "yes" | "y" | "1" => Some(true),
                "false" | "f" | "no" | "n" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        })
    }

    /// The object of this name, or the one that its text writes.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        match self.0.get(name)? {
            Value::Object(members) => Some(Self(members.clone())),
            Value::String(text) => serde_json::from_str(text).ok().map(Self),
            _ => None,
        }
    }

    /// The objects in the list of this name.
    pub(super) fn objects(&self, name: &str) -> Vec<Self> {
        let list = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_object).map(|members| Self(members.clone())).collect()
    }

    /// The texts in the list of this name; a text is parted at commas and blanks.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        match self.0.get(name) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            Some(Value::String(text)) => {
                text.split([',', ' ', ';']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Two names put together.
    pub(super) fn full_name(&self, first: &str, last: &str) -> Option<String> {
        let words: Vec<&str> = [first, last].iter().filter_map(|name| self.text(&[*name])).map(str::trim).collect();
        (!words.is_empty()).then(|| words.join(" "))
    }
}
