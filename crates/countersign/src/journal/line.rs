//! One line of the journal: what one commit ended, as JSON.

use std::io;

use countersign_audit::{Event, Outcome, Record};
use countersign_kernel::{KeyId, SessionId, Timestamp, TokenId, UserId};
use countersign_store::{Effect, NewRevocation, Revocation, Target};
use serde::{Deserialize, Serialize};

/// What one commit ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// When, in microseconds since 1970.
    pub(crate) at: Timestamp,
    /// The number of the newest revocation before it.
    pub(crate) after: u64,
    /// What was revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) revoked: Vec<Revoked>,
    /// What was done to accounts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) acts: Vec<Act>,
    /// That the numbers go on elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mark: Option<Mark>,
}

/// A numbered revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revoked {
    pub(crate) seq: u64,
    target: Of,
    /// Whether the session is over, or lives and its tokens are superseded.
    ended: bool,
    at: Timestamp,
    until: Timestamp,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    Token(TokenId),
    Session(SessionId),
    Person { user: UserId, below: u64, except: Option<SessionId> },
    Key(KeyId),
}

/// Something that was done to an account or to rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Act {
    /// What.
    pub(crate) event: Event,
    /// To whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) subject: Option<UserId>,
}

/// What an act makes of an account, where a restore can do the same again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Account {
    Disabled,
    Enabled,
    Deleted,
}

/// That the numbers go on elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mark {
    /// The journal begins behind `after`: what was before is not in it.
    Begins,
    /// A backup was put back, and the next number is the one after `at`.
    Restored {
        /// The last number that was skipped or given to a copy.
        at: u64,
        /// Whether every session was ended.
        ended_all: bool,
    },
}

impl Line {
    /// The line of a commit.
    pub(crate) fn of(at: Timestamp, after: u64, revocations: &[Revocation], records: &[Record]) -> Self {
        let revoked = revocations.iter().map(Revoked::of).collect();
        Self { at, after, revoked, acts: records.iter().filter_map(Act::of).collect(), mark: None }
    }

    /// A line that is a mark alone.
    pub(crate) const fn marking(at: Timestamp, after: u64, mark: Mark) -> Self {
        Self { at, after, revoked: Vec::new(), acts: Vec::new(), mark: Some(mark) }
    }

    /// The number of the newest revocation after it.
    pub(crate) fn last(&self) -> u64 {
        let restored = match self.mark {
            Some(Mark::Restored { at, .. }) => at,
            Some(Mark::Begins) | None => 0,
        };
        self.revoked.iter().map(|revoked| revoked.seq).max().unwrap_or(0).max(self.after).max(restored)
    }

    /// The number up to which everything was committed when this was written: its own act may not have been.
    pub(crate) const fn committed(&self) -> u64 {
        self.after
    }

    /// Whether a restore does something to an account because of it.
    pub(crate) fn concerns_accounts(&self) -> bool {
        self.acts.iter().any(|act| act.account().is_some())
    }

    /// The text with its line end.
    pub(crate) fn to_text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }

    /// The line with this text; none where it is none, for example because it was cut off.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }
}

impl Revoked {
    fn of(revocation: &Revocation) -> Self {
        let Revocation { seq, record, .. } = revocation;
        let target = match record.target {
            Target::Token(id) => Of::Token(id),
            Target::Session(id) => Of::Session(id),
            Target::Person { user, below, except } => Of::Person { user, below, except },
            Target::Key(id) => Of::Key(id),
        };
        let ended = record.effect == Effect::Ended;
        Self { seq: *seq, target, ended, at: record.at, until: record.until, reason: record.reason.clone() }
    }

    /// The revocation, to be written again.
    pub(crate) fn record(&self) -> NewRevocation {
        let target = match self.target {
            Of::Token(id) => Target::Token(id),
            Of::Session(id) => Target::Session(id),
            Of::Person { user, below, except } => Target::Person { user, below, except },
            Of::Key(id) => Target::Key(id),
        };
        let effect = if self.ended { Effect::Ended } else { Effect::Superseded };
        NewRevocation { target, effect, at: self.at, until: self.until, reason: self.reason.clone() }
    }
}

impl Act {
    /// The act of an audit record that is for the journal.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        let is_kept = record.outcome == Outcome::Success && KEPT.contains(&record.event);
        is_kept.then_some(Self { event: record.event, subject: record.subject })
    }

    /// What a restore does again.
    pub(crate) const fn account(&self) -> Option<Account> {
        match self.event {
            Event::AccountDisabled => Some(Account::Disabled),
            Event::AccountEnabled => Some(Account::Enabled),
            Event::AccountDeleted => Some(Account::Deleted),
            _ => None,
        }
    }
}

/// What a restore does again, and what it cannot do again and must tell of: a password that was given up is the password once more.
const KEPT: &[Event] = &[
    Event::AccountDisabled,
    Event::AccountEnabled,
    Event::AccountDeleted,
    Event::PasswordChanged,
    Event::RolesAssigned,
    Event::RoleSet,
    Event::RoleDeleted,
    Event::AdminClaimed,
];
