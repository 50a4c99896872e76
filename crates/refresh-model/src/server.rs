//! The server: one row, judged by the rule; time that passes over it; rollbacks.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_session::judge::{self, Answer, Judged, Moment, Presented};
use countersign_store::{AttemptHash, EndReason, Ended, RefreshRow};

use crate::scenario::{Rule, Scenario};

/// The name of an attempt id. Names are used again once nobody knows them any more.
pub type IdName = u8;

/// It is always this moment in the model: as time passes, what is in the row grows older instead. Equal situations at
/// different times are then one state.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(2_000_000_000);
/// A little over the hour after which a successor counts as lost.
pub(crate) const HOUR: Lifetime = Lifetime::from_seconds(3_601);
/// A little over the day for which senders without ids wait.
pub(crate) const DAY: Lifetime = Lifetime::from_seconds(86_401);
const KEY: [u8; 32] = [7; 32];

/// Who made a generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Maker {
    /// It was there before the copy was taken.
    BeforeTheft,
    /// A request of the owner's; its sender's how-many-th since the copy, counted to 3.
    Owner(u8),
    /// The thief's request.
    Thief,
}

/// The row, and what the model knows about it that no server knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Server {
    /// The row itself.
    pub row: RefreshRow,
    /// Who made the live generation.
    pub live: Maker,
    /// Which generation each one was made from, as far back as one could still be continued.
    pub parents: Vec<(u64, u64)>,
    /// Units since the process started, counted to W.
    pub uptime: u8,
}

impl Server {
    /// Just after the sign-in.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let mut row = RefreshRow::opened(NOW, 0, NOW, NOW);
        row.bound_key = scenario.bound.then_some(KEY);
        settle(&mut row);
        Self { row, live: Maker::BeforeTheft, parents: Vec::new(), uptime: scenario.window() }
    }

    /// Whether the row holds this id.
    #[must_use]
    pub fn remembers(&self, id: IdName) -> bool {
        let recent = self.row.recent.iter().flat_map(|s| &s.answered);
        self.row.answered.iter().chain(recent).any(|a| a.id == hash(id))
    }

    /// Judges without writing.
    pub(crate) fn judge(&self, scenario: &Scenario, presented: &Presented, later: Lifetime) -> Judged {
        let moment = Moment { now: NOW + later, settled: self.uptime >= scenario.window() };
        match scenario.rule {
            Rule::Countersign => judge::judge(&self.row, presented, moment, &scenario.policy()),
            Rule::Rival(rival) => rival.judge(&self.row, presented, moment, &scenario.policy()),
        }
    }

    /// Judges and writes. Returns the answer; a full one brings the token of the row's generation.
    pub(crate) fn present(&mut self, scenario: &Scenario, presented: &Presented) -> Answer {
        let judged = self.judge(scenario, presented, Lifetime::ZERO);
        if let Some(row) = judged.write {
            if row.generation > self.row.generation {
                self.parents.push((row.generation, presented.generation));
            }
            self.row = row;
            settle(&mut self.row);
            let delivered = self.row.delivered.unwrap_or(0);
            self.parents.retain(|(made, _)| *made > delivered);
        }
        judged.answer
    }

    /// Lets the row grow older by `span`. What no rule tells apart is made equal.
    pub(crate) fn grow_older(&mut self, scenario: &Scenario, span: Lifetime) {
        let window = scenario.policy().window;
        let row = &mut self.row;
        // Over W, which some rules tell from W itself.
        let oldest = NOW - window - scenario.unit;
        for spent in &mut row.recent {
            spent.spent_at = (spent.spent_at - span).max(oldest);
            spent.passed_at = spent.passed_at.map(|passed| (passed - span).max(oldest));
        }
        let age = NOW.since(row.made_at - span);
        row.made_at = NOW
            - if age >= DAY {
                DAY
            } else if age >= HOUR {
                HOUR
            } else {
                Lifetime::ZERO
            };
        self.uptime = self.uptime.saturating_add(scenario.units(span)).min(scenario.window());
    }

    /// The moment at which the process comes back with this row. An end is never forgotten: sign-outs and thefts are on
    /// disk before they are answered, and a restore replays the journal of them.
    pub(crate) fn restarted(mut self, ended: Option<Ended>) -> Self {
        self.uptime = 0;
        self.row.ended = self.row.ended.or(ended);
        self
    }
}

/// Makes a presentation.
pub(crate) fn presented(generation: u64, attempt: Option<IdName>, last: Option<IdName>, proof: bool) -> Presented {
    Presented { generation, attempt: attempt.map(hash), last_attempt: last.map(hash), proof: proof.then_some(KEY) }
}

/// The hash that stands for this id in the row.
pub(crate) fn hash(id: IdName) -> AttemptHash {
    AttemptHash([id; 16])
}

/// What is not part of the question is made equal: versions, periods, and deadlines that are always far away.
fn settle(row: &mut RefreshRow) {
    row.version = 0;
    row.period = 0;
    row.seen_at = NOW;
    row.idle_deadline = NOW + Lifetime::from_days(7);
    row.absolute_deadline = NOW + Lifetime::from_days(30);
    row.ended = row.ended.map(|_| Ended { at: NOW, reason: EndReason::Theft });
}
