//! Exchanges a refresh token.
//!
//! The order on the path: MAC, per-session limit, judge, the one conditional write, and only then the access token, with the
//! claims that the write read. Promises: of any number of racing calls each generation is made once, and all who get a
//! refresh token get the same bytes; a lost race is judged again, eight times at most; what is decided later than ten
//! seconds after it came is answered [`RotateVerdict::Busy`] with nothing written, theft above all; a person who was
//! disabled is answered as if the session had ended. Where a request comes from is asked between judging and writing (`moved.rs`):
//! as long as nothing is new it costs no statement. A session that this process wrote last is not read first (`recall.rs`); what is
//! written down is settled apart (`settle.rs`). Follows DESIGN section 1.

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Lifetime, Origin, SessionId, Timestamp};
use countersign_limit::{Reading, Refused, Taken};
use countersign_store::{Delivery, RefreshRow, RefreshWrite, Session};

use tracing::Instrument as _;
use tracing::field::Empty;

use crate::attempt::AttemptIds;
use crate::bind::OnChange;
use crate::error::Error;
use crate::issue::{Extent, Issued};
use crate::judge::{Answer, Moment, Presented, RefreshCase, judge};
use crate::sessions::Sessions;

/// What became of a presented refresh token.
#[derive(Debug)]
pub struct Rotated {
    /// The row of the table that decided: `X-Refresh-Case`. None where the request was not judged.
    pub case: Option<RefreshCase>,
    /// The session of the token, if its MAC is good.
    pub session: Option<SessionId>,
    /// The per-session limit, for `RateLimit` headers.
    pub readings: Vec<Reading>,
    /// What is answered.
    pub verdict: RotateVerdict,
}

/// What is answered to a refresh. No answer clears the cookie.
#[derive(Debug)]
pub enum RotateVerdict {
    /// Access token and refresh token.
    Full(Box<Issued>),
    /// Access token alone: keep what you have.
    Thin(Box<Issued>),
    /// `TOKEN_INVALID`.
    Invalid,
    /// `TOKEN_REVOKED`.
    Revoked,
    /// `TOKEN_EXPIRED`.
    Expired,
    /// `TOKEN_REUSED`: the session has been ended.
    Reused,
    /// `RATE_LIMITED`; nobody is signed out by it.
    Limited(Refused),
    /// 503: nothing was written, or it could not be said in time. Trying again helps.
    Busy,
}

impl Sessions {
    /// Exchanges the refresh token `presented`, which came by `delivery`, with the attempt ids of the request.
    ///
    /// # Errors
    /// [`Error::Store`] if the database fails, and nothing has changed then; [`Error::Claim`] or [`Error::Signing`] after the
    /// write: the same request gets its answer when it comes again.
    pub async fn rotate(
        &self,
        presented: &str,
        delivery: Delivery,
        ids: AttemptIds,
        origin: &Origin,
    ) -> Result<Rotated, Error> {
        let span = tracing::trace_span!(target: "countersign::span", "rotate", refresh.case = Empty);
        let rotated = self.exchange(presented, delivery, ids, origin).instrument(span.clone()).await?;
        if let Some(case) = rotated.case {
            span.record("refresh.case", case.as_str());
        }
        self.note_refresh(&rotated);
        Ok(rotated)
    }

    async fn exchange(
        &self,
        presented: &str,
        delivery: Delivery,
        ids: AttemptIds,
        origin: &Origin,
    ) -> Result<Rotated, Error> {
        let arrived = self.now();
        let Some(token) = self.open_refresh(presented, delivery) else {
            let (case, verdict) = (Some(RefreshCase::Invalid), RotateVerdict::Invalid);
            return Ok(Rotated { case, session: None, readings: Vec::new(), verdict });
        };
        let session = Some(token.session);
        let readings = match self.count_refresh(token.session, arrived).await {
            Taken::Allowed { readings, .. } => readings,
            Taken::Refused(refused) => {
                self.note_limit(token.session, &refused, origin).await?;
                let readings = refused.readings.clone();
                return Ok(Rotated { case: None, session, readings, verdict: RotateVerdict::Limited(refused) });
            }
        };
        let hash = |id| self.0.attempts.hash(token.session, &id);
        let presented = Presented {
            generation: token.generation,
            attempt: ids.attempt.map(hash),
            last_attempt: ids.last.map(hash),
            proof: None,
        };
        let request = Request { session: token.session, presented, arrived, origin };
        for _ in 0..TRIES {
            match self.try_once(&request).await? {
                Attempt::Decided(case, verdict) => return Ok(Rotated { case: Some(case), session, readings, verdict }),
                Attempt::LostRace => {}
                Attempt::TooLate => break,
            }
        }
        Ok(Rotated { case: None, session, readings, verdict: RotateVerdict::Busy })
    }

