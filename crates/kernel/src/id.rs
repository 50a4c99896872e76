//! Typed, time-ordered ids.
//!
//! An id is a UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds, then 74 random bits. Its text is a prefix that
//! names the kind, an underscore, and the 128 bits as 26 characters of Crockford's base 32 in lower case
//! (`usr_01k2...`), so that text order is time order and an id of one kind is never read as another. An id is a name,
//! never a secret.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::env::Env;

/// The text is not an id of the wanted kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {prefix} id")]
pub struct ParseIdError {
    prefix: &'static str,
}

macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        const _: () = assert!($prefix.len() == PREFIX_LENGTH, "a prefix of another length would spoil the text form");

        impl $name {
            /// What the text form begins with, without the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id of this moment.
            #[must_use]
            pub fn new(env: &Env) -> Self {
                Self(uuid_v7(env))
            }

            /// The id with these 128 bits.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The 128 bits, as databases keep them.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }

            /// The 128 bits as bytes.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// The id with these bytes.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(f, $prefix, self.0.as_u128())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_text($prefix, text).map(|bits| Self(Uuid::from_u128(bits))).ok_or(ParseIdError { prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

typed_id!(
    /// A person's account.
    UserId, "usr"
);
typed_id!(
    /// A session: one sign-in and all that was refreshed from it. The `sid` claim.
    SessionId, "ses"
);
typed_id!(
    /// A signing key. The `kid` header parameter.
    KeyId, "key"
);
typed_id!(
    /// One access token. The `jti` claim.
    TokenId, "tok"
);
typed_id!(
    /// A mail that is to be sent.
    MailId, "eml"
);
typed_id!(
    /// A browser or device that has completed a sign-in. The `did` claim.
    DeviceId, "dev"
);
typed_id!(
    /// A passkey of a person.
    PasskeyId, "psk"
);
typed_id!(
    /// A service that is let in by a key of its own.
    MachineId, "mch"
);
typed_id!(
    /// One audit record.
    AuditId, "aud"
);
typed_id!(
    /// One HTTP request, as `X-Request-Id` and every log line name it.
    RequestId, "req"
);

fn uuid_v7(env: &Env) -> Uuid {
    let millis = u64::try_from(env.now().as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &env.entropy().bytes()).into_uuid()
}

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Every prefix has three letters.
const PREFIX_LENGTH: usize = 3;
const TEXT_LENGTH: usize = 26;

fn write_text(f: &mut fmt::Formatter<'_>, prefix: &str, bits: u128) -> fmt::Result {
    // One piece of text at the end: a request writes several ids, and pieces cost more than digits.
    let mut text = [b'_'; PREFIX_LENGTH + 1 + TEXT_LENGTH];
    let mut rest = bits;
    for (slot, letter) in text.iter_mut().zip(prefix.bytes()) {
        *slot = letter;
    }
    for slot in text.iter_mut().rev().take(TEXT_LENGTH) {
        let [low, ..] = rest.to_le_bytes();
        *slot = ALPHABET.get(usize::from(low & 31)).copied().unwrap_or(b'0');
        rest >>= 5;
    }
    f.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

/// What a letter of [`ALPHABET`] stands for. Not looked for there: a token names four ids, and each has 26 letters.
const fn value_of(letter: u8) -> Option<u8> {
    Some(match letter {
        b'0'..=b'9' => letter - b'0',
        b'a'..=b'h' => letter - b'a' + 10,
        b'j' | b'k' => letter - b'j' + 18,
        b'm' | b'n' => letter - b'm' + 20,
        b'p'..=b't' => letter - b'p' + 22,
        b'v'..=b'z' => letter - b'v' + 27,
        _ => return None,
    })
}

fn parse_text(prefix: &str, text: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix)?.strip_prefix('_')?;
    if digits.len() != TEXT_LENGTH {
        return None;
    }
    let mut bits: u128 = 0;
    for (index, byte) in digits.bytes().enumerate() {
        let digit = value_of(byte)?;
        // 26 digits hold 130 bits: the first may only use three of its five, or two texts would name one id.
        if index == 0 && digit > 7 {
            return None;
        }
        bits = (bits << 5) | u128::from(digit);
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn text_and_bits_name_each_other(bits: u128) {
            let id = SessionId::from_uuid(Uuid::from_u128(bits));
            prop_assert_eq!(id.to_string().parse::<SessionId>(), Ok(id));
        }

        #[test]
        fn text_order_is_bit_order(a: u128, b: u128) {
            let (x, y) = (UserId::from_uuid(Uuid::from_u128(a)), UserId::from_uuid(Uuid::from_u128(b)));
            prop_assert_eq!(x.cmp(&y), x.to_string().cmp(&y.to_string()));
        }
    }

    #[test]
    fn one_kind_is_not_read_as_another() {
        let session = SessionId::from_uuid(Uuid::from_u128(7));
        assert!(session.to_string().parse::<UserId>().is_err());
    }

    #[test]
    fn letters_stand_for_their_places() {
        for letter in 0..=u8::MAX {
            let place = ALPHABET.iter().position(|&c| c == letter);
            assert_eq!(value_of(letter).map(usize::from), place, "{letter}");
        }
    }

    #[test]
    fn only_the_canonical_text_is_an_id() {
        let text = UserId::from_uuid(Uuid::from_u128(u128::MAX)).to_string();
        assert_eq!(text, "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz");
        for wrong in [
            "usr_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "usr_7ZZZZZZZZZZZZZZZZZZZZZZZZZ",
            "usr_7zz",
            "",
            "usr_",
            "7zzzzzzzzzzzzzzzzzzzzzzzzz",
        ] {
            assert!(wrong.parse::<UserId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_carries_its_moment() {
        let env = Env::system();
        let id = UserId::new(&env);
        assert_eq!(id.as_uuid().get_version_num(), 7);
    }
}
