//! Rules that other systems use. They must fail in this model: that shows that it finds faults.

use countersign_session::judge::{Answer, JudgePolicy, Judged, Moment, Presented, RefreshCase};
use countersign_store::{Answered, EndReason, Ended, RefreshRow, Spent};

/// A rule that other systems use, or that we used to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rival {
    /// A spent token is theft, at once.
    Strict,
    /// For a while after it was spent, a token is answered with its successor; then it is theft.
    WindowOnly,
    /// The parent of the live token is answered with it for ever; anything older is theft.
    ParentForEver,
    /// A window that each use renews, and the successor for whoever comes within it.
    RenewedWindow,
}

impl Rival {
    pub(crate) fn judge(self, row: &RefreshRow, presented: &Presented, moment: Moment, policy: &JudgePolicy) -> Judged {
        let (n, g) = (presented.generation, row.generation);
        if row.ended.is_some() {
            return Judged { case: RefreshCase::Ended, answer: Answer::Revoked, write: None };
        }
        if n >= g {
            return rotate(row, presented, moment, n);
        }
        let young = |s: &&Spent| s.first <= n && n <= s.last && moment.now.since(s.spent_at) < policy.window;
        let knows = |a: &Answered| Some(a.id) == presented.attempt || Some(a.id) == presented.last_attempt;
        let same = |write| Judged { case: RefreshCase::Repeated, answer: Answer::Full, write };
        match self {
            Self::WindowOnly if row.recent.iter().any(|s| young(&s)) => same(None),
            Self::ParentForEver if n + 1 == g => same(None),
            Self::RenewedWindow if row.recent.iter().any(|s| young(&s)) || row.answered.iter().any(knows) => {
                let mut row = row.clone();
                row.recent.retain(|s| s.first != n);
                row.recent.push(Spent { first: n, last: n, spent_at: moment.now, passed_at: None, answered: vec![] });
                if let Some(id) = presented.attempt.filter(|id| !row.answered.iter().any(|a| a.id == *id)) {
                    row.answered.push(Answered { id, mints: 0 });
                }
                same(Some(row))
            }
            _ => theft(row, moment),
        }
    }
}

fn rotate(row: &RefreshRow, presented: &Presented, moment: Moment, n: u64) -> Judged {
    let mut row = row.clone();
    row.recent.push(Spent { first: n, last: n, spent_at: moment.now, passed_at: None, answered: vec![] });
    // Older ones than these are of no use to any of the rules here.
    let surplus = row.recent.len().saturating_sub(8);
    row.recent.drain(..surplus);
    row.answered = presented.attempt.map(|id| Answered { id, mints: 1 }).into_iter().collect();
    row.uses_ids |= presented.attempt.is_some();
    row.generation = n + 1;
    row.made_at = moment.now;
    Judged { case: RefreshCase::Rotated, answer: Answer::Full, write: Some(row) }
}

fn theft(row: &RefreshRow, moment: Moment) -> Judged {
    let mut row = row.clone();
    row.ended = Some(Ended { at: moment.now, reason: EndReason::Theft });
    Judged { case: RefreshCase::Theft, answer: Answer::Reused, write: Some(row) }
}
