//! What a sign-in or a refresh hands out.

use countersign_kernel::{Lifetime, Secret, Timestamp};
use countersign_store::Session;

use crate::access_token::IssuedAccess;
use crate::refresh_token::RefreshText;

/// What a sign-in or a refresh hands out.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The session as it is now.
    pub session: Session,
    /// The access token.
    pub access: IssuedAccess,
    /// The refresh token; none in a thin answer.
    pub refresh: Option<RefreshText>,
    /// The `pageSession` cookie of the session. Only for sessions whose delivery is the cookie.
    pub page: Secret<String>,
    /// The new `csrf` cookie; at a sign-in only.
    pub csrf: Option<String>,
    /// The `deviceId` cookie; at a sign-in only, and where the session has a device.
    pub device: Option<Secret<String>>,
    /// The moment of the answer: `serverTime`.
    pub now: Timestamp,
}

impl Issued {
    /// Until the session is over if it is not used again: the smaller of both deadlines. The cookies' `Max-Age`.
    #[must_use]
    pub fn idle_expires_in(&self) -> Lifetime {
        self.session.row.idle_deadline.min(self.session.row.absolute_deadline).since(self.now)
    }

    /// Until the session is over, whatever happens.
    #[must_use]
    pub fn expires_in(&self) -> Lifetime {
        self.session.row.absolute_deadline.since(self.now)
    }
}
