//! What happened, for people: a line of numbers, and where something is wrong the life of that browser.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crate::time::{At, HOUR, show};

/// How much of a browser's life is remembered.
const LINES: usize = 1_500;
/// How much of it is printed.
const SHOWN: usize = 120;
/// How many findings are printed with the browser's life.
const TOLD: usize = 5;

/// What must not happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A session without a thief was told that it is over.
    FalseSignOut,
    /// A thief went on being answered, or got what he must not get.
    MissedTheft,
    /// A session that had ended was answered.
    Undead,
    /// The audit log is not what happened.
    Audit,
    /// The server did what no rule foresees.
    Other,
}

/// One of those.
#[derive(Debug)]
pub struct Finding {
    /// Which.
    pub kind: Kind,
    /// When and what, and the browser's life up to there.
    pub text: String,
}

/// The numbers of a run.
#[derive(Debug, Default)]
pub struct Outcome {
    /// The seed that gives this run.
    pub seed: u64,
    /// How many browsers there were.
    pub browsers: usize,
    /// How long they were signed in, all together, in milliseconds.
    pub signed_in: At,
    /// How many refreshes the server answered.
    pub refreshes: u64,
    /// How many exchanges were hurt, by kind of fault.
    pub faults: BTreeMap<&'static str, u64>,
    /// What was done to the server, by kind.
    pub acts: BTreeMap<&'static str, u64>,
    /// Answers by the row of the table.
    pub cases: BTreeMap<String, u64>,
    /// How many copies were used, and in how many of those the session was ended for it.
    pub thefts: (u64, u64),
    /// Sign-outs that DESIGN section 1 does not promise to avert, by kind.
    pub excused: BTreeMap<&'static str, u64>,
    /// From the moment when owner and thief had both been answered to the end of the session, in milliseconds.
    pub found_after: Vec<At>,
    /// What must not happen and did.
    pub findings: Vec<Finding>,
}

impl Outcome {
    /// How many findings there are of a kind.
    #[must_use]
    pub fn count(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.kind == kind).count()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed = |counts: &BTreeMap<&'static str, u64>| {
            let each: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            if each.is_empty() { String::new() } else { format!(" ({})", each.join(", ")) }
        };
        let faults: u64 = self.faults.values().sum();
        let starts: u64 = self.acts.iter().filter(|(name, _)| **name != "clock step").map(|(_, count)| count).sum();
        write!(
            f,
            "seed {}: {} browsers, {} browser-hours, {} refreshes, {faults} faults{}, {starts} restarts{}, {} thefts ({} found): \
             {} false sign-outs, {} missed thefts",
            self.seed,
            self.browsers,
            self.signed_in / HOUR,
            self.refreshes,
            listed(&self.faults),
            listed(&self.acts),
            self.thefts.0,
            self.thefts.1,
            self.count(Kind::FalseSignOut),
            self.count(Kind::MissedTheft),
        )?;
        let others = self.findings.len() - self.count(Kind::FalseSignOut) - self.count(Kind::MissedTheft);
        if others > 0 {
            write!(f, ", {others} OTHER FINDINGS")?;
        }
        let cases: Vec<_> = self.cases.iter().map(|(case, count)| format!("{case} {count}")).collect();
        write!(f, "\n  answers: {}", cases.join(", "))?;
        let mut after = self.found_after.clone();
        after.sort_unstable();
        if let (Some(median), Some(longest)) = (after.get(after.len() / 2), after.last()) {
            write!(f, "\n  found after: median {}, longest {}", show(*median), show(*longest))?;
        }
        if !self.excused.is_empty() {
            write!(f, "\n  signed out where that is not promised otherwise:{}", listed(&self.excused))?;
        }
        for finding in self.findings.iter().take(TOLD) {
            write!(f, "\n\n{:?}: {}", finding.kind, finding.text)?;
        }
        Ok(())
    }
}

/// What each browser has lived through.
#[derive(Debug)]
pub(crate) struct Diary(Vec<VecDeque<(At, String)>>);

impl Diary {
    pub(crate) fn new(browsers: usize) -> Self {
        Self(vec![VecDeque::new(); browsers])
    }

    pub(crate) fn note(&mut self, browser: usize, at: At, text: String) {
        let Some(lines) = self.0.get_mut(browser) else { return };
        if lines.len() >= LINES {
            lines.pop_front();
        }
        lines.push_back((at, text));
    }

    pub(crate) fn note_all(&mut self, at: At, text: &str) {
        for browser in 0..self.0.len() {
            self.note(browser, at, text.to_owned());
        }
    }

    /// The end of it, a line each.
    pub(crate) fn tell(&self, browser: usize) -> String {
        let Some(lines) = self.0.get(browser) else { return String::new() };
        let shown = lines.iter().skip(lines.len().saturating_sub(SHOWN));
        shown.map(|(at, text)| format!("\n    {}  {text}", show(*at))).collect()
    }
}
