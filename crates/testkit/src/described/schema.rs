//! Checks a JSON value against a schema, as far as our document uses schemas.
//!
//! Stricter than the specification in one thing: an object that lists its members has no others. A keyword that is not known here is
//! a deviation itself, so that nothing passes unseen.

use std::collections::BTreeSet;

use serde_json::Value;

/// Makes sure that `value` is what `schema` of `document` says.
///
/// # Errors
/// Where it is not, and why.
pub(crate) fn check(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    part(document, schema, value, at)?;
    let Value::Object(members) = value else { return Ok(()) };
    let Some(known) = members_of(document, schema) else { return Ok(()) };
    match members.keys().find(|name| !known.contains(name.as_str())) {
        Some(name) => Err(format!("{at}: the member {name} is not described")),
        None => Ok(()),
    }
}

/// What a reference means.
pub(crate) fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str);
    target.and_then(|target| document.pointer(target.strip_prefix('#')?)).unwrap_or(schema)
}

/// All that the schema demands, save that nothing else be there.
fn part(document: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let schema = resolve(document, schema);
    for (keyword, rule) in schema.as_object().into_iter().flatten() {
        match keyword.as_str() {
            "type" => of_type(rule, value, at)?,
            "properties" => {
                for (name, inner) in rule.as_object().into_iter().flatten() {
                    if let Some(member) = value.get(name) {
                        check(document, inner, member, &format!("{at}.{name}"))?;
                    }
                }
            }
            "required" if value.is_object() => {
                let names = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
                let missing = names.into_iter().find(|name| value.get(name).is_none());
                missing.map_or(Ok(()), |name| Err(format!("{at}: the member {name} is missing")))?;
            }
            "items" => {
                for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                    check(document, rule, item, &format!("{at}[{index}]"))?;
                }
            }
            "allOf" => rule.as_array().into_iter().flatten().try_for_each(|one| part(document, one, value, at))?,
            "oneOf" | "anyOf" => {
                let fits = |one: &&Value| check(document, one, value, at).is_ok();
                if !rule.as_array().into_iter().flatten().any(|one| fits(&one)) {
                    return Err(format!("{at}: {value} is none of what is described"));
                }
            }
            "enum" if !rule.as_array().is_some_and(|words| words.contains(value)) => {
                return Err(format!("{at}: {value} is not one of {rule}"));
            }
            "format" => of_format(rule.as_str().unwrap_or_default(), value, at)?,
            "minimum" | "maximum" | "minLength" | "maxLength" => within(keyword, rule, value, at)?,
            "propertyNames" => {
                for name in value.as_object().into_iter().flat_map(serde_json::Map::keys) {
                    check(document, rule, &Value::String(name.clone()), &format!("{at}, the name {name}"))?;
                }
            }
            "additionalProperties" => {}
            // For other tools: no answer has one, and what a request may hold the server has judged.
            "pattern" => {}
            "required" | "enum" | "description" | "example" | "examples" | "title" | "default" => {}
            other => return Err(format!("{at}: the keyword {other} is not known to this check")),
        }
    }
    Ok(())
}

/// The members that an object of this schema may have; none where it may have any.
fn members_of(document: &Value, schema: &Value) -> Option<BTreeSet<String>> {
    let schema = resolve(document, schema);
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut all = BTreeSet::new();
        for one in parts {
            all.extend(members_of(document, one)?);
        }
        return Some(all);
    }
    // Each choice has been checked with its own members.
    if schema.get("oneOf").or_else(|| schema.get("anyOf")).is_some() {
        return None;
    }
    let is_open = schema.get("additionalProperties").is_some_and(|more| *more != Value::Bool(false));
    let listed = schema.get("properties").and_then(Value::as_object).filter(|_| !is_open)?;
    Some(listed.keys().cloned().collect())
}

fn of_type(rule: &Value, value: &Value, at: &str) -> Result<(), String> {
    let fits = |name: &Value| match name.as_str() {
        Some("null") => value.is_null(),
        Some("boolean") => value.is_boolean(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => false,
    };
    let is_fitting = rule.as_array().map_or_else(|| fits(rule), |names| names.iter().any(fits));
    if is_fitting { Ok(()) } else { Err(format!("{at}: {value} is not of type {rule}")) }
}

fn of_format(format: &str, value: &Value, at: &str) -> Result<(), String> {
    match (format, value.as_str()) {
        ("date-time", Some(text)) => {
            let is_time = text.ends_with('Z') && text.contains('T') && text.parse::<jiff::Timestamp>().is_ok();
            if is_time { Ok(()) } else { Err(format!("{at}: {text} is no time in UTC")) }
        }
        ("date-time" | "int32" | "int64" | "double" | "password" | "email" | "uri" | "binary", _) => Ok(()),
        _ => Err(format!("{at}: the format {format} is not known to this check")),
    }
}

fn within(keyword: &str, rule: &Value, value: &Value, at: &str) -> Result<(), String> {
    let bound = rule.as_f64().unwrap_or_default();
    let length = value.as_str().map(|text| f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)));
    let is_kept = match keyword {
        "minimum" => value.as_f64().is_none_or(|number| number >= bound),
        "maximum" => value.as_f64().is_none_or(|number| number <= bound),
        "minLength" => length.is_none_or(|length| length >= bound),
        _ => length.is_none_or(|length| length <= bound),
    };
    if is_kept { Ok(()) } else { Err(format!("{at}: {value} is beyond {keyword} {rule}")) }
}
