//! Mail that is to be sent: written in the transaction of the act that causes it, delivered afterwards.
//!
//! A row is claimed by a conditional write that moves its next try into the future: whoever claims it has until then, and a
//! process that dies in the middle leaves a row that is due again. What a mail says is sealed by those who write it, and is wiped
//! from the row as soon as nobody has to send it any more.

use async_trait::async_trait;
use countersign_audit::Record;
use countersign_kernel::{Languages, MailId, Timestamp, UserId};

use crate::error::Error;

/// To whom a mail goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// To this address, in the first of these languages that there is.
    Address(String, Languages),
    /// To the address that the mail's person has at the moment of the act, in his languages. Where too many mails have been
    /// written to that person lately ([`MOST_NOTICES`] in an hour), to nobody.
    Person,
    /// To nobody: the act looks and costs the same for an address that nobody has.
    Nobody,
}

/// How many mails a person gets within an hour, of those that nobody has asked for.
pub const MOST_NOTICES: u32 = 20;

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// The id; the message's own id follows from it, so that a copy sent twice is known as one.
    pub id: MailId,
    /// Which mail it is: a stable word.
    pub kind: String,
    /// Whom it concerns. With that person it is deleted.
    pub user: Option<UserId>,
    /// To whom it goes.
    pub recipient: Recipient,
    /// What it says, sealed under a key that the database does not have.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// From when on it is of no use to anybody.
    pub expires_at: Timestamp,
}

/// A mail that whoever holds it may send until the end of the claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedMail {
    /// The id.
    pub id: MailId,
    /// Which mail it is.
    pub kind: String,
    /// Whom it concerns.
    pub user: Option<UserId>,
    /// The address; empty where it goes to nobody.
    pub recipient: String,
    /// The recipient's languages.
    pub languages: Languages,
    /// What it says, sealed.
    pub sealed: Vec<u8>,
    /// When it was written.
    pub created_at: Timestamp,
    /// From when on it is of no use to anybody.
    pub expires_at: Timestamp,
    /// The number of this try, from 1.
    pub attempt: u32,
}

/// What became of a claimed mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailOutcome {
    /// A server or a directory has taken it.
    Sent,
    /// Nobody will try again.
    GivenUp,
    /// It was for nobody.
    Dropped,
}

impl MailOutcome {
    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::GivenUp => "given_up",
            Self::Dropped => "dropped",
        }
    }
}

/// Mail that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailQueue {
    /// How many.
    pub waiting: u64,
    /// Since when the oldest waits.
    pub oldest: Option<Timestamp>,
}

/// Keeps mail until it is sent.
#[async_trait]
pub trait Outbox {
    /// Writes a mail. [`Error::Conflict`] where its person has just been deleted.
    async fn enqueue_mail(&mut self, mail: &NewMail) -> Result<(), Error>;

    /// Claims at most `limit` mails that are due, those first that have waited longest, until the moment `until`: of racing
    /// calls exactly one gets each.
    async fn claim_mail(&mut self, now: Timestamp, until: Timestamp, limit: u32) -> Result<Vec<ClaimedMail>, Error>;

    /// Settles a mail for good and wipes its address and what it says; `false` where the claim with this number is not the last
    /// one, or the mail is gone.
    async fn settle_mail(
        &mut self,
        id: MailId,
        attempt: u32,
        outcome: MailOutcome,
        now: Timestamp,
    ) -> Result<bool, Error>;

    /// Lets a mail be tried again from this moment on; `false` as above.
    async fn postpone_mail(&mut self, id: MailId, attempt: u32, until: Timestamp) -> Result<bool, Error>;

    /// How much waits, counted up to `most`.
    async fn mail_queue(&mut self, most: u32) -> Result<MailQueue, Error>;

    /// Deletes at most `limit` mails that were settled before this moment; how many it were.
    async fn sweep_mail(&mut self, before: Timestamp, limit: u32) -> Result<u64, Error>;
}

/// Turns what is audited into notices to the people concerned. The store asks it at each commit, so that no verb can forget to
/// tell anybody, and none has to think of it.
pub trait Notices: Send + Sync {
    /// The mail that this record causes, if any; its recipient is [`Recipient::Person`]. Must be quick and must not use the store.
    fn notice(&self, record: &Record) -> Option<NewMail>;
}
