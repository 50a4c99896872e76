//! Writes mails into the outbox, in the transaction of the act, and opens what is taken out of it.

use countersign_kernel::{Languages, Lifetime, MailId, Origin};
use countersign_mail::{Fact, Facts, Kind};
use countersign_session::AgentFamily;
use countersign_store::{ClaimedMail, NewMail, Recipient, Tx, User};

use crate::accounts::Accounts;
use crate::error::Error;
use crate::mail::notice::when;

/// A mail to be written.
pub(crate) struct Letter<'a> {
    /// Which one.
    pub(crate) kind: Kind,
    /// Whom it concerns.
    pub(crate) user: Option<&'a User>,
    /// To whom it goes.
    pub(crate) recipient: Recipient,
    /// What it says, besides who it is to and from where.
    pub(crate) facts: Facts,
    /// How long it is worth sending.
    pub(crate) life: Lifetime,
}

impl Accounts {
    /// Puts a mail into the outbox; nothing where no mail is sent.
    pub(crate) async fn write_mail(&self, tx: &mut dyn Tx, letter: Letter<'_>) -> Result<(), Error> {
        if !self.sends_mail() {
            return Ok(());
        }
        let Letter { kind, user, recipient, facts, life } = letter;
        // The name is whatever somebody typed. It goes to nobody who has not proven that the account is his.
        let name = user.filter(|user| user.email_verified && is_to(&recipient, user)).map(|user| user.name.clone());
        let facts = facts.with_known(Fact::Name, name);
        let (id, now) = (MailId::new(self.env()), tx.now());
        let mail = NewMail {
            id,
            kind: kind.as_str().to_owned(),
            user: user.map(|user| user.id),
            recipient,
            sealed: self.mail_keys().seal(id, &facts, self.env())?,
            created_at: now,
            expires_at: now + life,
        };
        Ok(tx.enqueue_mail(&mail).await?)
    }

    /// The mail, and what it says: for whoever delivers it. None where this version knows no such mail.
    ///
    /// # Errors
    /// [`Error::Mail`] where it does not open.
    pub fn open_mail(&self, mail: &ClaimedMail) -> Result<Option<(Kind, Facts)>, Error> {
        let facts = self.mail_keys().open(mail.id, &mail.sealed)?;
        Ok(Kind::parse(&mail.kind).map(|kind| (kind, facts)))
    }
}

/// The facts of where something was done.
pub(crate) fn circumstances(facts: Facts, tx: &dyn Tx, origin: &Origin) -> Facts {
    facts
        .with(Fact::When, when(tx.now()))
        .with_known(Fact::Device, AgentFamily::of(origin.user_agent.as_deref()).label())
        .with_known(Fact::Address, origin.address.map(|address| address.to_canonical().to_string()))
}

/// To this person, at his own address.
pub(crate) fn to(user: &User, languages: Languages) -> Recipient {
    Recipient::Address(user.email.clone(), languages)
}

fn is_to(recipient: &Recipient, user: &User) -> bool {
    match recipient {
        Recipient::Address(address, _) => *address == user.email,
        Recipient::Person => true,
        Recipient::Nobody => false,
    }
}
