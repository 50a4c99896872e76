//! Judges whether a session is used from where it began (DESIGN section 6; docs/design/session-binding.md).
//!
//! A pure function of the session's row, where the request comes from, and the policy. Asked at each refresh that is about to
//! be answered, never for an access token. Promises: what the session began with is never overwritten by what it is compared
//! with; a mark is new once, however often it comes back; an update of the browser is no change, and neither is another
//! address in the same network; what cannot be compared, because either side is unknown, is no change.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use countersign_kernel::{Locate, Origin, Timestamp};
use countersign_store::noticed::{MOST_NETWORKS, MOST_USER_AGENTS};
use countersign_store::{Mark, Noticed, Session};

use crate::user_agent::AgentFamily;

/// What a change means (`session.bind_user_agent`, `session.bind_network`). Each is stricter than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OnChange {
    /// Nothing; it is not even remembered.
    Ignore,
    /// One audit record for each new mark.
    #[default]
    Audit,
    /// The same, and what is dangerous asks for a new proof there.
    StepUp,
    /// The session ends.
    End,
}

impl OnChange {
    /// Every one, the mildest first.
    pub const ALL: &'static [Self] = &[Self::Ignore, Self::Audit, Self::StepUp, Self::End];

    /// The stable text form.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ignore => "ignore",
            Self::Audit => "audit",
            Self::StepUp => "step_up",
            Self::End => "end",
        }
    }

    /// The one with this text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == text)
    }
}

/// What is bound, and how firmly. Both are audited by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BindPolicy {
    /// On another family of user agents.
    pub user_agent: OnChange,
    /// On another network.
    pub network: OnChange,
}

/// The network of an address as sessions are bound to it: IPv4 by its /24, IPv6 by its /48.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of this address; an IPv4 address written inside IPv6 is the IPv4 address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & (u32::MAX << 8))),
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 80))),
        })
    }

    fn of_text(address: &str) -> Option<Self> {
        address.parse().ok().map(Self::of)
    }

    fn of_mark(mark: &Mark) -> Option<Self> {
        match mark {
            Mark::Network(text) => Self::of_text(text.split_once('/')?.0),
            Mark::UserAgent(_) => None,
        }
    }

    /// Whether both are one: the same prefix, or announced by the same operator where the table knows. Both sides are looked up in
    /// the table of today, so that a new table moves nobody.
    fn is_same(self, other: Self, table: Option<&dyn Locate>) -> bool {
        let operator = |network: Self| table.and_then(|table| table.locate(network.0).asn);
        self == other || operator(self).is_some_and(|asn| operator(other) == Some(asn))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = if self.0.is_ipv4() { 24 } else { 48 };
        write!(f, "{}/{length}", self.0)
    }
}

/// A mark that is new to the session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// `user_agent` or `network`.
    pub what: &'static str,
    /// What it was: the family that the session began with, the network that it was last refreshed from.
    pub from: String,
    /// What it is.
    pub to: String,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What follows: the strictest of both. [`OnChange::Ignore`] where nothing is to be done.
    pub verdict: OnChange,
    /// What is new, to be audited.
    pub changes: Vec<Change>,
    /// What the session has been seen with from now on; none where that is as it was.
    pub noticed: Option<Vec<Noticed>>,
}

/// Judges whether `session` is used from where it began.
#[must_use]
pub fn bind(session: &Session, origin: &Origin, policy: &BindPolicy, table: Option<&dyn Locate>) -> Bound {
    let mut bound = Bound { verdict: OnChange::Ignore, changes: Vec::new(), noticed: None };
    if policy.user_agent > OnChange::Ignore
        && let Some((began, now)) = other_family(session, origin)
    {
        let mark = Mark::UserAgent(now.as_str().to_owned());
        let known = session.noticed.iter().find(|entry| entry.mark == mark);
        let change = Change { what: "user_agent", from: began.as_str().to_owned(), to: now.as_str().to_owned() };
        bound.judge(policy.user_agent, session, known, mark, change);
    }
    if policy.network > OnChange::Ignore
        && let Some((began, now)) = other_network(session, origin, table)
    {
        let here = |entry: &&Noticed| Network::of_mark(&entry.mark).is_some_and(|there| there.is_same(now, table));
        let known = session.noticed.iter().filter(here).max_by_key(|entry| entry.is_proven);
        let last = session.address.as_deref().and_then(Network::of_text).unwrap_or(began);
        let change = Change { what: "network", from: last.to_string(), to: now.to_string() };
        bound.judge(policy.network, session, known, Mark::Network(now.to_string()), change);
    }
    bound
}

