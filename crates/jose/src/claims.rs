//! The claims of a JWT, and the rules that they are judged by (RFC 7519 section 4, RFC 9068 section 2.2, RFC 8725).

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::json::{self, DUPLICATE, StrictValue, Text};

/// The claims of a token. Times are whole seconds since 1970.
#[derive(Debug, Clone, PartialEq)]
pub struct Claims {
    /// Who issued the token.
    pub iss: String,
    /// Whom it is for; at least one.
    pub aud: Vec<String>,
    /// Whom it is about; 1 to 255 bytes.
    pub sub: String,
    /// When it dies; later than `iat`.
    pub exp: i64,
    /// When it was made.
    pub iat: i64,
    /// From when it counts, if it says so.
    pub nbf: Option<i64>,
    /// The token's own name; 1 to 255 bytes.
    pub jti: String,
    /// Every other claim.
    pub rest: Map<String, Value>,
}

/// What a verifier demands of a token.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// The kind of token, compared without case and with or without `application/` (RFC 8725 section 3.11).
    pub typ: &'a str,
    /// Its issuer, byte for byte.
    pub issuer: &'a str,
    /// One of its audiences, byte for byte.
    pub audience: &'a str,
    /// The present, in seconds since 1970.
    pub now: i64,
    /// How far clocks may differ, in seconds; taken as 0 to 30.
    pub leeway: i64,
}

impl Claims {
    /// Reads a payload.
    ///
    /// # Errors
    /// [`Error::Claims`] if it is not strict JSON, a claim is missing or mistyped (times are integers only), or one is out
    /// of its range.
    pub fn parse(payload: &[u8]) -> Result<Self, Error> {
        let draft = json::read(payload, Draft::default()).map_err(|error| match error {
            Error::Json(reason) => Error::Claims(reason),
            other => other,
        })?;
        let claims = draft.finish().ok_or(Error::Claims("a required claim is missing"))?;
        let named = |text: &str| (1..=MAX_NAME_BYTES).contains(&text.len());
        if !named(&claims.sub) || !named(&claims.jti) {
            return Err(Error::Claims("sub or jti is empty or too long"));
        }
        if claims.aud.is_empty() {
            return Err(Error::Claims("aud is empty"));
        }
        if claims.iat < 0 || claims.exp <= claims.iat {
            return Err(Error::Claims("exp is not later than iat"));
        }
        Ok(claims)
    }
}

impl Rules<'_> {
    /// Judges the claims of a token whose signature is good. Expiry comes last, so that it is the only thing wrong.
    ///
    /// # Errors
    /// [`Error::Issuer`], [`Error::Audience`], [`Error::NotYetValid`], [`Error::Expired`], in this order.
    pub fn judge(&self, claims: &Claims) -> Result<(), Error> {
        if claims.iss != self.issuer {
            return Err(Error::Issuer);
        }
        if !claims.aud.iter().any(|audience| audience == self.audience) {
            return Err(Error::Audience);
        }
        let leeway = self.leeway.clamp(0, MAX_LEEWAY_SECONDS);
        let latest = self.now.saturating_add(leeway);
        if claims.iat > latest || claims.nbf.is_some_and(|start| start > latest) {
            return Err(Error::NotYetValid);
        }
        // RFC 7519 section 4.1.4: on or after exp it MUST NOT be accepted.
        if self.now >= claims.exp.saturating_add(leeway) {
            return Err(Error::Expired);
        }
        Ok(())
    }
}

/// The claims as they are met.
#[derive(Default)]
struct Draft {
    iss: Option<String>,
    aud: Option<Vec<String>>,
    sub: Option<String>,
    exp: Option<i64>,
    iat: Option<i64>,
    nbf: Option<i64>,
    jti: Option<String>,
    rest: Map<String, Value>,
}

impl Draft {
    fn finish(self) -> Option<Claims> {
        Some(Claims {
            iss: self.iss?,
            aud: self.aud?,
            sub: self.sub?,
            exp: self.exp?,
            iat: self.iat?,
            nbf: self.nbf,
            jti: self.jti?,
            rest: self.rest,
        })
    }
}

impl<'de> DeserializeSeed<'de> for Draft {
    type Value = Self;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Draft {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a set of claims")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Self, A::Error> {
        while let Some(name) = members.next_key_seed(Text)? {
            let seen = match &*name {
                "iss" => self.iss.replace(members.next_value()?).is_some(),
                "aud" => self.aud.replace(members.next_value_seed(Audience)?).is_some(),
                "sub" => self.sub.replace(members.next_value()?).is_some(),
                "exp" => self.exp.replace(members.next_value()?).is_some(),
                "iat" => self.iat.replace(members.next_value()?).is_some(),
                "nbf" => self.nbf.replace(members.next_value()?).is_some(),
                "jti" => self.jti.replace(members.next_value()?).is_some(),
                _ => {
                    let value = members.next_value_seed(StrictValue::of_member())?;
                    self.rest.insert(name.into_owned(), value).is_some()
                }
            };
            if seen {
                return Err(A::Error::custom(DUPLICATE));
            }
        }
        Ok(self)
    }
}

/// One string, or a list of them.
struct Audience;

impl<'de> DeserializeSeed<'de> for Audience {
    type Value = Vec<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<String>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Audience {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an audience")
    }

    fn visit_str<E: serde::de::Error>(self, one: &str) -> Result<Vec<String>, E> {
        Ok(vec![one.to_owned()])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut several: A) -> Result<Vec<String>, A::Error> {
        let mut audiences = Vec::new();
        while let Some(one) = several.next_element()? {
            audiences.push(one);
        }
        Ok(audiences)
    }
}

impl Serialize for Claims {
    /// A single audience is written as a string. `rest` must not name a claim that has a field.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut members = serializer.serialize_map(None)?;
        members.serialize_entry("iss", &self.iss)?;
        match self.aud.as_slice() {
            [one] => members.serialize_entry("aud", one)?,
            several => members.serialize_entry("aud", several)?,
        }
        members.serialize_entry("sub", &self.sub)?;
        members.serialize_entry("exp", &self.exp)?;
        members.serialize_entry("iat", &self.iat)?;
        if let Some(nbf) = self.nbf {
            members.serialize_entry("nbf", &nbf)?;
        }
        members.serialize_entry("jti", &self.jti)?;
        for (name, value) in &self.rest {
            members.serialize_entry(name, value)?;
        }
        members.end()
    }
}

/// The greatest difference of clocks that is forgiven.
const MAX_LEEWAY_SECONDS: i64 = 30;
/// The longest `sub` and `jti`.
const MAX_NAME_BYTES: usize = 255;
