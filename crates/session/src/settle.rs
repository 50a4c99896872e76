//! Settles a refresh of which a record is kept: theft, a recovery, a proof, a new place.
//!
//! Promises: the row and its record are written in one commit, which is on disk before the answer; theft ends the session and revokes
//! its access tokens in the same one.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::Timestamp;
use countersign_store::{Effect, NewRevocation, RefreshWrite, Session, Target, User};

use crate::bind::Bound;
use crate::error::Error;
use crate::judge::{Judged, RefreshCase};
use crate::rotate::{Attempt, Request, RotateVerdict};
use crate::sessions::Sessions;

impl Sessions {
    /// Row 9: ends the session, revokes its access tokens and writes it down, all in one commit that is on disk before the
    /// answer.
    pub(crate) async fn settle_theft(
        &self,
        request: &Request<'_>,
        session: Session,
        judged: Judged,
    ) -> Result<Attempt, Error> {
        let Some(row) = judged.write else { return Ok(Attempt::LostRace) };
        let ended = row.ended;
        let mut tx = self.0.store.begin().await?;
        // Waiting for the writer may have taken long.
        if request.is_late(tx.now()) {
            return Ok(Attempt::TooLate);
        }
        if !tx.write_refresh(&request.write(&session, row)).await? {
            return Ok(Attempt::LostRace);
        }
        let at = ended.map_or(tx.now(), |ended| ended.at);
        let until = self.last_token_dies(tx.as_mut()).await?;
        tx.revoke(NewRevocation {
            target: Target::Session(session.id),
            effect: Effect::Ended,
            at,
            until,
            reason: THEFT.to_owned(),
        });
        tx.audit(self.record_case(Event::RefreshReused, request, &session, judged.case, tx.now()).refused(THEFT));
        tx.commit().await?;
        tracing::warn!(session.id = %session.id, user.id = %session.user, "spent refresh token came back: session ended");
        Ok(Attempt::Decided(judged.case, RotateVerdict::Reused))
    }

    /// Writes the row, what is new of where it is used, and a record of each, in one commit.
    pub(crate) async fn write_audited(
        &self,
        request: &Request<'_>,
        session: &Session,
        write: Option<&RefreshWrite>,
        case: RefreshCase,
        bound: &Bound,
    ) -> Result<Option<User>, Error> {
        let mut tx = self.0.store.begin().await?;
        let mut version = session.row.version;
        if let Some(write) = write {
            if !tx.write_refresh(write).await? {
                return Ok(None);
            }
            version = write.row.version;
        }
        if !self.notice_in(tx.as_mut(), request, session, version, bound).await? {
            return Ok(None);
        }
        let user = tx.find_user(session.user).await?;
        if case.is_audited() {
            let event = if case == RefreshCase::Proven { Event::RefreshProven } else { Event::SessionRecovered };
            tx.audit(self.record_case(event, request, session, case, tx.now()));
        }
        tx.commit().await?;
        Ok(user)
    }

    fn record_case(
        &self,
        event: Event,
        request: &Request<'_>,
        session: &Session,
        case: RefreshCase,
        now: Timestamp,
    ) -> Record {
        Record::new(event, Actor::Anonymous, request.origin, now, &self.0.env)
            .of(session.user)
            .in_session(session.id)
            .with("refresh_case", case.as_str())
            .with("presented_generation", request.presented.generation.to_string())
            .with("live_generation", session.row.generation.to_string())
    }
}

const THEFT: &str = "theft";
