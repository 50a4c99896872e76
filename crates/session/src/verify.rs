//! Verifies an access token: without I/O, save for one look-up when a session is seen for the first time.
//!
//! Promises: nothing of a token is believed before its signature is good; a token is accepted only if no live revocation
//! means it, whether it was seen before or not; one that was seen before costs a look-up by its whole text, compared in
//! full, and the revocation check; what is remembered is bounded and dropped at `exp`. Follows DESIGN section 2.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use countersign_jose::{self as jose, Rules};
use countersign_kernel::Timestamp;
use countersign_keys::Standing;
use countersign_store::Effect;
use tokio::time::timeout;

use crate::access_token::ACCESS_TOKEN_TYPE;
use crate::identity::{Identity, TokenError};
use crate::seen::{Found, Seen};
use crate::sessions::Sessions;

impl Sessions {
    /// Who `token` speaks for, from memory alone.
    ///
    /// # Errors
    /// [`TokenError::Expired`] if the token is authentic and its time is over, or it was superseded while its session lives;
    /// [`TokenError::Revoked`] if it is authentic and revoked; [`TokenError::Stale`] if it would be accepted, but revocations have
    /// not been heard of for too long and the policy refuses then; [`TokenError::Invalid`] for anything else.
    pub fn verify(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        self.check(token).map(|seen| Arc::clone(&seen.identity))
    }

    /// Who `token` speaks for; its session is looked up when it is first seen here.
    ///
    /// A signature proves that our key signed, not that we did: whoever held a copy of the key, or a backup from before this
    /// session, could name a session that never was, or rights of a `ver` that is yet to come. A token that was seen before costs
    /// no I/O, nor does the next one of its session with the same rights; and where the database does not answer within a second, the
    /// signature and the live set decide, as in [`Sessions::verify`].
    ///
    /// # Errors
    /// As [`Sessions::verify`]; [`TokenError::Invalid`] also if there is no such session of this person.
    pub async fn admit(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        let seen = self.check(token)?;
        let identity = Arc::clone(&seen.identity);
        if seen.is_admitted() {
            return Ok(identity);
        }
        if self.0.found.get(&identity.session).is_some_and(|found| found.vouches_for(&identity, self.now())) {
            self.note_found(&seen);
            return Ok(identity);
        }
        // A database that hangs would otherwise hold up whoever needs nothing of it but this.
        let looked = timeout(LOOK_UP, self.0.store.find_session_and_user(identity.session)).await;
        let Ok(found) = looked else { return Ok(identity) };
        match found {
            Ok(Some((session, user))) if user.id == identity.user && identity.ver <= user.ver => {
                if session.row.ended.is_some() || !user.is_active() {
                    return Err(TokenError::Revoked);
                }
                if identity.ver < user.ver {
                    return Err(TokenError::Expired);
                }
                self.note_found(&seen);
                Ok(identity)
            }
            Ok(_) => {
                // Another process may have deleted the person a moment ago: ask the log before calling it a forgery.
                let _ = timeout(LOOK_UP, self.catch_up()).await;
                self.check(token).and(Err(TokenError::Invalid))
            }
            Err(_) => Ok(identity),
        }
    }

    /// Notes that the session of this token is in the database. To be believed for no longer than an access token lives: whatever
    /// ends the session in that time stays in the live set for longer.
    fn note_found(&self, seen: &Seen) {
        let until = seen.identity.expires_at.min(self.now() + self.0.policy.access);
        self.0.found.insert(seen.identity.session, Found::by(&seen.identity, until));
        seen.admit();
    }

    fn check(&self, token: &str) -> Result<Arc<Seen>, TokenError> {
        let now = self.now();
        let remembered = self.0.remembered.get(token);
        let is_new = remembered.is_none();
        let tally = &self.0.tally;
        if is_new {
            tally.unknown.one()
        } else {
            tally.remembered.one()
        }
        let seen = match remembered {
            Some(seen) => seen,
            None => Arc::new(Seen::new(self.read_access(token, now)?)),
        };
        // To the moment and without leeway: we mint and judge by one clock.
        if now >= seen.identity.expires_at {
            self.0.remembered.remove(token);
            return Err(TokenError::Expired);
        }
        match self.0.live.check(&seen.identity.names(), now) {
            Some(Effect::Ended) => return Err(TokenError::Revoked),
            Some(Effect::Superseded) => return Err(TokenError::Expired),
            None => {}
        }
        // Last: what is known to be bad is told apart from what is not known to be good.
        if self.refuses_as_stale(now) {
            return Err(TokenError::Stale);
        }
        if is_new {
            self.0.remembered.insert(Arc::clone(&seen.identity.text), Arc::clone(&seen));
        }
        Ok(seen)
    }

    /// Checks signature and claims.
    fn read_access(&self, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        let rules = Rules {
            typ: ACCESS_TOKEN_TYPE,
            issuer: &self.0.policy.issuer,
            audience: &self.0.policy.audience,
            now: now.as_seconds(),
            leeway: LEEWAY_SECONDS,
        };
        let verified = jose::verify(token, &self.0.keyring.key_set(), &rules).map_err(|error| match error {
            jose::Error::Expired => TokenError::Expired,
            jose::Error::UnknownKey => {
                // Another node may sign with a key that we have not read yet. The next tick reads it, if it is time.
                self.0.key_missed.store(true, Ordering::Relaxed);
                TokenError::Invalid
            }
            _ => TokenError::Invalid,
        })?;
        let (key, standing) = self.0.keyring.standing(&verified.kid).ok_or(TokenError::Invalid)?;
        if standing == Standing::Withdrawn {
            return Err(TokenError::Expired);
        }
        Identity::read(token, verified, key).ok_or(TokenError::Invalid)
    }

    /// Forgets verified tokens that have expired, sessions that are believed no longer, and those that were not refreshed for long.
    pub(crate) fn forget_expired(&self, now: Timestamp) {
        self.0.found.retain(|_, found| found.is_believed(now));
        self.0.remembered.retain(|_, seen| now < seen.identity.expires_at);
        self.0.recalls.forget(now);
    }
}

/// How long a session is looked for that is seen for the first time, and then, where there is none, the reason in the log.
const LOOK_UP: Duration = Duration::from_secs(1);

/// By how much `iat` and `nbf` may lie ahead: another node's clock measure may differ from ours.
const LEEWAY_SECONDS: i64 = 30;
