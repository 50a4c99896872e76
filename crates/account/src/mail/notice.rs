//! The one place that turns what happened into a security notice.
//!
//! It listens where audit records are written, in their transaction: whoever changes a credential writes his record and never
//! thinks of mail, and no path can forget to tell the person. A notice holds no link that does anything: it says what happened,
//! when, with which kind of browser and from where, and where to go if it was somebody else.

use std::sync::Arc;

use countersign_audit::{Event, Outcome, Record};
use countersign_kernel::{Env, Lifetime, MailId, Timestamp};
use countersign_mail::{Fact, Facts, Kind};
use countersign_session::AgentFamily;
use countersign_store::{NewMail, Notices, Recipient};

use crate::accounts::Accounts;
use crate::admission::facts;
use crate::mail_keys::MailKeys;

/// How long a notice is worth sending.
const LIFETIME: Lifetime = Lifetime::from_days(3);

/// Which records cause which notice.
pub(crate) struct SecurityNotices {
    keys: Arc<MailKeys>,
    env: Env,
    public_url: String,
}

impl Accounts {
    /// Who says which records cause notices: to be given to the store where mail is sent.
    #[must_use]
    pub fn notices(&self) -> Arc<dyn Notices> {
        Arc::new(SecurityNotices {
            keys: self.mail_keys_shared(),
            env: self.env().clone(),
            public_url: self.public_url().to_owned(),
        })
    }
}

impl Notices for SecurityNotices {
    fn notice(&self, record: &Record) -> Option<NewMail> {
        let (kind, user) = (kind_of(record)?, record.subject?);
        let facts = Facts::default()
            .with(Fact::When, when(record.at))
            .with(Fact::Help, format!("{}/forgot", self.public_url))
            .with_known(Fact::Device, AgentFamily::of(record.user_agent.as_deref()).label())
            .with_known(Fact::Address, record.address.clone())
            .with_known(Fact::Factor, factor_of(record));
        let id = MailId::new(&self.env);
        // What cannot be sealed is not sent; there is no way for that to happen.
        let sealed = self.keys.seal(id, &facts, &self.env).ok()?;
        Some(NewMail {
            id,
            kind: kind.as_str().to_owned(),
            user: Some(user),
            recipient: Recipient::Person,
            sealed,
            created_at: record.at,
            expires_at: record.at + LIFETIME,
        })
    }
}

/// The notice that a record causes.
fn kind_of(record: &Record) -> Option<Kind> {
    if record.outcome != Outcome::Success && record.event != Event::RefreshReused {
        return None;
    }
    let is_new_device = || {
        let device = record.detail.get(facts::DEVICE).is_some_and(|device| device == facts::NEW);
        device || record.detail.contains_key(facts::NEW_DEVICE)
    };
    Some(match record.event {
        Event::SignedIn if is_new_device() => Kind::NewDevice,
        Event::PasswordChanged | Event::PasswordReset => Kind::PasswordChanged,
        Event::FactorAdded | Event::RecoveryCodesMade => Kind::FactorAdded,
        Event::FactorRemoved | Event::FactorsReset => Kind::FactorRemoved,
        Event::RecoveryCodeUsed => Kind::RecoveryCodeUsed,
        Event::RefreshReused => Kind::SessionTheft,
        _ => return None,
    })
}

/// What kind of second factor a record is about, as texts know it.
fn factor_of(record: &Record) -> Option<String> {
    match record.event {
        Event::RecoveryCodesMade => Some("recovery_codes".to_owned()),
        _ => record.detail.get("factor").cloned(),
    }
}

/// A moment as mails write it: to the minute, in UTC, because nobody knows where it will be read.
pub(crate) fn when(moment: Timestamp) -> String {
    let text = moment.to_rfc3339();
    let (day, time) = text.split_once('T').unwrap_or((&text, ""));
    format!("{day} {} UTC", time.get(..5).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_to_the_minute() {
        assert_eq!(when(Timestamp::from_seconds(1_772_366_459)), "2026-03-01 12:00 UTC");
    }
}
