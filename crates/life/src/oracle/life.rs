//! What the oracle knows of one session.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fact, Party, WINDOW};
use crate::http::{Answer, generation};
use crate::report::Kind;
use crate::time::{At, HOUR, SECOND, show};

/// How many generations back moments are remembered.
const REMEMBERED: usize = 64;

#[derive(Debug, Clone)]
pub(super) struct Life {
    pub(super) browser: usize,
    /// The row's clock: the greatest time that the server has judged at.
    pub(super) row_time: At,
    /// When the server said that it is over, whatever happens, by the server's clock.
    absolute: At,
    uses_ids: bool,
    /// The newest generation that anybody was given.
    newest: u64,
    /// The highest generation presented: the last one delivered.
    delivered: u64,
    /// When generations were spent, by the row's clock: the first of each range, its last, the moment.
    spent: BTreeMap<u64, (u64, At)>,
    /// The highest generation presented when the backup was taken that was put back.
    behind: u64,
    /// Until when the server said that it lives at least.
    promised: At,
    pub(super) ended: Option<At>,
    /// Its owner was refused, though nobody has ended it.
    pub(super) is_refused: bool,
    pub(super) is_found: bool,
    /// A thief has used his copy.
    pub(super) is_stolen: bool,
    /// The same two, whatever was put back since.
    pub(super) was_stolen: bool,
    pub(super) was_found: bool,
    pub(super) is_gone: bool,
    is_missed: bool,
    copied_ids: BTreeSet<String>,
    owner_ids: BTreeSet<String>,
    pub(super) counts: Counts,
}

/// Since the copy, or since a backup was put back.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    owner: Side,
    thief: Side,
}

#[derive(Debug, Clone, Default)]
struct Side {
    /// The generations that it was given, in order.
    given: Vec<u64>,
    /// The highest generation that it holds, or that was answered to an id which it knows: it may prove that it belongs there.
    reach: u64,
    /// When the other presented a generation beyond its reach, by the row's clock.
    passed: Option<At>,
    /// When it was first answered.
    since: Option<At>,
    answers: u32,
}

impl Counts {
    /// Counts begin; both reach up to `newest`.
    pub(super) fn from(newest: u64) -> Self {
        let side = Side { reach: newest, ..Side::default() };
        Self { owner: side.clone(), thief: side }
    }

    /// Since when both have been answered.
    pub(super) fn both_since(&self) -> Option<At> {
        Some(self.owner.since?.max(self.thief.since?))
    }
}

impl Life {
    pub(super) fn new(browser: usize, newest: u64, server: At) -> Self {
        Self {
            browser,
            row_time: server,
            absolute: At::MAX,
            uses_ids: false,
            newest,
            delivered: 0,
            spent: BTreeMap::new(),
            behind: 0,
            promised: 0,
            ended: None,
            is_refused: false,
            is_found: false,
            is_stolen: false,
            was_stolen: false,
            was_found: false,
            is_gone: false,
            is_missed: false,
            copied_ids: BTreeSet::new(),
            owner_ids: BTreeSet::new(),
            counts: Counts::default(),
        }
    }

    /// Takes note of how long the server says that the session lives.
    pub(super) fn promise(&mut self, server: At, answer: &Answer) {
        let until = |pointer| answer.number(pointer).map_or(At::MAX, |seconds| server + seconds * SECOND);
        self.absolute = until("/session/expiresIn");
        self.promised = self.promised.max(self.absolute.min(until("/session/idleExpiresIn")));
    }

    /// These ids were copied: from now on both know them, though they may never have been answered.
    pub(super) fn know_ids(&mut self, copied: BTreeSet<String>) {
        self.owner_ids.extend(copied.iter().cloned());
        self.copied_ids.extend(copied);
    }

    /// The database is what it was `then`.
    pub(super) fn fall_back_to(&mut self, then: &Self) {
        let known = (self.copied_ids.clone(), self.owner_ids.clone(), self.promised, self.is_refused);
        let (was_stolen, was_found) = (self.was_stolen, self.was_found || self.is_found);
        let (is_stolen, reach, ended) = (self.is_stolen, self.reach(), self.ended);
        *self = then.clone();
        self.ended = ended;
        (self.copied_ids, self.owner_ids, self.promised, self.is_refused) = known;
        (self.was_stolen, self.was_found) = (was_stolen, was_found);
        // What a thief got before, he still has.
        self.is_stolen = is_stolen;
        self.counts = Counts::from(reach);
        self.behind = self.delivered;
    }

    /// The highest generation that anybody holds.
    pub(super) fn reach(&self) -> u64 {
        self.newest.max(self.counts.owner.reach).max(self.counts.thief.reach)
    }

