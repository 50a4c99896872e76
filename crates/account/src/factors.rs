//! What a person has set up: shown, demanded, reset.

use countersign_audit::{Actor, Event};
use countersign_kernel::{Origin, SessionId, UserId};
use countersign_session::Identity;
use countersign_session::amr::is_multi_factor;
use countersign_store::{EndReason, Tx};

use crate::accounts::{Accounts, retrying};
use crate::error::Error;
use crate::factor::Enrolled;
use crate::manage::Managed;

/// A person's second factors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactors {
    /// What is set up.
    pub enrolled: Enrolled,
    /// Whether what a role of his grants needs one.
    pub is_required: bool,
}

impl Accounts {
    /// What a person has set up; none where there is no such account.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn second_factors(&self, user: UserId) -> Result<Option<SecondFactors>, Error> {
        let mut tx = self.store().snapshot().await?;
        let Some(person) = tx.find_user(user).await? else { return Ok(None) };
        let enrolled = self.enrolled_in(tx.as_mut(), user).await?;
        Ok(Some(SecondFactors { enrolled, is_required: self.factor_policy().is_required_of(&person) }))
    }

    /// Takes everything away that a person proves himself by besides his password, and ends his sessions: for whoever has lost it
    /// all. It opens nothing: he signs in with his password, and sets up anew.
    ///
    /// # Errors
    /// [`Error`] if the store fails; nothing has changed then.
    pub async fn reset_factors(&self, id: UserId, actor: Actor, origin: &Origin) -> Result<Managed, Error> {
        retrying(|| async {
            let mut tx = self.store().begin().await?;
            let Some(user) = tx.lock_user(id).await? else { return Ok(Managed::NotFound) };
            let before = self.enrolled_in(tx.as_mut(), id).await?;
            if before == Enrolled::default() {
                return Ok(Managed::Unchanged(Box::new(user)));
            }
            self.remove_factors_in(tx.as_mut(), id).await?;
            let ended = self.factors_changed_in(tx.as_mut(), id, None).await?;
            let record = self.record(tx.as_ref(), Event::FactorsReset, actor, origin).of(id);
            let record = record.with("totp", before.totp.to_string()).with("passkeys", before.passkeys.to_string());
            let record = record.with("recovery_codes", before.recovery_codes.to_string());
            tx.audit(record.with("sessions_ended", ended.to_string()));
            let user = tx.find_user(id).await?.ok_or(Error::KeptChanging)?;
            tx.commit().await?;
            Ok(Managed::Done(Box::new(user)))
        })
        .await
    }

    /// Takes every second factor away, and the recovery codes. What follows from it is [`Accounts::factors_changed_in`]'s.
    pub(crate) async fn remove_factors_in(&self, tx: &mut dyn Tx, user: UserId) -> Result<(), Error> {
        let now = tx.now();
        tx.delete_totp(user).await?;
        tx.delete_passkeys(user).await?;
        tx.replace_recovery_codes(user, &[], now).await?;
        Ok(())
    }

    /// What follows from a change of factors: what was built on the old ones is void, and other sessions end (OWASP ASVS 7.4.3); how
    /// many.
    pub(crate) async fn factors_changed_in(
        &self,
        tx: &mut dyn Tx,
        user: UserId,
        keep: Option<SessionId>,
    ) -> Result<u64, Error> {
        self.credentials_changed(tx, user).await?;
        Ok(self.sessions().end_all_in(tx, user, keep, EndReason::FactorsChanged).await?)
    }

    /// Whether a second factor was proven in this session, where it is used, and lately.
    pub(crate) async fn has_recent_factor_in(&self, tx: &mut dyn Tx, identity: &Identity) -> Result<bool, Error> {
        let Some(session) = tx.find_session(identity.session).await? else { return Ok(false) };
        // Asked of the row, which knows of a proof that the token has not heard of, and of the token, which knows where it is used.
        if !identity.is_proven() || !is_multi_factor(&session.amr) {
            return Ok(false);
        }
        let proven_at = tx.find_factor_proof(session.id).await?;
        let max_age = self.sessions().policy().step_up_max_age;
        Ok(proven_at.is_some_and(|at| tx.now().since(at) <= max_age))
    }
}
