//! The watcher: sees every judgement and says what must never be.

use countersign_kernel::Lifetime;
use countersign_session::judge::{Answer, Presented};

use crate::scenario::Scenario;
use crate::server::{HOUR, Maker, Server, presented};
use crate::state::{State, Thief, Watch};

/// Whose request it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Party {
    /// The browser's owner, by one of his senders.
    Owner(usize),
    /// The thief.
    Thief,
}

impl State {
    /// A presentation is judged; returns the generation of the token that comes back, if one does.
    pub(crate) fn present(&mut self, scenario: &Scenario, shown: &Presented, party: Party) -> Option<u64> {
        let before = self.server.row.clone();
        let answer = self.server.present(scenario, shown);
        let stolen = self.thief.is_some();
        let answered = matches!(answer, Answer::Full | Answer::Thin);
        let made = self.server.row.generation > before.generation;
        let faults = &mut self.watch.faults;

        faults.revived |= before.ended.is_some() && answered;
        faults.signed_out |= !stolen && !answered;
        if made {
            self.server.live = match party {
                Party::Owner(sender) if stolen => {
                    let mut count = 3;
                    if let Some(made) = self.watch.owner_made.get_mut(sender) {
                        *made = made.saturating_add(1).min(3);
                        count = *made;
                    }
                    Maker::Owner(count)
                }
                Party::Owner(_) => Maker::BeforeTheft,
                Party::Thief => Maker::Thief,
            };
        }
        if party == Party::Thief && answered {
            // Without ids there is nothing to tell the two apart by, for as long as W.
            let uses_ids = self.server.row.uses_ids;
            faults.kept_up |= uses_ids && answer == Answer::Full && self.server.live == Maker::Owner(3);
            faults.missed |= self.watch.refreshes >= 2 && self.watch.since >= scenario.window();
        }
        if let Party::Owner(_) = party
            && stolen
            && made
        {
            self.count_refresh(scenario, shown.generation, before.generation);
        }
        self.watch.owner_answered |= stolen && party != Party::Thief && answered;
        self.watch.thief_answered |= party == Party::Thief && answered;
        if party == Party::Thief && answer == Answer::Full && !self.server.row.uses_ids {
            // Without ids he is given the owner's tokens for as long as W: only what comes after counts.
            self.watch.refreshes = 0;
        }
        if made || self.server.row.delivered != before.delivered {
            self.watch.faults.two_lines |= scenario.rollbacks == 0 && self.server.has_two_lines(scenario);
        }
        (answer == Answer::Full).then_some(self.server.row.generation)
    }

    /// The owner has made a generation from `n` where `live` was the newest. Counts as a refresh if he goes on from where
    /// the last one led him, and if no rollback has left the thief with a token that is still to come.
    fn count_refresh(&mut self, scenario: &Scenario, n: u64, live: u64) {
        let to_come = |thief: &Thief| n == live && thief.tokens.iter().any(|token| *token > n);
        let watch = &mut self.watch;
        let both = watch.owner_answered && watch.thief_answered;
        let goes_on = watch.refreshes == 0 || (n > watch.refreshed_from && watch.since > scenario.window());
        if both && goes_on && watch.refreshes < 2 && !self.thief.as_ref().is_some_and(to_come) {
            watch.refreshes += 1;
            watch.since = 0;
            watch.refreshed_from = n;
        }
    }
}

impl Watch {
    pub(crate) fn grow_older(&mut self, scenario: &Scenario, span: Lifetime) {
        if self.refreshes > 0 {
            self.since = self.since.saturating_add(scenario.units(span)).min(scenario.window() + 1);
        }
    }
}

impl Server {
    /// Whether two generations could both be continued within the next hours, neither made from the other.
    fn has_two_lines(&self, scenario: &Scenario) -> bool {
        let mut known: Vec<u64> = self.parents.iter().flat_map(|(made, from)| [*made, *from]).collect();
        known.push(self.row.generation);
        known.sort_unstable();
        known.dedup();
        known.retain(|generation| self.could_continue(scenario, *generation));
        known.windows(2).any(|pair| matches!(pair, [older, newer] if !self.comes_from(*newer, *older)))
    }

    fn could_continue(&self, scenario: &Scenario, generation: u64) -> bool {
        let stranger = presented(generation, Some(u8::MAX), None, scenario.bound);
        let judged = self.judge(scenario, &stranger, HOUR);
        judged.write.is_some_and(|row| row.generation > self.row.generation)
    }

    fn comes_from(&self, mut newer: u64, older: u64) -> bool {
        while newer > older {
            match self.parents.iter().find(|(made, _)| *made == newer) {
                Some((_, from)) => newer = *from,
                None => return false,
            }
        }
        newer == older
    }
}
