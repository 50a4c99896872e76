//! A session: one sign-in and all that was refreshed from it. One row, whatever its age.

use async_trait::async_trait;
use countersign_kernel::{DeviceId, SessionId, Timestamp, UserId};

use crate::error::Error;
use crate::noticed::Noticed;
use crate::page::{Page, PageRequest};

/// How the refresh token travels. A session keeps its delivery for life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// In an `HttpOnly` cookie.
    Cookie,
    /// In the JSON body, for native clients that asked for it.
    Body,
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndReason {
    /// Its owner signed out.
    SignedOut,
    /// Its owner signed out everywhere, or ended it from the list.
    SignedOutElsewhere,
    /// A sign-in with its cookie replaced it.
    Replaced,
    /// The password was changed in another session.
    PasswordChanged,
    /// A spent refresh token came back.
    Theft,
    /// A second factor was set up, removed or reset in another session.
    FactorsChanged,
    /// The person was disabled.
    Disabled,
    /// An operator ended it.
    Operator,
    /// It was used from elsewhere than the policy allows.
    Binding,
    /// Its person has opened more sessions than the policy allows, and it was unused the longest.
    TooMany,
    /// A backup was put back, and nobody could say what had ended since.
    Restored,
    /// The password was set anew by a mailed link.
    PasswordReset,
    /// Somebody proved for the first time that he reads the account's mail: what was there before him ended.
    MailboxProven,
    /// The account's former address was brought back.
    EmailRestored,
}

impl EndReason {
    /// Every reason.
    pub const ALL: &'static [Self] = &[
        Self::SignedOut,
        Self::SignedOutElsewhere,
        Self::Replaced,
        Self::PasswordChanged,
        Self::Theft,
        Self::FactorsChanged,
        Self::Disabled,
        Self::Operator,
        Self::Binding,
        Self::TooMany,
        Self::Restored,
        Self::PasswordReset,
        Self::MailboxProven,
        Self::EmailRestored,
    ];

    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed_out",
            Self::SignedOutElsewhere => "signed_out_elsewhere",
            Self::Replaced => "replaced",
            Self::PasswordChanged => "password_changed",
            Self::Theft => "theft",
            Self::FactorsChanged => "factors_changed",
            Self::Disabled => "disabled",
            Self::Operator => "operator",
            Self::Binding => "binding",
            Self::TooMany => "too_many_sessions",
            Self::Restored => "restored",
            Self::PasswordReset => "password_reset",
            Self::MailboxProven => "mailbox_proven",
            Self::EmailRestored => "email_restored",
        }
    }

    /// The reason with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.as_str() == text)
    }
}

/// That a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// A keyed 128-bit hash of an attempt id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttemptHash(pub [u8; 16]);

/// An attempt id that was answered in full, and how many generations it has minted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Answered {
    /// The id.
    pub id: AttemptHash,
    /// How many generations it has minted, 0 to 3.
    pub mints: u8,
}

/// Generations that were spent and are not yet too old.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Spent {
    /// The first generation of the range: the same as `last` save after a recovery (row 3).
    pub first: u64,
    /// The last generation of the range.
    pub last: u64,
    /// When it was spent.
    pub spent_at: Timestamp,
    /// Since when a generation above it has been presented, or another has taken its place; none while neither has happened.
    pub passed_at: Option<Timestamp>,
    /// The attempt ids that had been answered in full with it. At most 8.
    pub answered: Vec<Answered>,
}

/// What the refresh table (DESIGN section 1) judges by: the changing part of a session's row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RefreshRow {
    /// The live generation, g.
    pub generation: u64,
    /// When g was made, or handed out once more long after.
    pub made_at: Timestamp,
    /// The MAC period under which the token of g was made.
    pub period: u32,
    /// The highest generation ever presented; none before the first refresh.
    pub delivered: Option<u64>,
    /// The attempt ids answered in full with the token of g. At most 8.
    pub answered: Vec<Answered>,
    /// The generations spent and not yet too old, oldest first. At most 8.
    pub recent: Vec<Spent>,
    /// Whether any request of this session ever carried an attempt id.
    pub uses_ids: bool,
    /// SHA-256 thumbprint of the key the session is bound to by proof of possession.
    pub bound_key: Option<[u8; 32]>,
    /// Unused until this moment, the session is over.
    pub idle_deadline: Timestamp,
    /// The session is over at this moment, whatever happens.
    pub absolute_deadline: Timestamp,
    /// That it has ended.
    pub ended: Option<Ended>,
    /// The greatest `now` that this row was judged by.
    pub seen_at: Timestamp,
    /// +1 on each write.
    pub version: u64,
}

impl RefreshRow {
    /// The row of a session that begins at `now`: generation 0 under MAC period `period`, not yet refreshed, bound to no key.
    #[must_use]
    pub const fn opened(now: Timestamp, period: u32, idle_deadline: Timestamp, absolute_deadline: Timestamp) -> Self {
        Self {
            generation: 0,
            made_at: now,
            period,
            delivered: None,
            answered: Vec::new(),
            recent: Vec::new(),
            uses_ids: false,
            bound_key: None,
            idle_deadline,
            absolute_deadline,
            ended: None,
            seen_at: now,
            version: 1,
        }
    }

