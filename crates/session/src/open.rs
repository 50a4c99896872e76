//! Opens a session.
//!
//! Promises: a new id at every sign-in, whatever the browser brought; generation 0; an absolute deadline that no refresh
//! moves; in the same commit the person's sessions beyond the bound end, those unused the longest first and never the new one, each
//! with its revocation and its record, so that however many sign-ins race, no more live than the bound allows. Writes one row
//! in the caller's transaction, where the sign-in itself is judged and audited.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{DeviceId, Origin, SessionId, Timestamp};
use countersign_store::{Delivery, Effect, EndReason, Ended, NewRevocation, RefreshRow, Session, Target, Tx, User};

use crate::amr;
use crate::error::Error;
use crate::judge::mac_period;
use crate::sessions::Sessions;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// How its refresh token travels, for life.
    pub delivery: Delivery,
    /// Whether its cookies outlive the browser.
    pub remember: bool,
    /// How the person was authenticated (RFC 8176 names). `mfa` is added where it is true.
    pub amr: Vec<String>,
    /// The device it begins on.
    pub device: Option<DeviceId>,
    /// Where the sign-in came from.
    pub origin: Origin,
    /// When the person was authenticated.
    pub auth_time: Timestamp,
}

impl Sessions {
    /// Opens a session for `user` in the caller's transaction; the audit record is the caller's. What is handed out for it is made by
    /// [`Sessions::issue`], after the commit. The caller has locked the person's row, or has just made it: of racing sign-ins each
    /// then counts the sessions of those before it.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn open(&self, tx: &mut dyn Tx, user: &User, new: NewSession) -> Result<Session, Error> {
        let now = tx.now();
        let absolute_deadline = now + self.0.policy.absolute;
        let mut amr = new.amr;
        amr::complete(&mut amr);
        let address = new.origin.address.map(|address| address.to_string());
        let session = Session {
            id: SessionId::new(&self.0.env),
            user: user.id,
            delivery: new.delivery,
            remember: new.remember,
            row: RefreshRow::opened(
                now,
                mac_period(now),
                (now + self.0.policy.idle).min(absolute_deadline),
                absolute_deadline,
            ),
            amr,
            auth_time: new.auth_time,
            device: new.device,
            user_agent: new.origin.user_agent.clone(),
            first_address: address.clone(),
            address,
            noticed: Vec::new(),
            created_at: now,
            last_seen_at: now,
        };
        // In this order: before the first write SQLite tells cheaply that there is room, as there nearly always is.
        self.end_beyond(tx, &session, &new.origin).await?;
        tx.insert_session(&session).await?;
        Ok(session)
    }

    /// Ends what makes room for `new`.
    async fn end_beyond(&self, tx: &mut dyn Tx, new: &Session, origin: &Origin) -> Result<(), Error> {
        let ended = Ended { at: tx.now(), reason: EndReason::TooMany };
        let others = self.0.policy.max_per_user.saturating_sub(1);
        let beyond = tx.end_idlest_sessions(new.user, new.id, others, ended).await?;
        if beyond.is_empty() {
            return Ok(());
        }
        let until = self.last_token_dies(tx).await?;
        let reason = ended.reason.as_str();
        for session in beyond {
            let target = Target::Session(session);
            tx.revoke(NewRevocation { target, effect: Effect::Ended, at: ended.at, until, reason: reason.to_owned() });
            let record = Record::new(Event::SessionEnded, Actor::System, origin, ended.at, &self.0.env);
            let record = record.of(new.user).in_session(session).because(reason);
            tx.audit(record.with("made_room_for", new.id.to_string()));
        }
        Ok(())
    }
}
