//! Strict JSON (RFC 8259): what a parser elsewhere might read differently is refused.
//!
//! Promises: no member name twice in one object, at any depth (RFC 7515 section 4, RFC 7519 section 4); no nesting beyond
//! [`MAX_DEPTH`]; UTF-8 without a byte order mark; no lone surrogates; numbers that fit; nothing after the value.

use std::borrow::Cow;
use std::fmt;

use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::Error;

/// How deep arrays and objects may stand in each other; the outermost counts as one.
pub const MAX_DEPTH: usize = 16;

/// Reads one JSON value.
///
/// # Errors
/// [`Error::Json`] if `bytes` break a promise of this module.
pub fn value(bytes: &[u8]) -> Result<Value, Error> {
    read(bytes, StrictValue::outermost())
}

/// Reads one JSON object.
///
/// # Errors
/// [`Error::Json`] as [`value`], or if it is not an object.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, Error> {
    match value(bytes)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::Json("not an object")),
    }
}

/// Reads one JSON value strictly and takes it as a `T`.
///
/// # Errors
/// [`Error::Json`] as [`value`], or if it is not a `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Error> {
    serde_json::from_value(value(bytes)?).map_err(|_| Error::Json("not of the expected shape"))
}

/// Drives `seed` over `bytes` and demands that nothing follows.
pub(crate) fn read<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, Error> {
    // Once for the whole text, so that strings borrow from it without a further check.
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Json("not UTF-8"))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut deserializer).map_err(|error| reason(&error))?;
    deserializer.end().map_err(|_| Error::Json("something follows the value"))?;
    Ok(value)
}

/// Which promise was broken. The text of the error is made on this path only.
fn reason(error: &serde_json::Error) -> Error {
    let text = error.to_string();
    if text.starts_with(DUPLICATE) {
        Error::Json(DUPLICATE)
    } else if text.starts_with(TOO_DEEP) {
        Error::Json(TOO_DEEP)
    } else {
        Error::Json("malformed")
    }
}

/// Any value, built while its names and its depth are watched.
#[derive(Clone, Copy)]
pub(crate) struct StrictValue {
    levels: usize,
}

impl StrictValue {
    /// A value that stands by itself.
    const fn outermost() -> Self {
        Self { levels: MAX_DEPTH }
    }

    /// The value of a member of the outermost object.
    pub(crate) const fn of_member() -> Self {
        Self { levels: MAX_DEPTH - 1 }
    }

    /// One level further in.
    fn inside<E: de::Error>(self) -> Result<Self, E> {
        self.levels.checked_sub(1).map(|levels| Self { levels }).ok_or_else(|| E::custom(TOO_DEEP))
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let inner = self.inside()?;
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.inside()?;
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(inner)?;
            if map.insert(name, value).is_some() {
                return Err(de::Error::custom(DUPLICATE));
            }
        }
        Ok(Value::Object(map))
    }
}

/// A string that is borrowed from the input wherever no escape stands in it.
pub(crate) struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: de::Error>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

/// The message for a name that stands twice in one object.
pub(crate) const DUPLICATE: &str = "a member stands twice";
const TOO_DEEP: &str = "nested too deep";
