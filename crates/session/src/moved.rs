//! Settles a refresh that came from elsewhere than its session began (DESIGN section 6).
//!
//! Promises: what is new is written together with its audit record and with the judged row, in one commit, so that of racing
//! requests from one new place one writes a record; an ending is conditional on the judged version, revokes the access tokens
//! and is written down in the same commit, which is on disk before the answer, as with theft.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Origin, Timestamp};
use countersign_store::{Effect, EndReason, Ended, NewRevocation, RefreshRow, Session, Target, Tx};

use crate::bind::{Bound, bind};
use crate::error::Error;
use crate::judge::RefreshCase;
use crate::rotate::{Attempt, Request, RotateVerdict};
use crate::sessions::Sessions;

impl Sessions {
    /// Judges where a refresh comes from.
    pub(crate) fn bound(&self, session: &Session, origin: &Origin) -> Bound {
        bind(session, origin, &self.0.policy.bind, self.table().map(|table| &**table))
    }

    /// Since when the person counts as authenticated in this session, for a request from `origin`: the beginning of time, where
    /// the policy wants a proof there and there was none. Access tokens carry it as `auth_time`; pages that go by the session
    /// itself ask here.
    #[must_use]
    pub fn auth_time(&self, session: &Session, origin: &Origin) -> Timestamp {
        self.bound(session, origin).auth_time(session)
    }

    /// Writes what is new of a session whose row has `version`, with its record; `false` where the row has moved on.
    pub(crate) async fn notice_in(
        &self,
        tx: &mut dyn Tx,
        request: &Request<'_>,
        session: &Session,
        version: u64,
        bound: &Bound,
    ) -> Result<bool, Error> {
        let Some(noticed) = &bound.noticed else { return Ok(true) };
        if !tx.write_noticed(session.id, version, noticed).await? {
            return Ok(false);
        }
        let what = bound.changes.iter().map(|change| change.what).collect::<Vec<_>>().join("_and_");
        let record = self.record_moved(Event::SessionMoved, request, session, bound, tx.now());
        tx.audit(record.because(&what).with("policy", bound.verdict.as_str()));
        Ok(true)
    }

    /// The policy ends the session.
    pub(crate) async fn settle_moved(
        &self,
        request: &Request<'_>,
        session: &Session,
        bound: &Bound,
    ) -> Result<Attempt, Error> {
        let mut tx = self.0.store.begin().await?;
        // Waiting for the writer may have taken long.
        if request.is_late(tx.now()) {
            return Ok(Attempt::TooLate);
        }
        let reason = EndReason::Binding;
        let now = tx.now().max(session.row.seen_at);
        let row = RefreshRow {
            ended: Some(Ended { at: now, reason }),
            seen_at: now,
            version: session.row.version.saturating_add(1),
            ..session.row.clone()
        };
        if !tx.write_refresh(&request.write(session, row)).await? {
            return Ok(Attempt::LostRace);
        }
        let until = self.last_token_dies(tx.as_mut()).await?;
        tx.revoke(NewRevocation {
            target: Target::Session(session.id),
            effect: Effect::Ended,
            at: now,
            until,
            reason: reason.as_str().to_owned(),
        });
        tx.audit(self.record_moved(Event::SessionEnded, request, session, bound, now).because(reason.as_str()));
        tx.commit().await?;
        tracing::info!(session.id = %session.id, user.id = %session.user, "session used from elsewhere: ended by policy");
        Ok(Attempt::Decided(RefreshCase::Ended, RotateVerdict::Revoked))
    }

    fn record_moved(
        &self,
        event: Event,
        request: &Request<'_>,
        session: &Session,
        bound: &Bound,
        now: Timestamp,
    ) -> Record {
        let record = Record::new(event, Actor::Anonymous, request.origin, now, &self.0.env);
        bound.changes.iter().fold(record.of(session.user).in_session(session.id), |record, change| {
            record.with(&format!("{}_from", change.what), &change.from).with(&format!("{}_to", change.what), &change.to)
        })
    }
}
