//! The schema is compared with the reader itself: what one takes, the other takes.

use super::super::value::Raw;
use super::*;

/// Judges by the words of JSON Schema that the document uses.
fn accepts(schema: &Value, value: &Value) -> bool {
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        return choices.iter().any(|choice| accepts(choice, value));
    }
    let number = |name: &str| schema.get(name).and_then(Value::as_i64);
    let is_type = match schema["type"].as_str().unwrap() {
        "integer" => value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "string" => value.is_string(),
        "array" => value.as_array().is_some_and(|items| items.iter().all(|item| accepts(&schema["items"], item))),
        "object" => value.as_object().is_some_and(|members| {
            members
                .iter()
                .all(|(name, member)| schema["properties"].get(name).is_some_and(|schema| accepts(schema, member)))
        }),
        other => panic!("the tests do not know {other}"),
    };
    let is_within = value.as_i64().is_none_or(|n| {
        number("minimum").is_none_or(|least| n >= least) && number("maximum").is_none_or(|most| n <= most)
    });
    let is_chosen = schema.get("enum").and_then(Value::as_array).is_none_or(|choices| choices.contains(value));
    let is_long = value
        .as_str()
        .is_none_or(|text| number("minLength").is_none_or(|least| i64::try_from(text.len()).unwrap() >= least));
    let is_filled = value
        .as_array()
        .is_none_or(|items| number("minItems").is_none_or(|least| i64::try_from(items.len()).unwrap() >= least));
    is_type && is_within && is_chosen && is_long && is_filled
}

fn raw(value: &Value) -> Raw {
    match value {
        Value::Bool(on) => Raw::Switch(*on),
        Value::Number(number) => Raw::Number(number.as_i64().unwrap()),
        Value::String(text) => Raw::Text(text.clone()),
        Value::Array(items) => Raw::List(items.iter().map(|item| item.as_str().unwrap().to_owned()).collect()),
        Value::Null | Value::Object(_) => Raw::Other("table"),
    }
}

fn schema_of(document: &Value, key: &str) -> Value {
    key.split('.').fold(document.clone(), |table, name| table["properties"][name].clone())
}

#[test]
fn the_schema_takes_what_the_reader_takes() {
    let document = document();
    for definition in definitions().filter(|d| d.unbuilt.is_none()) {
        let schema = schema_of(&document, definition.key);
        let (least, greatest) = (definition.bounds.least, definition.bounds.greatest);
        let mut candidates =
            vec![json!(true), json!(7), json!(""), json!([]), json!({}), json!(least), json!(greatest)];
        candidates.extend([json!(least.saturating_sub(1)), json!(greatest.saturating_add(1))]);
        candidates.extend(definition.bounds.choices.iter().map(|choice| json!(choice)));
        candidates.extend(definition.default.map(|text| default(&schema, text)));
        for candidate in candidates {
            let is_read = (definition.check)(&raw(&candidate), &definition.bounds).is_some();
            assert_eq!(accepts(&schema, &candidate), is_read, "{} = {candidate}", definition.key);
        }
        // Texts that only the reader can judge: the schema must not refuse what it takes.
        for text in ["127.0.0.1:8420", "https://auth.example.com", "sqlite://a.db", "5/15m", "10.0.0.0/8", "word"] {
            let is_read = (definition.check)(&Raw::Text(text.to_owned()), &definition.bounds).is_some();
            assert!(accepts(&schema, &json!(text)) || !is_read, "{} = {text}", definition.key);
        }
    }
}

#[test]
fn an_unknown_name_and_a_setting_that_is_not_built_are_refused_in_every_table() {
    let document = document();
    assert!(accepts(&document, &json!({"public_url": "https://a.example", "tokens": {"access_seconds": 60}})));
    for wrong in [
        json!({"public_uri": "https://a.example"}),
        json!({"tokens": {"acess_seconds": 60}}),
        json!({"tokens": 60}),
        json!({"limits": {"enabled": "yes"}}),
    ] {
        assert!(!accepts(&document, &wrong), "{wrong}");
    }
    for definition in definitions().filter(|d| d.unbuilt.is_some()) {
        assert!(schema_of(&document, definition.key).is_null(), "{}", definition.key);
    }
}

#[test]
fn a_secret_has_its_twin_and_no_default() {
    let document = document();
    for definition in definitions().filter(|d| d.secret && d.unbuilt.is_none()) {
        assert_eq!(schema_of(&document, &format!("{}_file", definition.key))["type"], "string", "{}", definition.key);
        assert!(schema_of(&document, definition.key).get("default").is_none(), "{}", definition.key);
    }
}