    /// The state that it is in.
    #[must_use]
    pub const fn state(&self) -> RowState {
        RowState { version: self.version, generation: self.generation, seen_at: self.seen_at }
    }
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The id: the `sid` claim.
    pub id: SessionId,
    /// Whose it is.
    pub user: UserId,
    /// How its refresh token travels.
    pub delivery: Delivery,
    /// Whether its cookies outlive the browser (`remember`).
    pub remember: bool,
    /// The changing part.
    pub row: RefreshRow,
    /// How the person was authenticated (RFC 8176 names, sorted): `pwd`, `otp`, `hwk`, `mfa`.
    pub amr: Vec<String>,
    /// When the person was last authenticated.
    pub auth_time: Timestamp,
    /// The device it began on.
    pub device: Option<DeviceId>,
    /// The user agent it began with.
    pub user_agent: Option<String>,
    /// The address it was last refreshed from.
    pub address: Option<String>,
    /// The address it began at.
    pub first_address: Option<String>,
    /// What it has been seen with since, oldest first: at most 4 user-agent families and 8 networks.
    pub noticed: Vec<Noticed>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last refreshed, to a minute.
    pub last_seen_at: Timestamp,
}

/// Which state of a row was judged. The version alone names it as long as nothing that was written is ever lost; where a server that
/// died has forgotten its last commits, a version comes twice, and its generation and moment tell one from the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RowState {
    /// Its `version`.
    pub version: u64,
    /// Its `generation`.
    pub generation: u64,
    /// Its `seen_at`.
    pub seen_at: Timestamp,
}

/// One conditional write of a session's row after judging it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshWrite {
    /// The session.
    pub id: SessionId,
    /// What was judged: the write happens only if the row is still in this state and has not ended.
    pub judged: RowState,
    /// The row to be. Its `version` is `judged.version + 1`.
    pub row: RefreshRow,
    /// The new `last_seen_at`.
    pub last_seen_at: Timestamp,
    /// The new address, where it is known.
    pub address: Option<String>,
}

/// Keeps sessions.
#[async_trait]
pub trait Sessions {
    /// Adds a session. [`Error::Conflict`] where its person has just been deleted: trying again finds him gone.
    async fn insert_session(&mut self, session: &Session) -> Result<(), Error>;

    /// The session with this id, ended or not.
    async fn find_session(&mut self, id: SessionId) -> Result<Option<Session>, Error>;

    /// Writes the judged row if it is still in the state that was judged and has not ended; `false` where it is not.
    /// An ending (`row.ended`) is written by the same statement. [`Error::Refused`] where a list of the row is longer than any
    /// may be, or its `version` is not `judged.version + 1`.
    async fn write_refresh(&mut self, write: &RefreshWrite) -> Result<bool, Error>;

    /// Ends a session that lives; the session as it is now, or none where there is none or it has ended already.
    async fn end_session(&mut self, id: SessionId, ended: Ended) -> Result<Option<Session>, Error>;

    /// Ends every living session of a person save `except`; how many it were.
    async fn end_sessions_of(&mut self, user: UserId, except: Option<SessionId>, ended: Ended) -> Result<u64, Error>;

    /// Ends those living sessions of a person that were used longest ago, save `except`, until at most `keep` others live; what
    /// was ended. Those over by a deadline at `ended.at` do not count. For a bound that holds whoever races, the person must be
    /// locked ([`crate::Users::lock_user`]) by everyone who adds a session.
    async fn end_idlest_sessions(
        &mut self,
        user: UserId,
        except: SessionId,
        keep: u32,
        ended: Ended,
    ) -> Result<Vec<SessionId>, Error>;

    /// Writes what a session has been seen with if its row still has `judged_version` and has not ended, and raises its
    /// `version`; `false` where it has not. [`Error::Refused`] where the list is longer than any may be.
    async fn write_noticed(&mut self, id: SessionId, judged_version: u64, noticed: &[Noticed]) -> Result<bool, Error>;

    /// Ends every living session there is; how many it were. For a database that was put back: nobody waits for it.
    async fn end_every_session(&mut self, ended: Ended) -> Result<u64, Error>;

    /// Gives every session that has not ended and whose deadlines lay after `lived_at` until `until` to be used again, or to its absolute
    /// deadline where that is earlier; none loses by it. How many gained. For a database that was put back: nobody waits for it.
    async fn renew_idle_deadlines(&mut self, lived_at: Timestamp, until: Timestamp) -> Result<u64, Error>;

    /// The person's sessions that live at `now`, most recently used first, at most 200.
    async fn list_sessions_of(&mut self, user: UserId, now: Timestamp) -> Result<Vec<Session>, Error>;

    /// Sessions that live at `now`, newest first; of this person alone where one is named. None is on two pages.
    async fn list_living_sessions(
        &mut self,
        user: Option<UserId>,
        now: Timestamp,
        page: &PageRequest,
    ) -> Result<Page<Session>, Error>;

    /// Records a stronger or newer proof of the person in a session that lives, and raises its `version`; `false` where it does
    /// not live.
    async fn set_authentication(&mut self, id: SessionId, amr: &[String], auth_time: Timestamp) -> Result<bool, Error>;

    /// Deletes at most `limit` sessions whose absolute deadline passed before `before`; how many it were.
    async fn sweep_sessions(&mut self, before: Timestamp, limit: u32) -> Result<u64, Error>;
}
