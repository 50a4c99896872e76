//! What a moment of the model consists of.

use crate::server::Server;
use crate::thief::Thief;
use crate::watch::Watch;

/// The name of an attempt id. Names are used again once nobody knows them any more.
pub type IdName = u8;

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
