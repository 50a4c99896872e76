//! Proves a person's password again inside a session: for step-up, password change and deletion.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, Secret};
use countersign_limit::{Reading, Refused};
use countersign_password::{Busy, HashError, Password};
use countersign_session::Identity;
use countersign_store::PasswordHash;

use crate::accounts::Accounts;
use crate::error::Error;
use crate::limits::{self, Charge};

/// What a check inside a session found.
pub(crate) enum Recheck {
    /// It is the password, under this hash. The charge is to be given back once the act is done.
    Proven {
        /// The hash that was judged: the act must find it unchanged.
        hash: PasswordHash,
        /// What was counted for the try.
        charge: Charge,
    },
    /// It is not; audited.
    Failed(Vec<Reading>),
    /// Too many tries; audited once a window.
    Limited(Refused),
    /// No room for the hash.
    Busy(Busy, Vec<Reading>),
}

/// How often an act begins anew because the hash changed under it.
pub(crate) const TRIES: u32 = 4;

impl Accounts {
    /// Counts, hashes and judges. A refusal is written as `failed`.
    pub(crate) async fn recheck(
        &self,
        identity: &Identity,
        presented: &Secret<String>,
        failed: Event,
        origin: &Origin,
    ) -> Result<Recheck, Error> {
        let actor = Actor::User(identity.user);
        let charge = match Charge::take(self, limits::recheck(self, identity.user)).await {
            Ok(charge) => charge,
            Err(refused) => {
                let act = failed.as_str().trim_end_matches("_failed");
                self.audit_limit(&refused, actor, Some(identity.user), origin, act).await?;
                return Ok(Recheck::Limited(refused));
            }
        };
        let mut tx = self.store().snapshot().await?;
        let stored = tx.find_password(identity.user).await?;
        let secret = match &stored {
            Some(hash) => self.import_secret_in(tx.as_mut(), hash).await?,
            None => None,
        };
        drop(tx);
        let proven = match (Password::received(presented.expose()), stored) {
            (Ok(password), Some(hash)) => match self.hasher().verify_with(&password, &hash.0, secret.as_ref()).await {
                Ok(verification) => Some(hash).filter(|_| verification.matches),
                Err(HashError::Busy(busy)) => return Ok(Recheck::Busy(busy, charge.give_back(self).await)),
                Err(HashError::Fault(error)) => return Err(error.into()),
            },
            _ => None,
        };
        if let Some(hash) = proven {
            return Ok(Recheck::Proven { hash, charge });
        }
        self.audit_alone(failed, actor, origin, |record| {
            record.of(identity.user).in_session(identity.session).refused("wrong_password")
        })
        .await?;
        Ok(Recheck::Failed(charge.keep()))
    }
}
