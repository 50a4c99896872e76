//! Verifies an access token, without I/O.
//!
//! Promises: nothing of a token is believed before its signature is good; a token is accepted only if no live revocation
//! means it, whether it was seen before or not; one that was seen before costs a look-up by its whole text, compared in
//! full, and the revocation check; what is remembered is bounded and dropped at `exp`. Follows DESIGN section 2.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use countersign_jose::{self as jose, Rules};
use countersign_kernel::Timestamp;
use countersign_keys::Standing;
use countersign_store::Effect;

use crate::access_token::ACCESS_TOKEN_TYPE;
use crate::identity::{Identity, TokenError};
use crate::sessions::Sessions;

impl Sessions {
    /// Who `token` speaks for.
    ///
    /// # Errors
    /// [`TokenError::Expired`] if the token is authentic and its time is over, or it was superseded while its session lives;
    /// [`TokenError::Revoked`] if it is authentic and revoked; [`TokenError::Invalid`] for anything else.
    pub fn verify(&self, token: &str) -> Result<Arc<Identity>, TokenError> {
        let now = self.now();
        let remembered = self.0.remembered.get(token);
        let is_new = remembered.is_none();
        let identity = match remembered {
            Some(identity) => identity,
            None => Arc::new(self.read_access(token, now)?),
        };
        // To the moment and without leeway: we mint and judge by one clock.
        if now >= identity.expires_at {
            self.0.remembered.remove(token);
            return Err(TokenError::Expired);
        }
        match self.0.live.check(&identity.names(), now) {
            Some(Effect::Ended) => return Err(TokenError::Revoked),
            Some(Effect::Superseded) => return Err(TokenError::Expired),
            None => {}
        }
        if is_new {
            self.0.remembered.insert(token.into(), Arc::clone(&identity));
        }
        Ok(identity)
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
        Identity::read(verified, key).ok_or(TokenError::Invalid)
    }

    /// Forgets verified tokens that have expired.
    pub(crate) fn forget_expired(&self, now: Timestamp) {
        self.0.remembered.retain(|_, identity| now < identity.expires_at);
    }
}

/// By how much `iat` and `nbf` may lie ahead: another node's clock measure may differ from ours.
const LEEWAY_SECONDS: i64 = 30;
