//! Checks a sequence of records against its chain and says what is wrong with which of them.
//!
//! Records come one by one, as a database's pages or the lines of an export give them; memory is bounded. Each record carries
//! the hash that it was chained to, so that one that was changed is told from one whose neighbour was. What the chain alone
//! cannot tell is whether it was made anew from some record on by someone who may write the whole database; points that were
//! signed or noted elsewhere show that ([`Verifier::checkpoint`], [`Verifier::expect`]).

mod known;

use std::collections::{BTreeMap, VecDeque};

use crate::blinding::Blinding;
use crate::chain::{Link, Place};
use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::export::LineError;
use crate::finding::{Finding, Report};
use crate::hash::Hash;
use crate::record::Record;

/// How far back a record that was moved or put in is searched for.
const REACH: usize = 64;

/// The most findings that are kept; the rest is counted.
const MOST_FINDINGS: usize = 100;

/// The most points that are kept. At one checkpoint an hour these are a hundred years.
const MOST_KNOWN: usize = 1_000_000;

/// A check under way. In this order: the base, checkpoints and known points; then the sealed records; then the rest.
#[derive(Debug)]
pub struct Verifier {
    /// The place that the next record should follow.
    last: Link,
    /// The last places, as the records themselves state them; the newest, `last`, is at the back.
    recent: VecDeque<Link>,
    /// Records about which there is a finding: perhaps they were only moved.
    suspects: VecDeque<Place>,
    /// The last record, if it is chained past others about which there is no doubt; the next one decides who is right.
    claim: Option<Claim>,
    /// Numbers of records that a finding already speaks of.
    explained: VecDeque<u64>,
    /// Ranges of numbers that were skipped.
    gaps: Vec<(u64, u64)>,
    /// Points that the chain must go through, by number and by hash.
    known: BTreeMap<u64, Hash>,
    known_hashes: BTreeMap<Hash, u64>,
    /// Checkpoints that are among them.
    signed: BTreeMap<u64, Checkpoint>,
    /// The last point that the chain went through.
    anchor: u64,
    /// Whether the chain has left the known points: one finding is enough.
    is_made_anew: bool,
    /// By how much the records that now come were renumbered.
    shift: u64,
    /// The number that the next checkpoint must have.
    next_checkpoint: Option<u64>,
    report: Report,
}

/// A record that says that the ones before it are no part of the chain.
#[derive(Debug)]
struct Claim {
    place: Place,
    /// What stands before it.
    before: Hash,
}

impl Verifier {
    /// A check of the whole chain, from its first record on.
    #[must_use]
    pub fn whole() -> Self {
        Self::after(Link::START)
    }

    /// A check that starts behind a point that is trusted, such as the head of an earlier check.
    #[must_use]
    pub fn after(trusted: Link) -> Self {
        Self {
            last: trusted,
            recent: VecDeque::from([trusted]),
            suspects: VecDeque::new(),
            claim: None,
            explained: VecDeque::new(),
            gaps: Vec::new(),
            known: BTreeMap::new(),
            known_hashes: BTreeMap::new(),
            signed: BTreeMap::new(),
            anchor: trusted.seq,
            is_made_anew: false,
            shift: 0,
            next_checkpoint: None,
            report: Report::new(trusted),
        }
    }

    /// A check of a chain whose beginning was given up, as this signed base says.
    #[must_use]
    pub fn behind(base: Checkpoint) -> Self {
        let mut verifier = Self::after(base.link);
        verifier.report.base = Some(base);
        verifier.next_checkpoint = base.number.checked_add(1);
        verifier
    }

    /// Demands that the chain goes through `known`, a head that was noted elsewhere.
    #[must_use]
    pub fn expect(mut self, known: Link) -> Self {
        self.know(known);
        self
    }

    /// Notes which key checkpoints are checked with.
    pub fn trusts(&mut self, kid: &str) {
        self.report.key = Some(kid.to_owned());
    }

    /// Notes that a checkpoint or base is not believed; `what` says which.
    pub fn forged(&mut self, what: impl Into<String>, error: CheckpointError) {
        self.find(Finding::Forged { what: what.into(), error });
    }

    /// Notes another finding.
    pub fn note(&mut self, finding: Finding) {
        self.find(finding);
    }