    async fn try_once(&self, request: &Request<'_>) -> Result<Attempt, Error> {
        let recalled = self.0.recalls.take(request.session);
        let is_recalled = recalled.is_some();
        let found = match recalled {
            Some(found) => Some(found),
            None => self.0.store.find_session_and_user(request.session).await?,
        };
        let Some((session, user)) = found else {
            return Ok(Attempt::Decided(RefreshCase::Unknown, RotateVerdict::Invalid));
        };
        if !user.is_active() {
            return Ok(Attempt::Decided(RefreshCase::Ended, RotateVerdict::Revoked));
        }
        let now = self.now();
        if request.is_late(now) {
            return Ok(Attempt::TooLate);
        }
        let policy = &self.0.policy;
        let settled = now.since(self.0.started_at) >= policy.window;
        let judged = judge(&session.row, &request.presented, Moment { now, settled }, &policy.judge());
        // What is remembered is enough for a rotation, whose write finds out whether it is still so; and for nothing else.
        if is_recalled && judged.case != RefreshCase::Rotated {
            return Ok(Attempt::LostRace);
        }
        let extent = match judged.answer {
            Answer::Invalid => return Ok(Attempt::Decided(judged.case, RotateVerdict::Invalid)),
            Answer::Revoked => return Ok(Attempt::Decided(judged.case, RotateVerdict::Revoked)),
            Answer::Expired => {
                // Whoever else wrote the row meanwhile saw it expired, too.
                if let Some(row) = judged.write {
                    self.0.store.write_refresh_and_find_user(&request.write(&session, row)).await?;
                }
                return Ok(Attempt::Decided(judged.case, RotateVerdict::Expired));
            }
            Answer::Reused => return self.settle_theft(request, session, judged).await,
            Answer::Full => Extent::Full,
            Answer::Thin => Extent::Thin,
        };
        let case = judged.case;
        let bound = self.bound(&session, request.origin);
        if bound.verdict == OnChange::End {
            return self.settle_moved(request, &session, &bound).await;
        }
        let write = judged.write.map(|row| request.write(&session, row));
        let user = if case.is_audited() || bound.is_news() {
            self.write_audited(request, &session, write.as_ref(), case, &bound).await?
        } else if let Some(write) = &write {
            self.0.store.write_refresh_and_find_user(write).await?
        } else {
            Some(user)
        };
        let written = user.map(|user| (after(session, write), user));
        let Some((session, user)) = written else { return Ok(Attempt::LostRace) };
        if case == RefreshCase::Rotated && !bound.is_news() && user.is_active() {
            // Twice the time after which an ordinary client refreshes.
            self.0.recalls.keep(&session, &user, now + policy.access + policy.access);
        }
        let session = Session { auth_time: bound.auth_time(&session), ..session };
        // Whatever has to be waited for comes before the last look.
        let unsigned = self.unsigned(&session, &user).await?;
        // Between the read and the write the person may have been disabled. And since the write the session may have ended:
        // what is signed for it now is refused by all, and a cookie must not come after the sign-out that cleared it.
        if !user.is_active() || self.0.live.has_ended(user.id, session.id, user.ver, self.now()) {
            return Ok(Attempt::Decided(RefreshCase::Ended, RotateVerdict::Revoked));
        }
        // A revocation outlives every token that was signed within a good two minutes of it, and no longer.
        if self.now().since(request.arrived) > SIGNED_WITHIN {
            return Ok(Attempt::TooLate);
        }
        let access = unsigned.sign()?;
        let issued = Box::new(self.answer(session, access, extent));
        let verdict = if extent == Extent::Full { RotateVerdict::Full(issued) } else { RotateVerdict::Thin(issued) };
        Ok(Attempt::Decided(case, verdict))
    }

    async fn count_refresh(&self, session: SessionId, now: Timestamp) -> Taken {
        let limiter = &self.0.limiter;
        limiter.take(&[(self.0.policy.refresh_limit, limiter.key(&[b"refresh", &session.to_bytes()]))], now).await
    }

    /// Once per session and window.
    async fn note_limit(&self, session: SessionId, refused: &Refused, origin: &Origin) -> Result<(), Error> {
        if refused.first_in_window {
            let mut tx = self.0.store.begin().await?;
            let owner = tx.find_session(session).await?.map(|session| session.user);
            let record = Record::new(Event::LimitReached, Actor::Anonymous, origin, tx.now(), &self.0.env);
            let record = record.in_session(session).refused(refused.name);
            tx.audit(owner.map_or_else(|| record.clone(), |owner| record.clone().of(owner)));
            tx.commit().await?;
        }
        Ok(())
    }
}

/// One request on its way through the table.
pub(crate) struct Request<'a> {
    session: SessionId,
    pub(crate) presented: Presented,
    arrived: Timestamp,
    pub(crate) origin: &'a Origin,
}

impl Request<'_> {
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        now.since(self.arrived) > JUDGED_WITHIN
    }

    pub(crate) fn write(&self, session: &Session, row: RefreshRow) -> RefreshWrite {
        RefreshWrite {
            id: session.id,
            judged: session.row.state(),
            last_seen_at: row.seen_at,
            row,
            address: self.origin.address.map(|address| address.to_string()),
        }
    }
}

pub(crate) enum Attempt {
    Decided(RefreshCase, RotateVerdict),
    /// Somebody else wrote the row first, or what was remembered of it is not enough to decide: it is read and judged again.
    LostRace,
    TooLate,
}

fn after(session: Session, write: Option<RefreshWrite>) -> Session {
    let Some(write) = write else { return session };
    let RefreshWrite { row, last_seen_at, address, .. } = write;
    Session { row, last_seen_at, address: address.or(session.address), ..session }
}

/// How often a lost race is judged again.
const TRIES: usize = 8;
/// A request is judged within this long or not at all.
const JUDGED_WITHIN: Lifetime = Lifetime::from_seconds(10);
/// An access token is signed within this long or not at all. Well below the 150 s that a revocation outlives its tokens.
const SIGNED_WITHIN: Lifetime = Lifetime::from_seconds(60);
