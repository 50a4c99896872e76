//! What there is in one exploration, and how much of it.

use countersign_kernel::Lifetime;
use countersign_session::Undelivered;
use countersign_session::judge::JudgePolicy;

use crate::rival::Rival;

/// The rule that judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Ours.
    Countersign,
    /// Somebody else's.
    Rival(Rival),
}

/// One of the senders that share a browser's cookie jar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sender {
    /// Tabs and workers that share one storage of attempt ids.
    WithIds,
    /// A server that renders pages, or an old client: sends the cookie alone.
    WithoutIds,
}

/// What the thief copies, once, at any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Copies {
    /// There is no thief.
    Nothing,
    /// The cookie alone.
    Cookie,
    /// The cookie and every attempt id that is stored.
    Everything,
}

/// One exploration: who takes part and how often each thing may happen. Small numbers: the checker tries every order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// What it shows.
    pub name: &'static str,
    /// Who judges.
    pub rule: Rule,
    /// What a spent token means whose successor nobody has presented.
    pub undelivered: Undelivered,
    /// How many entries the row remembers, 1 to 8.
    pub ring: usize,
    /// Those who share the cookie jar. At most one storage of ids each.
    pub senders: &'static [Sender],
    /// Whether the session is bound to a key that the thief does not have.
    pub bound: bool,
    /// How far the clock moves at a time; a divisor of ten seconds.
    pub unit: Lifetime,
    /// Requests that the browser sends, and how many of its exchanges may be open at a time.
    pub sends: u8,
    /// Exchanges that may be open at a time.
    pub in_flight: usize,
    /// Whether requests and answers may be lost.
    pub losses: bool,
    /// Whether answers may overtake each other.
    pub overtaking: bool,
    /// Requests that the network may deliver twice.
    pub duplicates: u8,
    /// Whether requests may be judged up to ten seconds after their arrival, when nobody waits for the answer any more.
    pub late: bool,
    /// How often the id storage may be cleared.
    pub clears: u8,
    /// How often the row may fall back to an earlier state of itself, with a restart.
    pub rollbacks: u8,
    /// Pauses of over an hour.
    pub hours: u8,
    /// Pauses of over a day.
    pub days: u8,
    /// What the thief copies.
    pub copies: Copies,
    /// Requests that the thief sends.
    pub uses: u8,
}

impl Scenario {
    /// One browser with ids and a network that does its worst; no crash, no pause and no thief.
    pub const PLAIN: Self = Self {
        name: "one browser",
        rule: Rule::Countersign,
        undelivered: Undelivered::Tolerate,
        ring: 8,
        senders: &[Sender::WithIds],
        bound: false,
        unit: Lifetime::from_seconds(10),
        sends: 5,
        in_flight: 2,
        losses: true,
        overtaking: true,
        duplicates: 0,
        late: false,
        clears: 0,
        rollbacks: 0,
        hours: 0,
        days: 0,
        copies: Copies::Nothing,
        uses: 0,
    };

    pub(crate) fn policy(&self) -> JudgePolicy {
        JudgePolicy { ring: self.ring, undelivered: self.undelivered, ..JudgePolicy::default() }
    }

    /// The units in `span`.
    pub(crate) fn units(&self, span: Lifetime) -> u8 {
        u8::try_from(span.as_micros() / self.unit.as_micros()).unwrap_or(u8::MAX)
    }

    /// How old an answer may be when it arrives: the client gives up after this.
    pub(crate) fn patience(&self) -> u8 {
        self.units(CLIENT_GIVES_UP)
    }

    /// How old a request may be when it is judged.
    pub(crate) fn judged_within(&self) -> u8 {
        if self.late { self.patience().saturating_add(self.units(SERVER_GIVES_UP)) } else { self.patience() }
    }

    /// W.
    pub(crate) fn window(&self) -> u8 {
        self.units(self.policy().window)
    }
}

/// The client's time limit for an exchange.
const CLIENT_GIVES_UP: Lifetime = Lifetime::from_seconds(10);
/// The server judges a request within this long of its arrival, or not at all.
const SERVER_GIVES_UP: Lifetime = Lifetime::from_seconds(10);
