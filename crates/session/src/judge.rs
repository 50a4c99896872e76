//! Judges a presented refresh token: the table of DESIGN section 1, and nothing else.
//!
//! A pure and total function of the row, what was presented, the moment and the policy. The first row of the table that fits
//! decides, and the code below stands in the order of the table. Nothing here reads a clock, a store or a key: the caller
//! has checked the MAC, and writes the row that is given back with one conditional write.
//!
//! Promises: without theft no honest client is told that its session has ended; whoever holds a copied token is found out
//! (row 9); an unproven presenter of a spent token gets no refresh token that he did not hold, save where a session never
//! used attempt ids.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{AttemptHash, RefreshRow};

mod bench;
mod case;

use bench::Bench;
pub use case::{Answer, RefreshCase};

/// What came with the request, MAC and delivery checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Presented {
    /// The token's generation, n.
    pub generation: u64,
    /// The hash of `attemptId`.
    pub attempt: Option<AttemptHash>,
    /// The hash of `lastAttemptId`.
    pub last_attempt: Option<AttemptHash>,
    /// The thumbprint of the key whose possession the request proves.
    pub proof: Option<[u8; 32]>,
}

/// When it is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The database's time.
    pub now: Timestamp,
    /// Whether the process has run for a whole window. Before that nothing ages out of `recent`: requests that were under
    /// way when the last process died may still arrive.
    pub settled: bool,
}

/// The numbers that the table leaves to configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgePolicy {
    /// W: how long a spent generation stays harmless after a later one has been presented.
    pub window: Lifetime,
    /// How long an unused session lives.
    pub idle: Lifetime,
    /// What a spent token means whose successor nobody has presented.
    pub undelivered: Undelivered,
    /// How many entries `recent` and `answered` hold, 1 to 8.
    pub ring: usize,
}

impl Default for JudgePolicy {
    fn default() -> Self {
        Self {
            window: Lifetime::from_seconds(30),
            idle: Lifetime::from_days(7),
            undelivered: Undelivered::Tolerate,
            ring: RING,
        }
    }
}

/// What a spent token means whose successor nobody has presented (`REFRESH__UNDELIVERED`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Undelivered {
    /// The answer was lost: harmless, however long ago.
    #[default]
    Tolerate,
    /// Harmless only within the window after it was spent. Finds thieves sooner, and signs people out whose ids were lost.
    Theft,
}

/// The judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Which row of the table decided.
    pub case: RefreshCase,
    /// What is answered.
    pub answer: Answer,
    /// The row to be written, its `version` raised; none where nothing changes. The refresh token of a full answer is that
    /// of this row, or of the judged one where there is none.
    pub write: Option<RefreshRow>,
}

/// Judges `presented` by the table of DESIGN section 1.
#[must_use]
pub fn judge(row: &RefreshRow, presented: &Presented, moment: Moment, policy: &JudgePolicy) -> Judged {
    let (n, g) = (presented.generation, row.generation);
    // The row keeps the greatest time it saw: a clock that steps back makes nothing young again.
    let now = moment.now.max(row.seen_at);

    // Row 1. A bound session answers nobody who does not prove the key.
    if n > g.saturating_add(FARTHEST_AHEAD) || (row.bound_key.is_some() && row.bound_key != presented.proof) {
        return refuse(RefreshCase::Invalid, Answer::Invalid);
    }
    // Row 2.
    if row.ended.is_some() {
        return refuse(RefreshCase::Ended, Answer::Revoked);
    }
    // A generation from beyond a rollback shows that the session was in use since: its idle deadline was rolled back, too.
    let deadline = if n > g { row.absolute_deadline } else { row.idle_deadline.min(row.absolute_deadline) };
    if now >= deadline {
        // Said once, it stays said, also if the clock steps back.
        let seen = RefreshRow { seen_at: now, version: row.version.saturating_add(1), ..row.clone() };
        let write = (row.seen_at < deadline).then_some(seen);
        return Judged { case: RefreshCase::Expired, answer: Answer::Expired, write };
    }

    let bench = Bench::new(row, presented, now, moment.settled, policy);

    // Row 3. Only our own rollback explains a generation that our MAC covers and our row does not know.
    if n > g {
        return bench.recover();
    }
    // A used-up id is absent, too, but whoever sends one is no server that renders pages: he may have lost all its answers.
    let is_page_server = row.uses_ids && presented.attempt.is_none();
    let lost_after = if is_page_server { SERVER_PATIENCE } else { SURELY_LOST };
    if n == g {
        // Row 4.
        if row.uses_ids && bench.attempt.is_none() && now.since(row.made_at) < lost_after {
            return bench.thin(RefreshCase::NoId);
        }
        // Row 5.
        return if bench.has_room() { bench.mint_next(RefreshCase::Rotated) } else { bench.thin(RefreshCase::Crowded) };
    }
    // Row 6.
    if bench.is_among(&row.answered) {
        return bench.repeat();
    }
    // Row 7.
    let spent = bench.row.recent.iter().find(|s| s.first <= n && n <= s.last);
    let undelivered =
        row.delivered.is_none_or(|delivered| n >= delivered) && spent.is_some_and(|s| s.passed_at.is_none());
    let spent_lately = spent.is_some_and(|s| now.since(s.spent_at) < policy.window);
    let harmless = match policy.undelivered {
        // What is still in `recent` has been passed less than W ago, or not at all.
        Undelivered::Tolerate => spent.is_some(),
        Undelivered::Theft => spent_lately || (!moment.settled && spent.is_some()),
    };
    let known = bench.row.recent.iter().any(|s| bench.is_among(&s.answered));
    if harmless || known {
        if !bench.row.uses_ids && spent_lately {
            return bench.hand_over(RefreshCase::LateNoIds);
        }
        let surely_lost = undelivered && now.since(row.made_at) > lost_after;
        if surely_lost && policy.undelivered == Undelivered::Tolerate && bench.has_room() {
            return bench.mint_again(RefreshCase::Reminted);
        }
        return bench.thin(if harmless { RefreshCase::Late } else { RefreshCase::LateKnown });
    }
    // Row 8. That the proof is by the bound key is row 1.
    if row.bound_key.is_some() {
        return bench.hand_over(RefreshCase::Proven);
    }
    // Row 9.
    bench.theft()
}

fn refuse(case: RefreshCase, answer: Answer) -> Judged {
    Judged { case, answer, write: None }
}

/// The number of the 90-day MAC period that `now` lies in.
#[must_use]
pub fn mac_period(now: Timestamp) -> u32 {
    u32::try_from(now.as_seconds() / MAC_PERIOD.as_seconds()).unwrap_or(0)
}

/// A MAC key serves for this long.
pub const MAC_PERIOD: Lifetime = Lifetime::from_days(90);
/// How many entries `recent` and `answered` hold.
pub const RING: usize = 8;
/// A generation further ahead of the row than this was never issued: no rollback loses a million rotations.
const FARTHEST_AHEAD: u64 = 1 << 20;
/// A sender without ids leaves the rotation to those with ids for this long.
const SERVER_PATIENCE: Lifetime = Lifetime::from_hours(24);
/// A successor that nobody has presented for this long was lost on its way.
const SURELY_LOST: Lifetime = Lifetime::from_hours(1);

#[cfg(test)]
mod tests;
