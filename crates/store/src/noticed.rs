//! What a session has been seen with since it began (DESIGN section 6): other kinds of browser, other networks.
//!
//! What it began with is in its row (`user_agent`, `first_address`); this is only what came later, so that a change is noticed
//! once, however often it comes back. For most sessions the list is empty.

/// Something that a session is known by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Mark {
    /// A family of user agents: `Firefox on Linux`.
    UserAgent(String),
    /// A network: `192.0.2.0/24`.
    Network(String),
}

/// A mark that the session did not begin with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Noticed {
    /// The mark.
    pub mark: Mark,
    /// Whether the person was proven there: by a step-up.
    pub is_proven: bool,
}

/// How many user-agent families one session is remembered with, besides the one that it began with.
pub const MOST_USER_AGENTS: usize = 4;
/// How many networks one session is remembered with, besides the one that it began in.
pub const MOST_NETWORKS: usize = 8;
/// The longest text of a mark, in bytes.
pub const LONGEST_MARK: usize = 64;
