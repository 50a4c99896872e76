//! The values that were found, each with where it came from.

use std::collections::BTreeMap;

use countersign_kernel::Secret;

use super::origin::Origin;
use super::refusal::Refusal;
use super::setting::{Definition, Setting};
use super::value::{Raw, Value};

/// The values that were found, by key.
#[derive(Debug, Default)]
pub struct Found {
    values: BTreeMap<&'static str, (Raw, Origin)>,
}

impl Found {
    /// Puts a value down, over one of an earlier layer.
    pub fn put(&mut self, definition: &Definition, raw: Raw, origin: Origin) {
        let raw = match raw {
            Raw::Plain(text) | Raw::Text(text) if definition.secret => Raw::Hidden(Secret::new(text)),
            Raw::List(items) if definition.secret => Raw::Hidden(Secret::new(items.join(","))),
            // Of the wrong kind, and not to be repeated for that.
            Raw::Number(_) | Raw::Switch(_) if definition.secret => Raw::Other("value that is not text"),
            other => other,
        };
        self.values.insert(definition.key, (raw, origin));
    }

    /// The value of a setting.
    ///
    /// # Errors
    /// The value is not acceptable, or there is none and no default.
    pub fn read<T: Value>(&self, setting: &Setting<T>) -> Result<T, Refusal> {
        let definition = &setting.definition;
        let (raw, origin) = self.raw(definition).ok_or_else(|| Refusal::missing(definition))?;
        T::read(&raw, &definition.bounds).ok_or_else(|| Refusal::unacceptable(definition, &origin, &raw.quoted()))
    }

    /// The value of a setting that may be absent.
    ///
    /// # Errors
    /// The value is not acceptable.
    pub fn find<T: Value>(&self, setting: &Setting<Option<T>>) -> Result<Option<T>, Refusal> {
        if self.raw(&setting.definition).is_none() { Ok(None) } else { self.read(setting) }
    }

    /// Where the value of a setting came from.
    #[must_use]
    pub fn origin(&self, definition: &Definition) -> Origin {
        self.values.get(definition.key).map_or(Origin::Default, |(_, origin)| origin.clone())
    }

    /// Whether a layer above the defaults has set it.
    #[must_use]
    pub fn is_set(&self, definition: &Definition) -> bool {
        self.values.contains_key(definition.key)
    }

    /// Judges one setting by its definition alone; the value as `config show` prints it, none where there is none.
    ///
    /// # Errors
    /// The value is not acceptable, or asks for a feature that is not built.
    pub fn check(&self, definition: &Definition) -> Result<Option<String>, Refusal> {
        let Some((raw, origin)) = self.raw(definition) else { return Ok(None) };
        if let Some(feature) = definition.unbuilt
            && origin != Origin::Default
            && raw.quoted().trim_matches('"') != definition.default.unwrap_or_default()
        {
            return Err(Refusal::unbuilt(definition, &origin, feature));
        }
        let shown = (definition.check)(&raw, &definition.bounds);
        shown.map(Some).ok_or_else(|| Refusal::unacceptable(definition, &origin, &raw.quoted()))
    }

    fn raw(&self, definition: &Definition) -> Option<(Raw, Origin)> {
        let default = || definition.default.map(|text| (Raw::Plain(text.to_owned()), Origin::Default));
        self.values.get(definition.key).cloned().or_else(default)
    }
}
