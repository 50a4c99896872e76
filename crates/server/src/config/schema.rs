//! The JSON Schema of `countersign.toml`, made from the definitions: editors complete and check with it as one types.
//!
//! Promises: it accepts what the server accepts and refuses what it refuses, as far as JSON Schema can say: unknown names, wrong types,
//! numbers out of range, words that may not be chosen. What has to be judged together (the public URL and its origins) is `config
//! check`'s. Draft 7, because editors for TOML know that one.

use serde_json::{Map, Value, json};

use super::definitions;
use super::setting::Definition;

/// The document.
#[must_use]
pub fn document() -> Value {
    let mut root = table("countersign.toml: the settings of a Countersign server");
    for definition in definitions().filter(|definition| definition.unbuilt.is_none()) {
        put(&mut root, definition.key, entry(definition));
        if definition.secret {
            let text = format!("The path of a file that holds `{}`, for its owner alone.", definition.key);
            put(
                &mut root,
                &format!("{}_file", definition.key),
                json!({"type": "string", "minLength": 1, "description": text}),
            );
        }
    }
    if let Some(object) = root.as_object_mut() {
        object.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    }
    root
}

fn entry(definition: &Definition) -> Value {
    let mut entry = (definition.schema)(&definition.bounds);
    let typed = definition.default.map(|text| default(&entry, text));
    if let Some(object) = entry.as_object_mut() {
        object.insert("description".to_owned(), json!(definition.meaning));
        if let Some(typed) = typed {
            object.insert("default".to_owned(), typed);
        }
    }
    entry
}

/// The default in the type that the file has it in.
fn default(entry: &Value, text: &str) -> Value {
    match entry.get("type").and_then(Value::as_str) {
        Some("integer") => text.parse::<i64>().map_or(Value::Null, Value::from),
        Some("number") => serde_json::from_str(text).unwrap_or_default(),
        Some("boolean") => json!(text == "true"),
        Some("array") => text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(Value::from).collect(),
        _ => json!(text),
    }
}

/// Puts an entry in the place that its key names, through tables that are made on the way.
fn put(table: &mut Value, key: &str, entry: Value) {
    let Some(names) = table.get_mut("properties").and_then(Value::as_object_mut) else { return };
    match key.split_once('.') {
        None => {
            names.insert(key.to_owned(), entry);
        }
        Some((first, rest)) => put(names.entry(first).or_insert_with(|| self::table("")), rest, entry),
    }
}

fn table(description: &str) -> Value {
    let mut table = Map::new();
    table.insert("type".to_owned(), json!("object"));
    if !description.is_empty() {
        table.insert("description".to_owned(), json!(description));
    }
    table.insert("additionalProperties".to_owned(), json!(false));
    table.insert("properties".to_owned(), json!({}));
    Value::Object(table)
}

#[cfg(test)]
mod tests;
