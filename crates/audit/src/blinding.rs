//! What the chain holds of a record's personal fields: not the fields, but a commitment to them.
//!
//! Promises: while the fields and their salt are there, neither can be changed without breaking the chain; once both are
//! destroyed, the chain is checked as before, and nobody can find the fields again by trying, because the salt was 128 bits of
//! chance and is gone. Follows DESIGN section 7 and API.md ("the audit keeps the pseudonymous id").
//!
//! What exactly is committed to: [`crate::commitment`].

use std::borrow::Cow;
use std::fmt;

use countersign_kernel::{Env, hex};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::hash::Hash;

/// What stands between a record's personal fields and the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blinding {
    /// The fields are there, and this is their salt.
    Salt(Salt),
    /// The fields and the salt were destroyed; this is the commitment that is left.
    Erased(Hash),
}

/// 128 bits of chance that die with the fields. In JSON, 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 16]);

impl Salt {
    /// A new one.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        Self(env.entropy().bytes())
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

impl Serialize for Salt {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Salt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        hex::decode(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not 32 hexadecimal digits"))
    }
}
