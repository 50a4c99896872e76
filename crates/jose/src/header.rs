//! The JOSE header of a compact JWS (RFC 7515 section 4).
//!
//! Read once, strictly, and borrowed from the caller's buffer. Members are refused that bring or point to a key, change
//! what is signed, or belong to encryption; other unknown members are passed over, as section 4 asks, once they are known
//! to stand there once.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

use crate::alg::Algorithm;
use crate::error::Error;
use crate::json::{self, DUPLICATE, StrictValue, Text};

/// What a header may tell us.
#[derive(Debug)]
pub(crate) struct Header<'a> {
    pub(crate) algorithm: Algorithm,
    pub(crate) kid: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads the decoded header.
    ///
    /// # Errors
    /// [`Error::Header`] if it is not strict JSON, a member is mistyped, or one is refused; [`Error::Algorithm`] if `alg`
    /// is not one of ours.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, Error> {
        let draft = json::read(bytes, Draft::default()).map_err(|error| match error {
            Error::Json(reason) => Error::Header(reason),
            other => other,
        })?;
        if draft.refused {
            return Err(Error::Header("a member that is never taken"));
        }
        let name = draft.alg.ok_or(Error::Header("no alg"))?;
        Ok(Self { algorithm: name.parse()?, kid: draft.kid, typ: draft.typ })
    }

    /// Whether `typ` is there and means `expected`.
    pub(crate) fn is_of_type(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| media_type(typ).eq_ignore_ascii_case(media_type(expected)))
    }
}

/// RFC 7515 section 4.1.9: `application/` may be left out, and media types have no case.
fn media_type(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) => rest,
        _ => typ,
    }
}

/// The members as they are met.
#[derive(Default)]
struct Draft<'a> {
    alg: Option<Cow<'a, str>>,
    kid: Option<Cow<'a, str>>,
    typ: Option<Cow<'a, str>>,
    refused: bool,
    /// The names that mean nothing here, to see a second one.
    others: Vec<Cow<'a, str>>,
}

impl<'de> DeserializeSeed<'de> for Draft<'de> {
    type Value = Self;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Draft<'de> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JOSE header")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some(name) = members.next_key_seed(Text)? {
            let known = match &*name {
                "alg" => &mut self.alg,
                "kid" => &mut self.kid,
                "typ" => &mut self.typ,
                other => {
                    self.refused |= REFUSED.contains(&other);
                    members.next_value_seed(StrictValue::of_member())?;
                    if self.others.contains(&name) {
                        return Err(A::Error::custom(DUPLICATE));
                    }
                    self.others.push(name);
                    continue;
                }
            };
            if known.replace(members.next_value_seed(Text)?).is_some() {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(self)
    }
}

/// The longest header, decoded, in bytes.
pub(crate) const MAX_HEADER_BYTES: usize = 1024;

/// Members that are refused whatever they say.
const REFUSED: [&str; 16] = [
    // We understand no extension, so any is critical (RFC 7515 section 4.1.11), the unencoded payload of RFC 7797 too.
    "crit", "b64", //
    // Keys brought along or fetched (RFC 8725 section 3.10).
    "jku", "jwk", "x5u", "x5c", //
    // Compression and tokens inside tokens.
    "zip", "cty", //
    // Encryption: a JWE is never taken for a JWS (RFC 8725 section 3.3).
    "enc", "epk", "apu", "apv", "iv", "tag", "p2s", "p2c",
];
