//! Hands out what belongs to a session: after the commit that made it true, never before.

use std::fmt;
use std::sync::Arc;

use countersign_jose::SigningKey;
use countersign_kernel::{Lifetime, Secret, Timestamp};
use countersign_store::{Session, User};

use crate::access_token::{AccessClaims, IssuedAccess};
use crate::claims::own_claims;
use crate::csrf::CsrfOwner;
use crate::error::Error;
use crate::refresh_token::{RefreshText, RefreshToken};
use crate::sessions::Sessions;

/// What a sign-in or a refresh hands out.
#[derive(Clone)]
pub struct Issued {
    /// The session as it is now.
    pub session: Session,
    /// The access token.
    pub access: IssuedAccess,
    /// The refresh token; none in a thin answer.
    pub refresh: Option<RefreshText>,
    /// The `pageSession` cookie of the session. For sessions whose delivery is the cookie, and full answers.
    pub page: Secret<String>,
    /// The new `csrf` cookie; at a sign-in only.
    pub csrf: Option<String>,
    /// The `deviceId` cookie; at a sign-in only, and where the session has a device.
    pub device: Option<Secret<String>>,
    /// The moment of the answer: `serverTime`.
    pub now: Timestamp,
}

impl Issued {
    /// Until the session is over if it is not used again: the nearer of both deadlines. `idleExpiresIn`, and the cookies'
    /// `Max-Age`.
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

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued")
            .field("session", &self.session.id)
            .field("access", &self.access)
            .finish_non_exhaustive()
    }
}

impl Sessions {
    /// Everything for a new session: access token, refresh token, and the cookies that each sign-in sets anew.
    /// `device_cookie` is the `deviceId` cookie that came with the sign-in: what other accounts proved in it is kept.
    ///
    /// # Errors
    /// [`Error::Claim`] if the hook was refused, [`Error::Signing`]; the session stays, and its owner can sign in again.
    pub async fn issue(&self, session: &Session, user: &User, device_cookie: Option<&str>) -> Result<Issued, Error> {
        let access = self.access_for(session, user).await?;
        let issued = self.answer(session.clone(), access, Extent::Full);
        let device = session.device.map(|device| self.0.devices.cookie_for(user, device, device_cookie));
        Ok(Issued { csrf: Some(self.0.csrf.mint(CsrfOwner::Session(session.id))), device, ..issued })
    }

    /// A new access token of a session that runs: after a step-up, and for commands.
    ///
    /// # Errors
    /// [`Error::Claim`], [`Error::Signing`]; [`Error::Store`] where tokens have an index in a status list.
    pub async fn access_for(&self, session: &Session, user: &User) -> Result<IssuedAccess, Error> {
        self.unsigned(session, user).await?.sign()
    }

    /// A new access token, but for its signature: whatever has to be asked has been.
    pub(crate) async fn unsigned<'a>(&'a self, session: &'a Session, user: &'a User) -> Result<Unsigned<'a>, Error> {
        let own = own_claims(self.0.claims.as_deref(), user)?;
        let signer = self.signer();
        let mut claims = AccessClaims::new(session, user, own, &self.0.policy, self.now(), &self.0.env);
        self.take_status(&mut claims, &signer).await?;
        Ok(Unsigned { claims, signer })
    }

    /// What a refresh answers.
    pub(crate) fn answer(&self, session: Session, access: IssuedAccess, extent: Extent) -> Issued {
        Issued {
            access,
            refresh: (extent == Extent::Full).then(|| self.0.refresh.seal(&RefreshToken::of(&session))),
            page: self.0.pages.seal(session.id),
            csrf: None,
            device: None,
            now: self.now(),
            session,
        }
    }
}

/// An access token that is yet to be signed.
pub(crate) struct Unsigned<'a> {
    claims: AccessClaims<'a>,
    signer: Arc<SigningKey>,
}

impl Unsigned<'_> {
    pub(crate) fn sign(self) -> Result<IssuedAccess, Error> {
        self.claims.sign(&self.signer)
    }
}

/// How much is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// With the refresh token.
    Full,
    /// Without it.
    Thin,
}
