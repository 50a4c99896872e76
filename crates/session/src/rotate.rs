//! Rotates a refresh token.

use countersign_kernel::SessionId;
use countersign_limit::{Reading, Refused};

use crate::issue::Issued;
use crate::judge::RefreshCase;

/// What became of a presented refresh token.
#[derive(Debug)]
pub struct Rotated {
    /// The row of the table that decided: `X-Refresh-Case`. None where the request was not judged.
    pub case: Option<RefreshCase>,
    /// The session of the token, if its MAC is good.
    pub session: Option<SessionId>,
    /// The per-session limit, for `RateLimit` headers.
    pub readings: Vec<Reading>,
    /// What is answered.
    pub verdict: RotateVerdict,
}

/// What is answered to a refresh.
#[derive(Debug)]
pub enum RotateVerdict {
    /// Access token and refresh token.
    Full(Box<Issued>),
    /// Access token alone: keep what you have.
    Thin(Box<Issued>),
    /// `TOKEN_INVALID`.
    Invalid,
    /// `TOKEN_REVOKED`.
    Revoked,
    /// `TOKEN_EXPIRED`.
    Expired,
    /// `TOKEN_REUSED`: the session has been ended.
    Reused,
    /// `RATE_LIMITED`; nobody is signed out by it.
    Limited(Refused),
    /// 503: nothing was written, or it was decided too late. Trying again helps.
    Busy,
}