    /// How many checkpoints there were.
    pub(crate) const fn checkpoints(&self) -> u64 {
        self.report.checkpoints
    }

    /// Reads the next sealed record, which states that its place is `place`.
    pub fn read(&mut self, place: Place, record: &Record) {
        self.report.sealed = self.report.sealed.saturating_add(1);
        if matches!(record.blinding, Blinding::Erased(_)) {
            self.report.erased = self.report.erased.saturating_add(1);
        }
        let is_itself = place.fits(record);
        if place.link.seq <= self.last.seq {
            self.read_late(place, is_itself);
            return;
        }
        self.step(place, is_itself);
        self.compare(place.link);
        self.advance(place.link);
    }

    /// Reads a sealed record of which a field is no such field any more.
    pub fn read_spoilt(&mut self, place: Place, column: &'static str) {
        self.report.sealed = self.report.sealed.saturating_add(1);
        let seq = place.link.seq;
        if seq > self.last.seq.saturating_add(1) {
            self.gaps.push((self.last.seq.saturating_add(1), seq - 1));
        }
        self.find(Finding::Spoilt { seq, column });
        self.explain(seq);
        if seq > self.last.seq {
            self.compare(place.link);
            self.advance(place.link);
        }
    }

    /// Reads a record that waits for the sealer.
    pub fn read_unsealed(&mut self, record: &Record) {
        self.report.unsealed = self.report.unsealed.saturating_add(1);
        let since = self.report.unsealed_since.map_or(record.at, |since| since.min(record.at));
        self.report.unsealed_since = Some(since);
    }

    /// Demands that the chain ends at `head`, as the database or export states it. To be called after the last sealed record.
    pub fn ends_at(&mut self, head: Link) {
        if self.last.seq > head.seq {
            self.find(Finding::BeyondTheHead { seq: head.seq });
        } else if self.last.seq == head.seq && self.last != head {
            self.find(Finding::NotTheKnown { seq: head.seq, after: self.anchor });
        } else if self.last.seq < head.seq {
            self.know(head);
        }
    }

    /// The last sealed record that was read; before the first, where the check starts.
    #[must_use]
    pub const fn last(&self) -> Link {
        self.last
    }

    /// Notes that line `line` of an export says nothing lawful.
    pub fn read_damaged(&mut self, line: u64, error: LineError) {
        self.find(Finding::Unreadable { line, error });
    }

    /// The result.
    #[must_use]
    pub fn finish(mut self) -> Report {
        if let Some(claim) = self.claim.take() {
            self.accept(claim.place);
        }
        for (first, last) in std::mem::take(&mut self.gaps) {
            self.find(Finding::Missing { first, last });
        }
        let reached = self.last.seq.saturating_add(self.shift);
        if let Some(last) = self.known.keys().next_back().copied().filter(|last| *last > reached) {
            self.find(Finding::CutOff { first: reached.saturating_add(1), last });
        }
        self.report.head = self.last;
        self.report
    }

    /// A record with a greater number than any before it.
    fn step(&mut self, place: Place, is_itself: bool) {
        let seq = place.link.seq;
        self.decide(place.prev);
        let follows = place.prev == self.last.hash;
        if seq > self.last.seq.saturating_add(1) {
            if follows {
                // Nothing is missing: it was the number that was changed.
                self.find(Finding::Moved { seq });
            } else {
                self.gaps.push((self.last.seq.saturating_add(1), seq - 1));
            }
        }
        let is_next = seq == self.last.seq.saturating_add(1);
        if is_next && !follows {
            self.judge(place, is_itself);
        } else if !is_itself {
            self.suspect(Finding::Changed { seq }, place);
        }
    }

    /// A record whose number was already passed: it fills a gap, or its number is there twice.
    fn read_late(&mut self, place: Place, is_itself: bool) {
        let link = place.link;
        let Some(at) = self.gaps.iter().position(|(first, last)| (*first..=*last).contains(&link.seq)) else {
            self.find(Finding::Inserted { seq: link.seq });
            return;
        };
        let (first, last) = self.gaps.swap_remove(at);
        if first < link.seq {
            self.gaps.push((first, link.seq - 1));
        }
        if link.seq < last {
            self.gaps.push((link.seq + 1, last));
        }
        self.gaps.sort_unstable();
        self.find(Finding::Moved { seq: link.seq });
        if !is_itself {
            self.find(Finding::Changed { seq: link.seq });
        }
        // The next late record may be the one after this.
        self.remember(link, self.recent.len().saturating_sub(1));
    }

