//! Ends sessions and supersedes access tokens.
//!
//! Promises: an ending, its revocation and its record are one commit; a revocation is kept until the last token that it
//! means has died; an ending is idempotent, and its verdict comes from the write. Where many sessions end at once, `ver`
//! is raised first: that locks the person's row, so that whatever signs in at the same moment comes wholly before or wholly
//! after. A token that is superseded while its session lives answers `TOKEN_EXPIRED`, never `TOKEN_REVOKED`, so that
//! nobody is signed out by a change of rights. Follows DESIGN section 2.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Origin, SessionId, Timestamp, UserId};
use countersign_keys::last_token_dies;
use countersign_store::{Effect, EndReason, Ended, NewRevocation, Session, Target, Tx};

use crate::error::Error;
use crate::sessions::Sessions;

impl Sessions {
    /// Ends a session: its refresh token and its access tokens are refused from the return on. `false` where no such
    /// session lives, and then nothing changes.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn end(
        &self,
        session: SessionId,
        reason: EndReason,
        actor: Actor,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let mut tx = self.0.store.begin().await?;
        let ended = self.end_in(tx.as_mut(), session, reason, actor, origin).await?;
        if ended.is_some() {
            tx.commit().await?;
        }
        Ok(ended.is_some())
    }

    /// The same in the caller's transaction, with its audit record; the session that was ended.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn end_in(
        &self,
        tx: &mut dyn Tx,
        session: SessionId,
        reason: EndReason,
        actor: Actor,
        origin: &Origin,
    ) -> Result<Option<Session>, Error> {
        self.end_noted_in(tx, session, reason, (actor, origin), None).await
    }

    /// The same with a word of whoever ended it for the record.
    pub(crate) async fn end_noted_in(
        &self,
        tx: &mut dyn Tx,
        session: SessionId,
        reason: EndReason,
        (actor, origin): (Actor, &Origin),
        note: Option<&str>,
    ) -> Result<Option<Session>, Error> {
        let ended = Ended { at: tx.now(), reason };
        let Some(session) = tx.end_session(session, ended).await? else { return Ok(None) };
        self.revoke_in(tx, Target::Session(session.id), Effect::Ended, reason.as_str()).await?;
        let event = if reason == EndReason::SignedOut { Event::SignedOut } else { Event::SessionEnded };
        let record = Record::new(event, actor, origin, tx.now(), &self.0.env).of(session.user).in_session(session.id);
        let record = noted(record, note);
        tx.audit(if event == Event::SignedOut { record } else { record.because(reason.as_str()) });
        Ok(Some(session))
    }

    /// Ends one session of this person; `false` where it is not his or does not live.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn end_one_of(
        &self,
        user: UserId,
        session: SessionId,
        actor: Actor,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let mut tx = self.0.store.begin().await?;
        let ended = self.end_in(tx.as_mut(), session, EndReason::SignedOutElsewhere, actor, origin).await?;
        match ended {
            None => Ok(false),
            Some(ended) if ended.user == user => {
                tx.commit().await?;
                Ok(true)
            }
            Some(_) => {
                // Another's session: without a commit, nothing has happened to it. That it was tried is on record.
                drop(tx);
                let mut tx = self.0.store.begin().await?;
                let record = Record::new(Event::AccessDenied, actor, origin, tx.now(), &self.0.env);
                tx.audit(record.of(user).refused("not_the_owner").with("session", session.to_string()));
                tx.commit().await?;
                Ok(false)
            }
        }
    }

    /// Ends every session of a person, with an audit record; how many there were.
    ///
    /// # Errors
    /// [`Error::Store`]; nothing has changed then.
    pub async fn end_all(&self, user: UserId, reason: EndReason, actor: Actor, origin: &Origin) -> Result<u64, Error> {
        let mut tx = self.0.store.begin().await?;
        let ended = self.end_all_in(tx.as_mut(), user, None, reason).await?;
        let record = Record::new(Event::SignedOutEverywhere, actor, origin, tx.now(), &self.0.env);
        tx.audit(record.of(user).because(reason.as_str()).with("sessions", ended.to_string()));
        tx.commit().await?;
        Ok(ended)
    }

    /// Ends every session of a person save `except`, in the caller's transaction; how many there were. Raises `ver` and
    /// revokes all tokens below it: those of the ended sessions are revoked, those of `except` superseded. A sign-in after
    /// this, even in the same second, is untouched. The audit record is the caller's. Call it before the person is deleted.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn end_all_in(
        &self,
        tx: &mut dyn Tx,
        user: UserId,
        except: Option<SessionId>,
        reason: EndReason,
    ) -> Result<u64, Error> {
        let Some(below) = tx.raise_user_ver(user).await? else { return Ok(0) };
        let ended = tx.end_sessions_of(user, except, Ended { at: tx.now(), reason }).await?;
        self.revoke_in(tx, Target::Person { user, below, except }, Effect::Ended, reason.as_str()).await?;
        Ok(ended)
    }

    /// Supersedes the tokens of people whose rights have changed: pairs of a person and the new `ver` that the change
    /// raised. Their sessions live on and bring the new rights at the next refresh. The audit record is the caller's.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn supersede_in(&self, tx: &mut dyn Tx, raised: &[(UserId, u64)], reason: &str) -> Result<(), Error> {
        if raised.is_empty() {
            return Ok(());
        }
        let until = self.last_token_dies(tx).await?;
        for &(user, below) in raised {
            let target = Target::Person { user, below, except: None };
            tx.revoke(NewRevocation {
                target,
                effect: Effect::Superseded,
                at: tx.now(),
                until,
                reason: reason.to_owned(),
            });
        }
        Ok(())
    }

    /// Puts a revocation down, kept until the last token that it means has died.
    pub(crate) async fn revoke_in(
        &self,
        tx: &mut dyn Tx,
        target: Target,
        effect: Effect,
        reason: &str,
    ) -> Result<(), Error> {
        let until = self.last_token_dies(tx).await?;
        tx.revoke(NewRevocation { target, effect, at: tx.now(), until, reason: reason.to_owned() });
        Ok(())
    }

    /// Until when a revocation made in this transaction is kept.
    pub(crate) async fn last_token_dies(&self, tx: &mut dyn Tx) -> Result<Timestamp, Error> {
        let now = tx.now();
        Ok(last_token_dies(tx, now, self.0.policy.access).await?)
    }
}

/// The record with a word of whoever acted, if there is one.
pub(crate) fn noted(record: Record, note: Option<&str>) -> Record {
    match note {
        Some(note) => record.with("note", note),
        None => record,
    }
}
