//! Opens a session.
//!
//! Promises: a new id at every sign-in, whatever the browser brought; generation 0; an absolute deadline that no refresh
//! moves. Writes one row in the caller's transaction, where the sign-in itself is judged and audited.

use countersign_kernel::{DeviceId, Origin, SessionId, Timestamp};
use countersign_store::{Delivery, RefreshRow, Session, Tx, User};

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
    /// How the person was authenticated (RFC 8176 names).
    pub amr: Vec<String>,
    /// The device it begins on.
    pub device: Option<DeviceId>,
    /// Where the sign-in came from.
    pub origin: Origin,
    /// When the person was authenticated.
    pub auth_time: Timestamp,
}

impl Sessions {
    /// Opens a session for `user` in the caller's transaction; the audit record is the caller's. What is handed out for it
    /// is made by [`Sessions::issue`], after the commit.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn open(&self, tx: &mut dyn Tx, user: &User, new: NewSession) -> Result<Session, Error> {
        let now = tx.now();
        let absolute_deadline = now + self.0.policy.absolute;
        let mut amr = new.amr;
        amr.sort_unstable();
        amr.dedup();
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
            user_agent: new.origin.user_agent,
            address: new.origin.address.map(|address| address.to_string()),
            created_at: now,
            last_seen_at: now,
        };
        tx.insert_session(&session).await?;
        Ok(session)
    }
}
