//! Revokes what an operator names: a token, a session, a person's sessions, a signing key.
//!
//! Promises: one verb for the command line and for the administrators' API; what was revoked, its revocation and its record, with
//! the operator's own words, are one commit; nothing that it names is accepted from the return on. What is not there, or has
//! ended already, is a verdict, and changes nothing.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Origin, SessionId, TokenId, UserId};
use countersign_keys::Withdrawn;
use countersign_store::{Effect, EndReason, Page, PageRequest, Revocation, Target};

use crate::error::Error;
use crate::revoke::noted;
use crate::sessions::Sessions;

/// What is to be revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// One access token, by `jti`, whatever its session. Nobody knows which tokens there are: any id is taken.
    Token(TokenId),
    /// A session, by `sid`: its refresh token and its access tokens.
    Session(SessionId),
    /// Every session of a person, by `sub`.
    Person(UserId),
    /// A signing key, by `kid`: it never signs again, and what it has signed is superseded. Nobody is signed out.
    Key(String),
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevokeVerdict {
    /// Revoked; so many sessions have ended by it.
    Revoked(u64),
    /// It was revoked before; nothing has changed.
    Unchanged,
    /// There is none of that name, or no session that lives.
    NotFound,
    /// Somebody else changed it at the same moment; nothing was done.
    Beaten,
}

impl Sessions {
    /// Revokes what is named. `note` is the operator's own words, for the record alone: at most 256 bytes of it are kept, and what
    /// looks like a secret or an address is taken out.
    ///
    /// # Errors
    /// [`Error::Store`] or [`Error::Keys`]; nothing has changed then, save with [`countersign_keys::Error::Unread`].
    pub async fn revoke(
        &self,
        named: &Named,
        note: Option<&str>,
        actor: Actor,
        origin: &Origin,
    ) -> Result<RevokeVerdict, Error> {
        match named {
            Named::Token(token) => self.revoke_token(*token, note, actor, origin).await,
            Named::Session(session) => {
                let mut tx = self.0.store.begin().await?;
                let by = (actor, origin);
                let ended = self.end_noted_in(tx.as_mut(), *session, EndReason::Operator, by, note).await?;
                if ended.is_none() {
                    return Ok(RevokeVerdict::NotFound);
                }
                tx.commit().await?;
                Ok(RevokeVerdict::Revoked(1))
            }
            Named::Person(user) => self.revoke_person(*user, note, actor, origin).await,
            Named::Key(kid) => Ok(match self.0.keyring.withdraw(kid, note, actor, origin).await? {
                Withdrawn::Done { .. } => RevokeVerdict::Revoked(0),
                Withdrawn::Already => RevokeVerdict::Unchanged,
                Withdrawn::Unknown => RevokeVerdict::NotFound,
                Withdrawn::Beaten => RevokeVerdict::Beaten,
            }),
        }
    }

    /// The revocations that are kept, newest first: those whose tokens may not all have died.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn list_revocations(&self, page: &PageRequest) -> Result<Page<Revocation>, Error> {
        Ok(self.0.store.snapshot().await?.list_newest_revocations(page).await?)
    }

    async fn revoke_token(
        &self,
        token: TokenId,
        note: Option<&str>,
        actor: Actor,
        origin: &Origin,
    ) -> Result<RevokeVerdict, Error> {
        let mut tx = self.0.store.begin().await?;
        self.revoke_in(tx.as_mut(), Target::Token(token), Effect::Ended, "revoked").await?;
        let record = Record::new(Event::TokenRevoked, actor, origin, tx.now(), &self.0.env);
        tx.audit(noted(record.with("token", token.to_string()), note));
        tx.commit().await?;
        Ok(RevokeVerdict::Revoked(0))
    }

    async fn revoke_person(
        &self,
        user: UserId,
        note: Option<&str>,
        actor: Actor,
        origin: &Origin,
    ) -> Result<RevokeVerdict, Error> {
        let mut tx = self.0.store.begin().await?;
        if tx.find_user(user).await?.is_none() {
            return Ok(RevokeVerdict::NotFound);
        }
        let reason = EndReason::Operator;
        let ended = self.end_all_in(tx.as_mut(), user, None, reason).await?;
        let record = Record::new(Event::SignedOutEverywhere, actor, origin, tx.now(), &self.0.env);
        let record = record.of(user).because(reason.as_str()).with("sessions", ended.to_string());
        tx.audit(noted(record, note));
        tx.commit().await?;
        Ok(RevokeVerdict::Revoked(ended))
    }
}
