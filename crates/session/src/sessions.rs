//! The handle.

use std::sync::Arc;

use countersign_audit::Actor;
use countersign_kernel::{Env, Origin, SessionId, Timestamp, TokenId, UserId};
use countersign_limit::Limiter;
use countersign_store::{Delivery, EndReason, Session, Store, Tx, User};

use crate::access_token::IssuedAccess;
use crate::attempt::AttemptIds;
use crate::csrf::CsrfKeys;
use crate::device::DeviceKeys;
use crate::error::Error;
use crate::identity::{Identity, TokenError};
use crate::issue::Issued;
use crate::open::NewSession;
use crate::policy::Policy;
use crate::rotate::Rotated;

/// Everything that can be done with sessions. Cheap to clone.
#[derive(Clone)]
pub struct Sessions(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    env: Env,
    limiter: Arc<dyn Limiter>,
    policy: Policy,
}

#[expect(clippy::todo, clippy::missing_errors_doc, unused_variables, reason = "the shape first")]
impl Sessions {
    // pub async fn start(store, env, keyring: Keyring, roots: &Roots, limiter, policy, claims: Option<Arc<dyn ClaimsHook>>) -> Result<Self, Error>

    /// Opens a session in the caller's transaction; the audit record is the caller's.
    pub async fn open(&self, tx: &mut dyn Tx, user: &User, new: NewSession) -> Result<Session, Error> {
        todo!()
    }
    /// Hands out everything for a new session, after the commit.
    pub fn issue(&self, session: &Session, user: &User, device_cookie: Option<&str>) -> Result<Issued, Error> {
        todo!()
    }
    /// A new access token of a session that runs: after a step-up.
    pub fn access_for(&self, session: &Session, user: &User) -> Result<IssuedAccess, Error> {
        todo!()
    }
    /// Exchanges a refresh token.
    pub async fn rotate(
        &self,
        presented: &str,
        delivery: Delivery,
        ids: AttemptIds,
        origin: &Origin,
    ) -> Result<Rotated, Error> {
        todo!()
    }
    /// Who an access token speaks for.
    pub fn verify(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        todo!()
    }
    /// The session of a refresh token, by its MAC alone.
    pub fn read_refresh(&self, text: &str, delivery: Delivery) -> Option<SessionId> {
        todo!()
    }
    /// The session of a `pageSession` cookie, by its MAC alone.
    pub fn page_session(&self, text: &str) -> Option<SessionId> {
        todo!()
    }
    /// Ends a session; `false` where there is none that lives.
    pub async fn end(
        &self,
        session: SessionId,
        reason: EndReason,
        actor: Actor,
        origin: &Origin,
    ) -> Result<bool, Error> {
        todo!()
    }
    /// The same in the caller's transaction.
    pub async fn end_in(
        &self,
        tx: &mut dyn Tx,
        session: SessionId,
        reason: EndReason,
        actor: Actor,
        origin: &Origin,
    ) -> Result<bool, Error> {
        todo!()
    }
    /// Ends every session of a person; how many.
    pub async fn end_all(&self, user: UserId, reason: EndReason, actor: Actor, origin: &Origin) -> Result<u64, Error> {
        todo!()
    }
    /// The same in the caller's transaction; raises `ver` itself and revokes below it. The audit record is the caller's.
    pub async fn end_all_in(
        &self,
        tx: &mut dyn Tx,
        user: UserId,
        except: Option<SessionId>,
        reason: EndReason,
    ) -> Result<u64, Error> {
        todo!()
    }
    /// Supersedes everyone's tokens below the new `ver`s that a change of rights has raised.
    pub async fn supersede_in(&self, tx: &mut dyn Tx, raised: &[(UserId, u64)], reason: &str) -> Result<(), Error> {
        todo!()
    }
    /// Ends one session of this person; `false` where it is not his or does not live.
    pub async fn end_one_of(
        &self,
        user: UserId,
        session: SessionId,
        actor: Actor,
        origin: &Origin,
    ) -> Result<bool, Error> {
        todo!()
    }
    /// Revokes one access token.
    pub async fn revoke_token(&self, token: TokenId, actor: Actor, origin: &Origin) -> Result<(), Error> {
        todo!()
    }
    /// The person's living sessions, most recently used first.
    pub async fn list(&self, user: UserId) -> Result<Vec<Session>, Error> {
        todo!()
    }
    /// Records a stronger or newer proof; the session as it is then, or none where it does not live.
    pub async fn step_up_in(
        &self,
        tx: &mut dyn Tx,
        session: SessionId,
        amr: &[&str],
        auth_time: Timestamp,
    ) -> Result<Option<Session>, Error> {
        todo!()
    }
    /// Whether the identity's sign-in is recent enough for what is dangerous.
    pub fn is_recent(&self, identity: &Identity) -> bool {
        todo!()
    }
    /// Follows the revocation log and the keys, forgets what is over. Cheap when nothing has changed: call it four times a second.
    pub async fn tick(&self) -> Result<(), Error> {
        todo!()
    }
    /// The published keys as JSON.
    pub fn jwks(&self) -> Arc<str> {
        todo!()
    }
    /// CSRF tokens.
    pub fn csrf(&self) -> &CsrfKeys {
        todo!()
    }
    /// Device cookies.
    pub fn devices(&self) -> &DeviceKeys {
        todo!()
    }
    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.0.policy
    }
    /// The database's time.
    pub fn now(&self) -> Timestamp {
        self.0.store.now()
    }
}
