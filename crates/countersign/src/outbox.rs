//! Delivers what waits in the outbox.
//!
//! Promises: a mail that was committed is delivered at least once, and no more than once as long as nobody dies between handing it
//! over and writing that down; a copy that comes of that has the same `Message-ID`. What cannot be delivered is tried again, ever
//! later, until it is of no use to anybody or ten tries were in vain; then it is given up, which is logged and audited. Nothing
//! that a mail says is ever in a log.

use std::sync::Arc;
use std::time::Duration;

use countersign_audit::{Actor, Event, Record};
use countersign_kernel::{Lifetime, Origin, RequestId, Timestamp};
use countersign_mail::Message;
use countersign_store::{ClaimedMail, MailOutcome, MailQueue, Store as _};

use crate::engine::Engine;
use crate::error::Error;
use crate::mail_room::MailReading;

/// What became of one try.
enum Tried {
    Settled(MailOutcome, Option<&'static str>),
    Later(String),
}

impl Engine {
    /// Delivers what is due. Several times a second; cheap where nothing waits.
    pub(crate) async fn deliver(self: &Arc<Self>) -> Result<(), Error> {
        if self.mail.is_none() || self.waiting_mail(1).await?.waiting == 0 {
            return Ok(());
        }
        loop {
            let mut tx = self.store.begin().await?;
            let now = tx.now();
            let claimed = tx.claim_mail(now, now + LEASE, BATCH).await?;
            if claimed.is_empty() {
                return Ok(());
            }
            tx.commit().await?;
            // Side by side: a server that does not answer holds up nobody else's mail.
            let tries = claimed.into_iter().map(|mail| tokio::spawn(Arc::clone(self).deliver_one(mail)));
            let tries: Vec<_> = tries.collect();
            for tried in tries {
                // One that panics keeps its claim and is tried again when that has run out.
                if let Ok(written) = tried.await {
                    written?;
                }
            }
        }
    }

    async fn deliver_one(self: Arc<Self>, mail: ClaimedMail) -> Result<(), Error> {
        let tried = self.hand_over(&mail).await;
        let mut tx = self.store.begin().await?;
        let now = tx.now();
        let tried = match tried {
            Tried::Later(reason) => match later(&mail, now) {
                Some(until) => {
                    tx.postpone_mail(mail.id, mail.attempt, until).await?;
                    tx.commit().await?;
                    tracing::info!(mail.id = %mail.id, mail.kind, attempt = mail.attempt, reason, "mail {} waits: {reason}", mail.id);
                    return Ok(());
                }
                None => Tried::Settled(MailOutcome::GivenUp, Some("unreachable")),
            },
            settled @ Tried::Settled(..) => settled,
        };
        let Tried::Settled(outcome, reason) = tried else { return Ok(()) };
        if !tx.settle_mail(mail.id, mail.attempt, outcome, now).await? {
            // Another process has taken it over, or its person is gone.
            return Ok(());
        }
        if let Some(reason) = reason {
            let origin = Origin::local(RequestId::new(&self.env));
            let record = Record::new(Event::MailUndelivered, Actor::System, &origin, now, &self.env).refused(reason);
            let record = record.with("kind", &mail.kind).with("mail", mail.id.to_string());
            tx.audit(match mail.user {
                Some(user) => record.of(user),
                None => record,
            });
        }
        tx.commit().await?;
        self.count_mail(&mail, outcome, reason);
        Ok(())
    }

    async fn hand_over(&self, mail: &ClaimedMail) -> Tried {
        let Some(room) = &self.mail else { return Tried::Later("no mail is sent any more".to_owned()) };
        if mail.recipient.is_empty() {
            return Tried::Settled(MailOutcome::Dropped, None);
        }
        if mail.expires_at <= self.store.now() {
            return Tried::Settled(MailOutcome::GivenUp, Some("expired"));
        }
        let (kind, facts) = match self.accounts.open_mail(mail) {
            Ok(Some(opened)) => opened,
            // Of a newer version, which will come for it.
            Ok(None) => return Tried::Later("this version knows no such mail".to_owned()),
            Err(_) => return Tried::Settled(MailOutcome::GivenUp, Some("unreadable")),
        };
        let written = room.templates.render(kind, &facts, mail.languages);
        let written =
            written.and_then(|text| Message::new(mail.id, &room.from, &mail.recipient, mail.created_at, text));
        let message = match written {
            Ok(message) => message,
            Err(error) => {
                tracing::error!(mail.id = %mail.id, mail.kind, %error, "could not write mail {}", mail.id);
                return Tried::Settled(MailOutcome::GivenUp, Some("unwritable"));
            }
        };
        match tokio::time::timeout(PATIENCE, room.transport.send(&message)).await {
            Ok(Ok(())) => Tried::Settled(MailOutcome::Sent, None),
            Ok(Err(refused)) if refused.is_final => Tried::Settled(MailOutcome::GivenUp, Some("refused")),
            Ok(Err(failed)) => Tried::Later(failed.reason),
            Err(_) => Tried::Later("nobody answered in time".to_owned()),
        }
    }

    fn count_mail(&self, mail: &ClaimedMail, outcome: MailOutcome, reason: Option<&str>) {
        let Some(room) = &self.mail else { return };
        match outcome {
            MailOutcome::Sent => room.sent.one(),
            MailOutcome::GivenUp => {
                room.given_up.one();
                let reason = reason.unwrap_or_default();
                tracing::warn!(
                    mail.id = %mail.id,
                    mail.kind,
                    attempt = mail.attempt,
                    reason,
                    "mail {} is given up after {} tries: {reason}",
                    mail.id,
                    mail.attempt
                );
            }
            MailOutcome::Dropped => {}
        }
    }

    async fn waiting_mail(&self, most: u32) -> Result<MailQueue, Error> {
        Ok(self.store.snapshot().await?.mail_queue(most).await?)
    }

    /// What delivery says of itself; none where no mail is sent or the database does not answer.
    pub(crate) async fn mail_reading(&self) -> Option<MailReading> {
        let room = self.mail.as_ref()?;
        let queue = self.waiting_mail(MOST_COUNTED).await.ok()?;
        let age = queue.oldest.map_or(Lifetime::ZERO, |oldest| self.store.now().since(oldest));
        Some(MailReading { waiting: queue.waiting, age, sent: room.sent.count(), given_up: room.given_up.count() })
    }
}

/// When a mail is tried again; none where that is of no use.
fn later(mail: &ClaimedMail, now: Timestamp) -> Option<Timestamp> {
    let tries = usize::try_from(mail.attempt).unwrap_or(usize::MAX);
    let wait = tries.checked_sub(1).and_then(|done| WAITS.get(done))?;
    let until = now + Lifetime::from_seconds(*wait);
    (until < mail.expires_at).then_some(until)
}

/// How long to wait after the first try, the second, and so on, in seconds. After the last one nobody tries again.
const WAITS: [i64; 9] = [5, 30, 120, 300, 900, 3_600, 10_800, 21_600, 43_200];

/// How many mails are claimed at once.
const BATCH: u32 = 8;
/// For how long a mail is claimed: longer than handing it over can take.
const LEASE: Lifetime = Lifetime::from_minutes(2);
/// How long handing over one mail may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// Beyond this many waiting mails nobody counts.
const MOST_COUNTED: u32 = 10_000;
