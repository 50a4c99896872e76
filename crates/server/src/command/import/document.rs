//! One JSON document: a list of users, or an object that has one as `users`. Read one user at a time.

use std::fmt;
use std::io::Read;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::meter::{Allowance, Metered};

/// Calls `each` with every user, until it says no.
///
/// # Errors
/// The document is none, breaks off, or has no users. The text says where, and shows nothing of it.
pub(super) fn read(from: impl Read, mut each: impl FnMut(Value) -> bool) -> Result<(), String> {
    let (metered, allowance) = Metered::new(from);
    let mut deserializer = serde_json::Deserializer::from_reader(metered);
    let mut was_stopped = false;
    let mut until_stopped = |value| {
        was_stopped = !each(value);
        !was_stopped
    };
    let done = Document { each: &mut until_stopped, allowance: &allowance }
        .deserialize(&mut deserializer)
        .and_then(|()| deserializer.end());
    match done {
        Err(error) if !was_stopped => {
            let what = if error.is_data() { error.to_string() } else { format!("this is no JSON: {error}") };
            Err(what)
        }
        _ => Ok(()),
    }
}

struct Document<'a, F> {
    each: &'a mut F,
    allowance: &'a Allowance,
}

impl<'de, F: FnMut(Value) -> bool> DeserializeSeed<'de> for Document<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, F: FnMut(Value) -> bool> Visitor<'de> for Document<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of users, or an object with a list called users")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.allowance.renew();
        while let Some(value) = list.next_element::<Value>()? {
            if !(self.each)(value) {
                return Err(A::Error::custom("stopped"));
            }
            self.allowance.renew();
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut has_users = false;
        self.allowance.renew();
        while let Some(name) = members.next_key::<String>()? {
            if name == "users" {
                has_users = true;
                members.next_value_seed(Users { each: &mut *self.each, allowance: self.allowance })?;
            } else {
                self.allowance.lift();
                members.next_value::<IgnoredAny>()?;
            }
            self.allowance.renew();
        }
        if has_users { Ok(()) } else { Err(A::Error::custom("there is no list called users in it")) }
    }
}

/// The list itself, where nothing but a list will do.
struct Users<'a, F> {
    each: &'a mut F,
    allowance: &'a Allowance,
}

impl<'de, F: FnMut(Value) -> bool> DeserializeSeed<'de> for Users<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(Document { each: self.each, allowance: self.allowance })
    }
}
