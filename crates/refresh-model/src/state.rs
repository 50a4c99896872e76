//! What a moment of the model consists of.

use crate::server::{IdName, Server};

/// Everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct State {
    /// The server and its row.
    pub server: Server,
    /// An earlier state of the row that a crash or a restore may bring back.
    pub saved: Option<Server>,
    /// The generation whose token is in the cookie jar.
    pub jar: u64,
    /// The id storages, one for each sender that has ids, in their order.
    pub storages: Vec<Storage>,
    /// Requests under way.
    pub requests: Vec<Request>,
    /// Full answers under way. A thin one changes nothing in the browser.
    pub replies: Vec<Reply>,
    /// The thief, once he has copied.
    pub thief: Option<Thief>,
    /// How often what may still happen.
    pub left: Left,
    /// What has been seen so far.
    pub watch: Watch,
}

/// What one id storage holds (API.md, "Tokens").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Storage {
    /// `attemptId`: stored before it is sent, replaced only after a full answer.
    pub pending: IdName,
    /// `lastAttemptId`: the one last answered in full.
    pub last: Option<IdName>,
}

/// A refresh request of the browser's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request {
    /// Which sender.
    pub sender: usize,
    /// The generation in its cookie.
    pub generation: u64,
    /// `attemptId`.
    pub attempt: Option<IdName>,
    /// `lastAttemptId`.
    pub last: Option<IdName>,
    /// Since it was sent, in units.
    pub age: u8,
}

/// A full answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reply {
    /// To whom.
    pub sender: usize,
    /// The generation in its Set-Cookie.
    pub generation: u64,
    /// The `attemptId` that it answers.
    pub attempt: Option<IdName>,
    /// Since the request was sent, in units.
    pub age: u8,
}

/// How often what may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Requests of the browser's.
    pub sends: u8,
    /// Requests of the thief's.
    pub uses: u8,
    /// Requests delivered twice.
    pub duplicates: u8,
    /// Storages cleared.
    pub clears: u8,
    /// Rollbacks.
    pub rollbacks: u8,
    /// Pauses of an hour.
    pub hours: u8,
    /// Pauses of a day.
    pub days: u8,
}

/// What the thief knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Thief {
    /// Generations whose tokens he holds, rising.
    pub tokens: Vec<u64>,
    /// Attempt ids that he knows and that somebody might still recognise, rising.
    pub ids: Vec<IdName>,
}

/// What must never be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Faults {
    /// (a) A session ended, or its owner was refused, without theft.
    pub signed_out: bool,
    /// (b) The thief obtained a generation that one of the owner's senders made as its third or later since the copy.
    pub kept_up: bool,
    /// (b) Both had been answered, the owner refreshed twice, W passed, and the thief's use was answered.
    pub missed: bool,
    /// (c) Two generations could both be continued, and neither came from the other.
    pub two_lines: bool,
    /// (d) An ended session answered.
    pub revived: bool,
}

/// What the watcher remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Watch {
    /// What went wrong.
    pub faults: Faults,
    /// Generations that each of the owner's senders made since the copy, counted to 3.
    pub owner_made: [u8; 2],
    /// Whether the owner has been answered since the copy.
    pub owner_answered: bool,
    /// Whether the thief has been answered.
    pub thief_answered: bool,
    /// Refreshes of the owner's since both have been answered, more than W apart, counted to 2.
    pub refreshes: u8,
    /// Units since the last of them, counted to just over W.
    pub since: u8,
    /// The generation that was presented at the last of them.
    pub refreshed_from: u64,
}

impl State {
    /// The smallest id name that nothing in this state knows.
    #[must_use]
    pub fn unknown_id(&self) -> IdName {
        (1..IdName::MAX).find(|id| !self.knows(*id)).unwrap_or(IdName::MAX)
    }

    /// Whether anything here remembers this id: the row, an earlier row, the browser, a message, the thief.
    #[must_use]
    pub fn knows(&self, id: IdName) -> bool {
        self.thief.as_ref().is_some_and(|thief| thief.ids.contains(&id)) || self.could_meet(id)
    }

    /// The same, the thief left out.
    #[must_use]
    pub fn could_meet(&self, id: IdName) -> bool {
        self.server.remembers(id)
            || self.saved.as_ref().is_some_and(|saved| saved.remembers(id))
            || self.storages.iter().any(|s| s.pending == id || s.last == Some(id))
            || self.requests.iter().any(|r| r.attempt == Some(id) || r.last == Some(id))
            || self.replies.iter().any(|r| r.attempt == Some(id))
    }
}