    /// A record with the right number that is not chained to the one before it. Whose fault is it?
    fn judge(&mut self, place: Place, is_itself: bool) {
        let seq = place.link.seq;
        let Some(parent) = self.recent.iter().rposition(|earlier| earlier.hash == place.prev) else {
            let before = self.last.seq;
            let has_changed =
                |f: &Finding| matches!(f, Finding::Changed { seq } | Finding::Spoilt { seq, .. } if *seq == before);
            if !is_itself {
                self.suspect(Finding::Changed { seq }, place);
            } else if !self.report.findings.iter().rev().any(has_changed) {
                self.suspect(Finding::Torn { seq }, place);
            }
            return;
        };
        if !is_itself {
            // Its word counts for nothing.
            self.suspect(Finding::Changed { seq }, place);
            return;
        }
        let between: Vec<u64> = self.recent.iter().skip(parent + 1).map(|l| l.seq).collect();
        let is_doubtful = |seq: &u64| self.explained.contains(seq) || self.suspects.iter().any(|s| s.link.seq == *seq);
        let is_awaited = self.suspects.iter().any(|s| s.prev == place.link.hash && between.contains(&s.link.seq));
        if is_awaited || between.iter().all(is_doubtful) {
            self.accept(place);
        } else {
            self.claim = Some(Claim { place, before: self.last.hash });
        }
    }

    /// The next record is chained to `prev`: to the one that made a claim, or past it?
    fn decide(&mut self, prev: Hash) {
        let Some(claim) = self.claim.take() else { return };
        let seq = claim.place.link.seq;
        if prev == claim.place.link.hash {
            self.accept(claim.place);
        } else if prev == claim.before {
            self.find(Finding::Inserted { seq });
            self.explain(seq);
        } else {
            self.suspect(Finding::Torn { seq }, claim.place);
        }
    }

    /// The chain goes from an earlier record straight to this one: what was read between them was put in, or belongs behind it.
    fn accept(&mut self, place: Place) {
        let seq = place.link.seq;
        let Some(parent) = self.recent.iter().rposition(|earlier| earlier.hash == place.prev) else { return };
        let between: Vec<u64> = self.recent.iter().skip(parent + 1).map(|l| l.seq).filter(|s| *s < seq).collect();
        for seq in between {
            if self.explained.contains(&seq) {
                continue;
            }
            let suspect = self.suspects.iter().position(|s| s.link.seq == seq).and_then(|at| self.suspects.remove(at));
            let finding = match &suspect {
                Some(suspect) if suspect.prev == place.link.hash => Finding::Moved { seq },
                _ => Finding::Inserted { seq },
            };
            // The suspicion, if there was one, becomes the finding.
            let is_suspicion =
                |f: &&mut Finding| matches!(f, Finding::Changed { seq: s } | Finding::Torn { seq: s } if *s == seq);
            match self.report.findings.iter_mut().find(is_suspicion) {
                Some(suspicion) => *suspicion = finding,
                None => self.find(finding),
            }
            self.explain(seq);
        }
        self.explain(seq);
    }

    fn suspect(&mut self, finding: Finding, place: Place) {
        self.find(finding);
        self.suspects.push_back(place);
        if self.suspects.len() > REACH {
            self.suspects.pop_front();
        }
    }

    fn advance(&mut self, link: Link) {
        self.last = link;
        self.remember(link, self.recent.len());
    }

    fn remember(&mut self, link: Link, at: usize) {
        self.recent.insert(at.min(self.recent.len()), link);
        if self.recent.len() > REACH {
            self.recent.pop_front();
        }
    }

    fn explain(&mut self, seq: u64) {
        self.explained.push_back(seq);
        if self.explained.len() > REACH {
            self.explained.pop_front();
        }
    }

    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(finding);
        } else {
            self.report.more_findings = self.report.more_findings.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
