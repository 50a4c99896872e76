//! The bench at which a judged row becomes the row to be written.
//!
//! Every write of a session's row after a judgement is made here: aging, minting, marking as delivered, ending. The table
//! itself decides nothing of that, it only says which of these acts fits.

use countersign_kernel::{Lifetime, Timestamp};
use countersign_store::{Answered, AttemptHash, EndReason, Ended, RefreshRow, Spent};

use super::{Answer, JudgePolicy, Judged, Presented, RefreshCase, mac_period};

/// The row in the making: aged, and with the ids that count.
pub(super) struct Bench<'a> {
    judged: &'a RefreshRow,
    pub(super) row: RefreshRow,
    n: u64,
    pub(super) attempt: Option<AttemptHash>,
    last_attempt: Option<AttemptHash>,
    now: Timestamp,
    policy: &'a JudgePolicy,
}

impl<'a> Bench<'a> {
    pub(super) fn new(
        judged: &'a RefreshRow,
        presented: &Presented,
        now: Timestamp,
        settled: bool,
        policy: &'a JudgePolicy,
    ) -> Self {
        let mut row = judged.clone();
        row.seen_at = now;
        row.uses_ids |= presented.attempt.is_some() || presented.last_attempt.is_some();
        if settled {
            row.recent.retain(|s| s.passed_at.is_none_or(|passed| now.since(passed) < policy.window));
        }
        let counts = |id: &AttemptHash| mints(judged, *id) < MOST_MINTS;
        Self {
            judged,
            row,
            n: presented.generation,
            attempt: presented.attempt.filter(counts),
            last_attempt: presented.last_attempt.filter(counts),
            now,
            policy,
        }
    }

    pub(super) fn is_among(&self, answered: &[Answered]) -> bool {
        answered.iter().any(|a| Some(a.id) == self.attempt || Some(a.id) == self.last_attempt)
    }

    pub(super) fn has_room(&self) -> bool {
        self.row.recent.len() < self.policy.ring
    }

    pub(super) fn mint_next(self, case: RefreshCase) -> Judged {
        let made = self.judged.generation.saturating_add(1);
        self.mint(case, made)
    }

    /// Mints from n although n is spent: its successor never arrived. What was made from n until now is given up and ages from
    /// this moment on, as if it had been passed. Otherwise two holders of different generations could both go on for ever,
    /// each an hour after the other.
    pub(super) fn mint_again(self, case: RefreshCase) -> Judged {
        let (n, now) = (self.n, self.now);
        let mut judged = self.mint_next(case);
        for spent in judged.write.iter_mut().flat_map(|row| &mut row.recent).filter(|spent| spent.first > n) {
            spent.passed_at.get_or_insert(now);
        }
        judged
    }

    pub(super) fn recover(self) -> Judged {
        let made = self.n.saturating_add(RECOVERY_JUMP);
        self.mint(RefreshCase::Recovered, made)
    }

    /// Makes generation `made`; all from the row's own on are spent now.
    fn mint(mut self, case: RefreshCase, made: u64) -> Judged {
        let judged = self.judged;
        let answered = std::mem::take(&mut self.row.answered);
        let (first, last) = (judged.generation, made.saturating_sub(1));
        self.row.recent.push(Spent { first, last, spent_at: self.now, passed_at: None, answered });
        // Only a recovery finds no room. Forgetting an entry could take a late honest request for theft: join the oldest.
        if self.row.recent.len() > self.policy.ring {
            join_oldest(&mut self.row.recent, self.policy.ring);
        }
        self.row.answered.extend(self.attempt.map(|id| Answered { id, mints: mints(judged, id).saturating_add(1) }));
        self.row.generation = made;
        self.row.made_at = self.now;
        self.row.period = mac_period(self.now);
        self.write(case, Answer::Full)
    }

    pub(super) fn repeat(mut self) -> Judged {
        if let Some(id) = self.attempt.filter(|id| !self.row.answered.iter().any(|a| a.id == *id)) {
            if self.row.answered.len() >= self.policy.ring {
                return self.thin(RefreshCase::RepeatedCrowded);
            }
            self.row.answered.push(Answered { id, mints: mints(self.judged, id) });
        }
        self.hand_over(RefreshCase::Repeated)
    }