/// What the session has been seen with, once its person was proven where `origin` is: from now on it is at home there too.
/// None where that is as it was.
#[must_use]
pub fn prove(
    session: &Session,
    origin: &Origin,
    policy: &BindPolicy,
    table: Option<&dyn Locate>,
) -> Option<Vec<Noticed>> {
    let family = other_family(session, origin).filter(|_| policy.user_agent > OnChange::Ignore);
    let network = other_network(session, origin, table).filter(|_| policy.network > OnChange::Ignore);
    let family = family.map(|(_, now)| Mark::UserAgent(now.as_str().to_owned()));
    let network = network.map(|(_, now)| Mark::Network(now.to_string()));
    let mut noticed = session.noticed.clone();
    for mark in family.into_iter().chain(network) {
        notice(&mut noticed, mark, true);
    }
    (noticed != session.noticed).then_some(noticed)
}

/// The family that the session began with and that of the request, where they differ.
fn other_family(session: &Session, origin: &Origin) -> Option<(AgentFamily, AgentFamily)> {
    // The same text is the same family: nearly always, and then neither is looked into.
    if session.user_agent == origin.user_agent {
        return None;
    }
    let family = |user_agent: &Option<String>| AgentFamily::of(user_agent.as_deref());
    let (began, now) = (family(&session.user_agent), family(&origin.user_agent));
    (began != now).then_some((began, now))
}

/// The network that the session began in and that of the request, where both are known and differ.
fn other_network(session: &Session, origin: &Origin, table: Option<&dyn Locate>) -> Option<(Network, Network)> {
    // Rows of an earlier version have no first address.
    let began = session.first_address.as_deref().or(session.address.as_deref());
    let (began, now) = (Network::of_text(began?)?, Network::of(origin.address?));
    (!began.is_same(now, table)).then_some((began, now))
}

impl Bound {
    /// Whether there is something to be written.
    #[must_use]
    pub fn is_news(&self) -> bool {
        !self.changes.is_empty()
    }

    /// Whether the person has not been proven where the request comes from, and the policy wants it.
    #[must_use]
    pub fn wants_proof(&self) -> bool {
        self.verdict >= OnChange::StepUp
    }

    /// Since when the person counts as authenticated where the request comes from: the beginning of time, where a proof is
    /// wanted.
    #[must_use]
    pub fn auth_time(&self, session: &Session) -> Timestamp {
        if self.wants_proof() { Timestamp::EPOCH } else { session.auth_time }
    }

    /// A mark that the session did not begin with; `known` is what it is remembered as.
    fn judge(&mut self, on_change: OnChange, session: &Session, known: Option<&Noticed>, mark: Mark, change: Change) {
        match (known, on_change) {
            (Some(entry), _) if entry.is_proven => return,
            (Some(_), OnChange::Ignore | OnChange::Audit) => return,
            // Seen there before, and still not proven.
            (Some(_), OnChange::StepUp) => {
                self.verdict = self.verdict.max(OnChange::StepUp);
                return;
            }
            (Some(_), OnChange::End) | (None, _) => {}
        }
        self.verdict = self.verdict.max(on_change);
        self.changes.push(change);
        if on_change < OnChange::End {
            notice(self.noticed.get_or_insert_with(|| session.noticed.clone()), mark, false);
        }
    }
}

/// Remembers a mark. Where there is no room, the oldest of its kind goes that is not proven, or else the oldest: it is new
/// again when it comes back.
fn notice(noticed: &mut Vec<Noticed>, mark: Mark, is_proven: bool) {
    if let Some(entry) = noticed.iter_mut().find(|entry| entry.mark == mark) {
        entry.is_proven |= is_proven;
        return;
    }
    let is_alike = |entry: &Noticed| std::mem::discriminant(&entry.mark) == std::mem::discriminant(&mark);
    let most = if matches!(mark, Mark::UserAgent(_)) { MOST_USER_AGENTS } else { MOST_NETWORKS };
    if noticed.iter().filter(|entry| is_alike(entry)).count() >= most {
        let unproven = noticed.iter().position(|entry| is_alike(entry) && !entry.is_proven);
        if let Some(oldest) = unproven.or_else(|| noticed.iter().position(is_alike)) {
            noticed.remove(oldest);
        }
    }
    noticed.push(Noticed { mark, is_proven });
}

#[cfg(test)]
mod tests;
