//! Reads `countersign.toml`.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::origin::Origin;
use super::refusal::Refusal;
use super::value::Raw;

/// One leaf of the file: its path, its value, and where it stands.
#[derive(Debug)]
pub struct Entry {
    /// The path: `tokens.access_seconds`.
    pub key: String,
    /// The value.
    pub raw: Raw,
    /// File and line.
    pub origin: Origin,
}

/// Every leaf of the TOML text of the file at `path`.
///
/// # Errors
/// The text is not TOML: the refusal names line and fault, and repeats nothing of the text.
pub fn parse(path: &Path, text: &str) -> Result<Vec<Entry>, Refusal> {
    let table = DeTable::parse(text).map_err(|error| {
        let line = line_of(text, error.span().map_or(0, |s| s.start));
        Refusal::new(format!("{} line {line}: {}", path.display(), error.message()))
    })?;
    let mut entries = Vec::new();
    walk(&Walk { path, text }, "", table.get_ref(), &mut entries);
    Ok(entries)
}

struct Walk<'a> {
    path: &'a Path,
    text: &'a str,
}

fn walk(file: &Walk<'_>, prefix: &str, table: &DeTable<'_>, entries: &mut Vec<Entry>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.get_ref().to_string() } else { format!("{prefix}.{}", name.get_ref()) };
        match value.get_ref() {
            DeValue::Table(inner) => walk(file, &key, inner, entries),
            leaf => {
                let origin = Origin::File(file.path.to_owned(), line_of(file.text, name.span().start));
                entries.push(Entry { key, raw: raw(leaf), origin });
            }
        }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::Text(text.to_string()),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).map_or(Raw::Other("integer out of range"), Raw::Number)
        }
        DeValue::Boolean(on) => Raw::Switch(*on),
        DeValue::Array(items) => items
            .iter()
            .map(|item: &Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map_or(Raw::Other("array that holds more than strings"), Raw::List),
        DeValue::Float(number) => number.as_str().parse().map_or(Raw::Other("float"), Raw::Fraction),
        other => Raw::Other(other.type_str()),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&b| b == b'\n').count()
}