    /// Hands out the live token once more. It may arrive this time: once it is no longer young, it counts as young
    /// again.
    pub(super) fn hand_over(mut self, case: RefreshCase) -> Judged {
        if self.now.since(self.row.made_at) >= NO_LONGER_YOUNG {
            self.row.made_at = self.now;
        }
        self.write(case, Answer::Full)
    }

    pub(super) fn thin(self, case: RefreshCase) -> Judged {
        self.write(case, Answer::Thin)
    }

    pub(super) fn theft(mut self) -> Judged {
        self.row.ended = Some(Ended { at: self.now, reason: EndReason::Theft });
        self.row.version = self.judged.version.saturating_add(1);
        Judged { case: RefreshCase::Theft, answer: Answer::Reused, write: Some(self.row) }
    }

    /// The row is written where later judgements would differ or the idle deadline has moved far enough. What changes nothing
    /// is answered without a write, so that a crowd with one token makes one.
    fn write(mut self, case: RefreshCase, answer: Answer) -> Judged {
        self.pass();
        let idle_deadline = self.slid_idle();
        let slid = idle_deadline.since(self.judged.idle_deadline) >= SLIDE_AT_MOST_EVERY;
        // All but the idle deadline, the greatest time seen and the version, which follow from having written.
        let marks = |row: &RefreshRow| (row.generation, row.made_at, row.delivered, row.uses_ids);
        let differs = marks(&self.row) != marks(self.judged)
            || self.row.answered != self.judged.answered
            || self.row.recent != self.judged.recent;
        if !(slid || differs || case.is_audited()) {
            return Judged { case, answer, write: None };
        }
        self.row.idle_deadline = idle_deadline;
        self.row.version = self.judged.version.saturating_add(1);
        Judged { case, answer, write: Some(self.row) }
    }

    /// Raises `delivered` to n; what that passes begins to age, once.
    ///
    /// An answer may arrive late and put an older token back into the jar, as long as a client waits for it after that token
    /// was spent. Only a presentation that was sent later than that tells what the jar will hold, so one that is judged
    /// within W of the spending passes nothing. (10 s for the answer, and 20 s for a request that was sent before it came.)
    fn pass(&mut self) {
        self.row.delivered = Some(self.row.delivered.map_or(self.n, |delivered| delivered.max(self.n)));
        let (n, now, window) = (self.n, self.now, self.policy.window);
        for spent in self.row.recent.iter_mut().filter(|s| s.last < n && now.since(s.spent_at) > window) {
            spent.passed_at.get_or_insert(now);
        }
    }

    fn slid_idle(&self) -> Timestamp {
        (self.now + self.policy.idle).min(self.judged.absolute_deadline).max(self.judged.idle_deadline)
    }
}

/// How many generations this id has minted, as far as the row remembers.
fn mints(row: &RefreshRow, id: AttemptHash) -> u8 {
    let remembered = row.recent.iter().flat_map(|s| &s.answered).chain(&row.answered);
    remembered.filter(|a| a.id == id).map(|a| a.mints).max().unwrap_or(0)
}

/// Joins the two oldest entries into one range: more lenient than either, and never longer-lived than the younger.
fn join_oldest(recent: &mut Vec<Spent>, ring: usize) {
    if recent.len() < 2 {
        return;
    }
    let older = recent.remove(0);
    if let Some(joined) = recent.first_mut() {
        joined.first = joined.first.min(older.first);
        joined.passed_at = joined.passed_at.zip(older.passed_at).map(|(a, b)| a.max(b));
        for answered in older.answered {
            if joined.answered.len() < ring && !joined.answered.iter().any(|a| a.id == answered.id) {
                joined.answered.push(answered);
            }
        }
    }
}

/// How far a recovered session jumps: past whatever the lost timeline may have issued.
const RECOVERY_JUMP: u64 = 1024;
/// Long after any answer has arrived or died, and well within the time after which a successor counts as lost.
const NO_LONGER_YOUNG: Lifetime = Lifetime::from_minutes(30);
/// An id that has minted this many generations counts as absent.
const MOST_MINTS: u8 = 3;
/// An answer that changes nothing else writes the idle deadline at most this often.
const SLIDE_AT_MOST_EVERY: Lifetime = Lifetime::from_minutes(1);
