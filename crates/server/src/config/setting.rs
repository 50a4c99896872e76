//! A setting: its one definition, from which reading, refusals, `config show`, help and the reference page all come.

use std::marker::PhantomData;

use super::value::{Bounds, Raw, Value};

/// All that is known of a setting, whatever its type.
#[derive(Debug)]
pub struct Definition {
    /// The path in `countersign.toml`: `tokens.access_seconds`.
    pub key: &'static str,
    /// The default as an operator would write it; none where there is none.
    pub default: Option<&'static str>,
    /// What it means, in one or two sentences.
    pub meaning: &'static str,
    /// Whether its value must never be shown, and so has a `_FILE` twin.
    pub secret: bool,
    /// The feature that is missing, where any other value than the default asks for something that is not built.
    pub unbuilt: Option<&'static str>,
    /// Least, greatest, choices.
    pub bounds: Bounds,
    /// What a value must look like.
    pub expected: fn(&Bounds) -> String,
    /// What a JSON Schema says of a value.
    pub schema: fn(&Bounds) -> serde_json::Value,
    /// Whether a running server takes a new value up when it is told to reload.
    pub reloads: bool,
    /// The value as `config show` prints it; none where it is not acceptable.
    pub check: fn(&Raw, &Bounds) -> Option<String>,
}

impl Definition {
    /// The environment variable: `COUNTERSIGN_TOKENS__ACCESS_SECONDS`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("COUNTERSIGN_{}", self.name())
    }

    /// The name without the prefix, as documents spell it: `TOKENS__ACCESS_SECONDS`.
    #[must_use]
    pub fn name(&self) -> String {
        self.key.replace('.', "__").to_ascii_uppercase()
    }
}

/// A setting whose value is a `T`.
#[derive(Debug)]
pub struct Setting<T> {
    /// Its definition.
    pub definition: Definition,
    value: PhantomData<fn() -> T>,
}

impl<T: Value> Setting<T> {
    /// A setting at `key` with a meaning and no default.
    #[must_use]
    pub const fn new(key: &'static str, meaning: &'static str) -> Self {
        let definition = Definition {
            key,
            default: None,
            meaning,
            secret: false,
            unbuilt: None,
            bounds: Bounds::NONE,
            expected: T::expected,
            schema: T::schema,
            reloads: false,
            check: check::<T>,
        };
        Self { definition, value: PhantomData }
    }

    /// Gives the default, as an operator would write it.
    #[must_use]
    pub const fn or(mut self, default: &'static str) -> Self {
        self.definition.default = Some(default);
        self
    }

    /// Gives the least and the greatest number.
    #[must_use]
    pub const fn within(mut self, least: i64, greatest: i64) -> Self {
        self.definition.bounds.least = least;
        self.definition.bounds.greatest = greatest;
        self
    }

    /// Gives the words that may be chosen.
    #[must_use]
    pub const fn one_of(mut self, choices: &'static [&'static str]) -> Self {
        self.definition.bounds.choices = choices;
        self
    }

    /// Marks the value as one that is never shown and may come from a file of its own.
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.definition.secret = true;
        self
    }

    /// Marks the setting as one that a running server takes up when it is told to reload.
    #[must_use]
    pub const fn reloads(mut self) -> Self {
        self.definition.reloads = true;
        self
    }

    /// Marks the feature behind it as not built.
    #[must_use]
    pub const fn unbuilt(mut self, feature: &'static str) -> Self {
        self.definition.unbuilt = Some(feature);
        self
    }
}

fn check<T: Value>(raw: &Raw, bounds: &Bounds) -> Option<String> {
    T::read(raw, bounds).map(|value| value.show())
}
