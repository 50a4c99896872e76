//! Keeps mail until it is sent.

use async_trait::async_trait;
use countersign_audit::Record;
use countersign_kernel::{Languages, Lifetime, MailId, Timestamp, UserId};
use countersign_store::outbox::MOST_NOTICES;
use countersign_store::{ClaimedMail, Error, MailOutcome, MailQueue, NewMail, Outbox, Recipient};
use uuid::Uuid;

use crate::engine::{change, change_many, change_or, find, take_all};
use crate::error::lost_reference;
use crate::row::{Place, micros, moment, row};
use crate::tx::SqlTx;

const INSERT: &str = "INSERT INTO outbox (id, kind, user_id, recipient, languages, sealed, created_at, expires_at, next_at, attempts) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $7, 0)";
/// The address is the one of this moment, read in the statement that writes the mail; too many mails write none.
const INSERT_FOR_PERSON: &str = "INSERT INTO outbox (id, kind, user_id, recipient, languages, sealed, created_at, expires_at, next_at, \
     attempts) SELECT $1, $2, users.id, users.email, COALESCE(users.languages, ''), $4, $5, $6, $5, 0 FROM users WHERE users.id = $3 \
     AND (SELECT COUNT(*) FROM outbox WHERE outbox.user_id = $3 AND outbox.created_at > $7) < $8";
/// The conditions stand outside the inner query too: of two that have chosen the same rows the second finds them moved.
const CLAIM: &str = "UPDATE outbox SET next_at = $2, attempts = attempts + 1 WHERE settled_at IS NULL AND next_at <= $1 AND id IN \
     (SELECT id FROM outbox WHERE settled_at IS NULL AND next_at <= $1 ORDER BY next_at LIMIT $3) \
     RETURNING id, kind, user_id, recipient, languages, sealed, created_at, expires_at, attempts";
const SETTLE: &str = "UPDATE outbox SET settled_at = $4, outcome = $3, recipient = '', sealed = $5 \
     WHERE id = $1 AND attempts = $2 AND settled_at IS NULL";
const POSTPONE: &str = "UPDATE outbox SET next_at = $3 WHERE id = $1 AND attempts = $2 AND settled_at IS NULL";
const QUEUE: &str = "SELECT COUNT(*), MIN(waiting.created_at) FROM \
     (SELECT created_at FROM outbox WHERE settled_at IS NULL ORDER BY next_at LIMIT $1) AS waiting";
const SWEEP: &str = "DELETE FROM outbox WHERE id IN \
     (SELECT id FROM outbox WHERE settled_at < $1 ORDER BY settled_at LIMIT $2)";

row! {
    struct ClaimedRow {
        id: Uuid,
        kind: String,
        user_id: Option<Uuid>,
        recipient: String,
        languages: String,
        sealed: Vec<u8>,
        created_at: i64,
        expires_at: i64,
        attempts: i64,
    }
}

impl TryFrom<ClaimedRow> for ClaimedMail {
    type Error = Error;

    fn try_from(row: ClaimedRow) -> Result<Self, Error> {
        let id = MailId::from_uuid(row.id);
        let attempt = Place { table: "outbox", id: &id }.small("attempts", row.attempts)?;
        Ok(Self {
            id,
            kind: row.kind,
            user: row.user_id.map(UserId::from_uuid),
            recipient: row.recipient,
            languages: Languages::of_words(&row.languages),
            sealed: row.sealed,
            created_at: moment(row.created_at),
            expires_at: moment(row.expires_at),
            attempt,
        })
    }
}

#[async_trait]
impl Outbox for SqlTx {
    async fn enqueue_mail(&mut self, mail: &NewMail) -> Result<(), Error> {
        let (recipient, languages) = match &mail.recipient {
            Recipient::Address(address, languages) => (address.as_str(), languages.to_words()),
            Recipient::Nobody => ("", String::new()),
            Recipient::Person => return self.enqueue_for_person(mail).await,
        };
        let inserted = change_or!(
            lost_reference,
            self,
            INSERT,
            mail.id.as_uuid(),
            mail.kind.as_str(),
            mail.user.map(UserId::as_uuid),
            recipient,
            languages.as_str(),
            mail.sealed.as_slice(),
            micros(mail.created_at),
            micros(mail.expires_at),
        );
        inserted.map(drop)
    }

    async fn claim_mail(&mut self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<ClaimedMail>, Error> {
        let rows = take_all!(self, ClaimedRow, CLAIM, micros(now), micros(until), i64::from(limit))?;
        let mut mails = rows.into_iter().map(ClaimedMail::try_from).collect::<Result<Vec<_>, _>>()?;
        mails.sort_by_key(|mail| (mail.created_at, mail.id));
        Ok(mails)
    }

    async fn settle_mail(
        &mut self,
        id: MailId,
        attempt: u32,
        outcome: MailOutcome,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let nothing: &[u8] = &[];
        let settled = change!(self, SETTLE, id.as_uuid(), i64::from(attempt), outcome.as_str(), micros(now), nothing)?;
        Ok(settled == 1)
    }

    async fn postpone_mail(&mut self, id: MailId, attempt: u32, until: Timestamp) -> Result<bool, Error> {
        Ok(change!(self, POSTPONE, id.as_uuid(), i64::from(attempt), micros(until))? == 1)
    }

    async fn mail_queue(&mut self, most: u32) -> Result<MailQueue, Error> {
        let (waiting, oldest) = find!(self, (i64, Option<i64>), QUEUE, i64::from(most))?.unwrap_or_default();
        Ok(MailQueue { waiting: u64::try_from(waiting).unwrap_or(0), oldest: oldest.map(moment) })
    }

    async fn sweep_mail(&mut self, before: Timestamp, limit: u32) -> Result<u64, Error> {
        change_many!(self, SWEEP, micros(before), i64::from(limit))
    }
}

impl SqlTx {
    async fn enqueue_for_person(&mut self, mail: &NewMail) -> Result<(), Error> {
        let since = mail.created_at - WINDOW;
        change!(
            self,
            INSERT_FOR_PERSON,
            mail.id.as_uuid(),
            mail.kind.as_str(),
            mail.user.map_or(Uuid::nil(), UserId::as_uuid),
            mail.sealed.as_slice(),
            micros(mail.created_at),
            micros(mail.expires_at),
            micros(since),
            i64::from(MOST_NOTICES),
        )?;
        Ok(())
    }

    /// Writes the notices that these records cause.
    pub(crate) async fn insert_notices(&mut self, records: &[Record]) -> Result<(), Error> {
        let Some(notices) = self.shared.notices() else { return Ok(()) };
        for mail in records.iter().filter_map(|record| notices.notice(record)) {
            self.enqueue_mail(&mail).await?;
        }
        Ok(())
    }
}

/// In which span a person gets at most [`MOST_NOTICES`].
const WINDOW: Lifetime = Lifetime::from_hours(1);
