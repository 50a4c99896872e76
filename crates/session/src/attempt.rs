//! Attempt ids: what lets an honest client that lost an answer be told from a thief (DESIGN section 1, "The request").

use std::fmt;
use std::str::FromStr;

use countersign_kernel::{Secret, SessionId};
use countersign_store::AttemptHash;

use crate::mac::MacKey;

/// An id of an attempt to refresh: 22 base64url characters, chosen at random by the client (128 bits at least).
///
/// It proves that its sender belongs to the session's browser, so it is treated as a secret: it prints as `[redacted]`, and
/// only a keyed hash of it is kept.
#[derive(Clone)]
pub struct AttemptId(Secret<String>);

impl FromStr for AttemptId {
    type Err = NotAnAttemptId;

    fn from_str(text: &str) -> Result<Self, NotAnAttemptId> {
        let lawful = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if text.len() == LENGTH && text.bytes().all(lawful) {
            Ok(Self(Secret::new(text.to_owned())))
        } else {
            Err(NotAnAttemptId)
        }
    }
}

impl fmt::Debug for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AttemptId([redacted])")
    }
}

/// The text is not 22 base64url characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an attempt id is 22 base64url characters")]
pub struct NotAnAttemptId;

/// The ids that came with a refresh.
#[derive(Debug, Clone, Default)]
pub struct AttemptIds {
    /// `attemptId`: of this attempt.
    pub attempt: Option<AttemptId>,
    /// `lastAttemptId`: the one last answered in full.
    pub last: Option<AttemptId>,
}

/// Hashes attempt ids: keyed, and for each session apart.
pub(crate) struct AttemptKeys(MacKey);

impl AttemptKeys {
    pub(crate) fn new(root: &Secret<[u8; 32]>) -> Self {
        Self(MacKey::derive(root, "countersign/attempt-id/1", &[]))
    }

    /// 128 bits that stand for this id in this session.
    pub(crate) fn hash(&self, session: SessionId, id: &AttemptId) -> AttemptHash {
        AttemptHash(self.0.sign_short(&[&session.to_bytes(), id.0.expose().as_bytes()]))
    }
}

const LENGTH: usize = 22;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_22_characters_of_the_alphabet_are_an_id() {
        assert!("abcdefghijklmnopqrstu_".parse::<AttemptId>().is_ok());
        assert!("ABCDEFGHIJKLMNOPQRST-9".parse::<AttemptId>().is_ok());
        for wrong in [
            "",
            "abc",
            "abcdefghijklmnopqrstu",
            "abcdefghijklmnopqrstuvw",
            "abcdefghijklmnopqrstu=",
            "é2345678901234567890",
        ] {
            assert!(wrong.parse::<AttemptId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_has_another_hash_in_another_session() {
        let keys = AttemptKeys::new(&Secret::new([1; 32]));
        let id: AttemptId = "abcdefghijklmnopqrstuv".parse().unwrap();
        let [ada, ben] = [[1; 16], [2; 16]].map(SessionId::from_bytes);

        assert_eq!(keys.hash(ada, &id), keys.hash(ada, &id));
        assert_ne!(keys.hash(ada, &id), keys.hash(ben, &id));
        assert_eq!(format!("{id:?}"), "AttemptId([redacted])");
    }
}