    pub(super) fn hear_success(&mut self, fact: &Fact<'_>) -> Option<(Kind, String)> {
        let here = |text: &str| format!("{} {}, generation {}: {text}", show(fact.at), fact.session, fact.presented);
        if let Some(ended) = self.ended
            && fact.at > ended
        {
            return Some((Kind::Undead, here("answered after its end")));
        }
        if self.is_gone {
            return Some((Kind::Undead, here("answered, though the database never knew it")));
        }
        if fact.server >= self.absolute + SECOND {
            return Some((Kind::Undead, here("answered after its deadline")));
        }
        let given = fact.answer.refresh_token().map(generation).filter(|_| fact.answer.is_rotated());
        let missed = if self.is_stolen { self.weigh(fact, given) } else { None };
        // Each session is told of once.
        let missed = missed.filter(|_| !std::mem::replace(&mut self.is_missed, true));
        let wrong = missed.map(|text| (Kind::MissedTheft, here(text)));
        self.learn(fact, given);
        wrong
    }

    /// Whether a theft is missed by this answer.
    fn weigh(&mut self, fact: &Fact<'_>, given: Option<u64>) -> Option<&'static str> {
        let now = self.row_time;
        let proves = |ids: &BTreeSet<String>| [fact.attempt, fact.last].iter().flatten().any(|id| ids.contains(*id));
        // A session that never used ids answers whoever comes within W of the spending.
        let is_near = !self.uses_ids
            && fact.attempt.is_none()
            && self.spent_at(fact.presented).is_none_or(|spent| now - spent < WINDOW);
        let spent = |side: &Side| self.spent_at(side.reach).is_none_or(|spent| now - spent > WINDOW);
        let is_told = [spent(&self.counts.owner), spent(&self.counts.thief)];
        let [of_owner, of_thief] = is_told;
        let (own, other, others_ids, is_told) = match fact.party {
            Party::Owner => (&mut self.counts.owner, &mut self.counts.thief, &self.copied_ids, of_thief),
            Party::Thief => (&mut self.counts.thief, &mut self.counts.owner, &self.owner_ids, of_owner),
        };
        own.answers += 1;
        own.since.get_or_insert(fact.at);
        if own.passed.is_some_and(|passed| now >= passed + WINDOW) && fact.age >= WINDOW {
            return Some("answered, though the other presented a generation beyond its reach W ago");
        }
        // Within W of the spending a late answer may still put the older token back into the jar.
        if fact.presented > other.reach && is_told {
            other.passed.get_or_insert(now);
        }
        let given = given?;
        let is_new = !own.given.contains(&given);
        if is_new {
            own.given.push(given);
        }
        if given > own.reach {
            (own.reach, own.passed) = (given, None);
        }
        if proves(others_ids) && given > other.reach {
            (other.reach, other.passed) = (given, None);
        }
        let owners_third = other.given.iter().position(|generation| *generation == given).is_some_and(|at| at >= 2);
        if fact.party == Party::Thief && is_new && owners_third && !is_near {
            return Some("the thief was given the owner's third generation or a later one");
        }
        None
    }

    fn learn(&mut self, fact: &Fact<'_>, given: Option<u64>) {
        let now = self.row_time;
        self.promise(fact.server, fact.answer);
        self.uses_ids |= fact.attempt.is_some() || fact.last.is_some();
        self.delivered = self.delivered.max(fact.presented);
        if let Some(given) = given.filter(|given| *given > self.newest) {
            self.spent.insert(self.newest, (given - 1, now));
            self.newest = given;
        }
        if fact.party == Party::Owner {
            self.owner_ids.extend([fact.attempt, fact.last].into_iter().flatten().map(str::to_owned));
        }
        while self.spent.len() > REMEMBERED {
            self.spent.pop_first();
        }
    }

    fn spent_at(&self, generation: u64) -> Option<At> {
        let (_, (last, at)) = self.spent.range(..=generation).next_back()?;
        (*last >= generation).then_some(*at)
    }

    /// Why an honest session may be told this; none where it may not.
    pub(super) fn excuse(&self, fact: &Fact<'_>, code: &str) -> Option<&'static str> {
        match code {
            "TOKEN_INVALID" if self.is_gone => return Some("opened after the backup"),
            // What was answered is in whole seconds, rounded down.
            "TOKEN_EXPIRED" if self.row_time >= self.promised => return Some("past its deadline"),
            "TOKEN_REUSED" | "TOKEN_REVOKED" => {}
            _ => return None,
        }
        (fact.presented < self.behind).then_some("fallen behind a backup")
    }

    /// Whether both have been answered for a day.
    pub(super) fn is_shared_for_long(&self) -> bool {
        let Some(since) = self.counts.both_since().filter(|_| self.ended.is_none() && !self.is_gone) else {
            return false;
        };
        let enough = |side: &Side| side.answers >= 50;
        self.uses_ids && self.row_time - since > 24 * HOUR && enough(&self.counts.owner) && enough(&self.counts.thief)
    }
}
