//! A revocation: a numbered record that tokens already signed are no longer accepted (DESIGN section 2).

use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};

use crate::error::Error;
use crate::page::{Page, PageRequest};

/// Which tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// One access token, by `jti`.
    Token(TokenId),
    /// Every token of a session, by `sid`.
    Session(SessionId),
    /// Every token of a person whose `ver` is below this one.
    Person {
        /// The person.
        user: UserId,
        /// Tokens with a smaller `ver` are meant.
        below: u64,
        /// For tokens of this session the effect is [`Effect::Superseded`], whatever the record says.
        except: Option<SessionId>,
    },
    /// Every token signed by a key, by `kid`.
    Key(KeyId),
}

/// What becomes of the session behind the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The session lives on: the token answers `TOKEN_EXPIRED`, and a refresh brings a new one.
    Superseded,
    /// The session has ended or the person is disabled: `TOKEN_REVOKED`.
    Ended,
}

/// A revocation to be numbered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRevocation {
    /// Which tokens.
    pub target: Target,
    /// What becomes of their session.
    pub effect: Effect,
    /// When.
    pub at: Timestamp,
    /// Until when the record must be kept: until every token it means has expired.
    pub until: Timestamp,
    /// Why, as a stable word: `signed_out`, `disabled`, ….
    pub reason: String,
}

/// A numbered revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// The number: commit order is number order, without gaps.
    pub seq: u64,
    /// 64 bits of a chain hash over this record and all before it.
    pub hash: u64,
    /// What was revoked.
    pub record: NewRevocation,
}

/// The newest number and its chain hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RevocationHead {
    /// The newest number; 0 before the first.
    pub seq: u64,
    /// The chain hash there.
    pub hash: u64,
}

/// The place as subscribers are told it: `57-9f86d081884c7d65`.
impl fmt::Display for RevocationHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.seq, self.hash)
    }
}

/// The text is no place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a place in the revocation log")]
pub struct ParseHeadError;

impl FromStr for RevocationHead {
    type Err = ParseHeadError;

    fn from_str(text: &str) -> Result<Self, ParseHeadError> {
        let (seq, hash) = text.split_once('-').ok_or(ParseHeadError)?;
        let seq = seq.parse().map_err(|_| ParseHeadError)?;
        let hash = u64::from_str_radix(hash, 16).map_err(|_| ParseHeadError)?;
        let head = Self { seq, hash };
        // One text a place: no sign, no zero before it, no other case.
        (head.to_string() == text).then_some(head).ok_or(ParseHeadError)
    }
}

/// Keeps revocations.
#[async_trait]
pub trait Revocations {
    /// Puts a revocation down to be numbered and written as the last statements before the commit. The number is
    /// taken from one row, so that commit order is number order.
    fn revoke(&mut self, revocation: NewRevocation);

    /// The newest number.
    async fn revocation_head(&mut self) -> Result<RevocationHead, Error>;

    /// Lets the numbers go on behind `last` where they have not come that far: for a database that was put back, so that no number
    /// of the lost time is given again. The numbers in between are never given.
    async fn raise_revocation_head(&mut self, last: u64) -> Result<(), Error>;

    /// At most `limit` revocations with a greater number than `after`, in order.
    async fn list_revocations(&mut self, after: u64, limit: u32) -> Result<Vec<Revocation>, Error>;

    /// The revocations that are kept, newest first.
    async fn list_newest_revocations(&mut self, page: &PageRequest) -> Result<Page<Revocation>, Error>;

    /// Deletes at most `limit` revocations whose `until` has passed; how many it were.
    async fn sweep_revocations(&mut self, now: Timestamp, limit: u32) -> Result<u64, Error>;

    /// Notes that access tokens of this many seconds are being made now.
    async fn note_access_lifetime(&mut self, seconds: u32, now: Timestamp) -> Result<(), Error>;

    /// The greatest access lifetime, in seconds, that was noted at or after `since`; 0 where none was.
    async fn greatest_access_lifetime(&mut self, since: Timestamp) -> Result<u32, Error>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_text() {
        let place = RevocationHead { seq: 57, hash: 0x0f86_d081_884c_7d65 };
        assert_eq!(place.to_string(), "57-0f86d081884c7d65");
        assert_eq!("57-0f86d081884c7d65".parse(), Ok(place));
        assert_eq!("0-0000000000000000".parse(), Ok(RevocationHead::default()));
        for wrong in [
            "",
            "57",
            "57-",
            "-0f86d081884c7d65",
            "057-0f86d081884c7d65",
            "+57-0f86d081884c7d65",
            "57-f86d081884c7d65",
            "57-0F86D081884C7D65",
            "57-+f86d081884c7d65",
            " 57-0f86d081884c7d65",
            "57-0f86d081884c7d65-1",
            "18446744073709551616-0f86d081884c7d65",
        ] {
            assert_eq!(wrong.parse::<RevocationHead>(), Err(ParseHeadError), "{wrong}");
        }
    }
}
