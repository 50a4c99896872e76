//! Checks a sequence of records against its chain and says what is wrong with which of them.
//!
//! Records come one by one, as a database's pages or the lines of an export give them; memory is bounded. What the chain
//! alone can tell: a record that was changed, cut out, put in or moved, and a tail that was cut off where the head is known.
//! What it cannot: a chain that was made anew from some record on by someone who may write the whole database; a head
//! noted elsewhere shows that ([`Verifier::expect`]). And where records were cut out *and* all later ones renumbered, the
//! first later record is reported as [`Finding::Broken`], because that is all that is left to see.

use std::collections::VecDeque;
use std::io::BufRead;

use crate::chain::{Link, canonical_bytes};
use crate::export::{Line, LineError, MAX_LINE};
use crate::finding::{Finding, Report};
use crate::record::Record;

/// How far back a record that was moved or put in is searched for.
const REACH: usize = 64;

/// The most findings that are kept; the rest is counted.
const MOST_FINDINGS: usize = 100;

/// A check under way.
#[derive(Debug)]
pub struct Verifier {
    /// The place that the next record should follow.
    last: Link,
    /// The last places, as the records themselves state them; the newest, `last`, is at the back.
    recent: VecDeque<Link>,
    /// Records that do not follow from the one before them, with their canonical bytes: perhaps they were only moved.
    suspects: VecDeque<(Link, Vec<u8>)>,
    /// Numbers of records that a finding already speaks of.
    explained: VecDeque<u64>,
    /// Ranges of numbers that were skipped.
    gaps: Vec<(u64, u64)>,
    /// Places that the chain must go through.
    known: Vec<Link>,
    report: Report,
}

impl Verifier {
    /// A check of the whole chain, from its first record on.
    #[must_use]
    pub fn whole() -> Self {
        Self::after(Link::START)
    }

    /// A check that starts behind a place that is trusted, such as the head of an earlier check.
    #[must_use]
    pub fn after(trusted: Link) -> Self {
        Self {
            last: trusted,
            recent: VecDeque::from([trusted]),
            suspects: VecDeque::new(),
            explained: VecDeque::new(),
            gaps: Vec::new(),
            known: Vec::new(),
            report: Report {
                sealed: 0,
                head: trusted,
                unsealed: 0,
                unsealed_since: None,
                findings: Vec::new(),
                more_findings: 0,
            },
        }
    }

    /// Demands that the chain goes through `known`, a head that was noted elsewhere.
    #[must_use]
    pub fn expect(mut self, known: Link) -> Self {
        if known.seq > self.last.seq {
            self.known.push(known);
        } else if known.seq == self.last.seq && known != self.last {
            self.find(Finding::NotTheKnown { seq: known.seq });
        }
        self
    }

    /// Reads the next sealed record, which states that its place is `link`.
    pub fn read(&mut self, link: Link, record: &Record) {
        self.report.sealed = self.report.sealed.saturating_add(1);
        if self.known.iter().any(|k| k.seq == link.seq && *k != link) {
            self.find(Finding::NotTheKnown { seq: link.seq });
        }
        self.known.retain(|k| k.seq != link.seq);

        if link.seq <= self.last.seq {
            self.read_late(link, record);
            return;
        }
        if link.seq > self.last.seq.saturating_add(1) {
            // Its predecessor is not there, so its own hash cannot be checked; later records are checked against it.
            self.gaps.push((self.last.seq.saturating_add(1), link.seq - 1));
        } else if self.last.hash.then(record) != link.hash {
            self.judge(link, canonical_bytes(record));
        }
        self.advance(link);
    }

    /// Reads a record that waits for the sealer.
    pub fn read_unsealed(&mut self, record: &Record) {
        self.report.unsealed = self.report.unsealed.saturating_add(1);
        let since = self.report.unsealed_since.map_or(record.at, |since| since.min(record.at));
        self.report.unsealed_since = Some(since);
    }

    /// Demands that the chain ends at `head`, as the database states it. To be called after the last sealed record.
    pub fn ends_at(&mut self, head: Link) {
        if self.last.seq > head.seq {
            self.find(Finding::BeyondTheHead { seq: head.seq });
        } else if self.last.seq == head.seq && self.last != head {
            self.find(Finding::NotTheKnown { seq: head.seq });
        } else if self.last.seq < head.seq {
            self.known.push(head);
        }
    }

    /// The last sealed record that was read; before the first, where the check starts.
    #[must_use]
    pub const fn last(&self) -> Link {
        self.last
    }

    /// Notes that line `line` of an export holds no record.
    pub fn read_damaged(&mut self, line: u64, error: LineError) {
        self.find(Finding::Unreadable { line, error });
    }

    /// The result.
    #[must_use]
    pub fn finish(mut self) -> Report {
        for (first, last) in std::mem::take(&mut self.gaps) {
            self.find(Finding::Missing { first, last });
        }
        if let Some(last) = self.known.iter().map(|k| k.seq).max().filter(|last| *last > self.last.seq) {
            self.find(Finding::Missing { first: self.last.seq.saturating_add(1), last });
        }
        self.report.head = self.last;
        self.report
    }

    /// A record whose number was already passed: it fills a gap, or its number is there twice.
    fn read_late(&mut self, link: Link, record: &Record) {
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
        let before = self.recent.iter().find(|l| l.seq.checked_add(1) == Some(link.seq));
        if before.is_some_and(|before| before.hash.then(record) != link.hash) {
            self.find(Finding::Broken { seq: link.seq });
        }
        // The next late record may be the one after this.
        self.remember(link, self.recent.len().saturating_sub(1));
    }

    /// A record with the right number that does not follow from the one before it. Whose fault is it?
    fn judge(&mut self, link: Link, bytes: Vec<u8>) {
        let parent = self.recent.iter().rposition(|earlier| earlier.hash.then_bytes(&bytes) == link.hash);
        let Some(parent) = parent else {
            self.find(Finding::Broken { seq: link.seq });
            self.suspects.push_back((link, bytes));
            if self.suspects.len() > REACH {
                self.suspects.pop_front();
            }
            return;
        };
        // The chain goes from `parent` straight to this record: what was read between them was put in, or belongs behind it.
        let between: Vec<u64> = self.recent.iter().skip(parent + 1).map(|l| l.seq).collect();
        for seq in between {
            if self.explained.contains(&seq) {
                continue;
            }
            let suspect = self.suspects.iter().position(|(l, _)| l.seq == seq).and_then(|at| self.suspects.remove(at));
            let finding = match &suspect {
                Some((place, bytes)) if link.hash.then_bytes(bytes) == place.hash => Finding::Moved { seq },
                _ => Finding::Inserted { seq },
            };
            // The suspicion, if there was one, becomes the finding.
            match self.report.findings.iter_mut().find(|f| **f == Finding::Broken { seq }) {
                Some(suspicion) => *suspicion = finding,
                None => self.find(finding),
            }
            self.explain(seq);
        }
        self.explain(link.seq);
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

/// Checks an export. Nothing but an unreadable `input` stops it.
///
/// # Errors
/// If `input` cannot be read.
pub fn verify_export(mut input: impl BufRead, mut verifier: Verifier) -> std::io::Result<Report> {
    let mut line = Vec::new();
    let mut number: u64 = 0;
    loop {
        line.clear();
        if read_line(&mut input, &mut line)? == 0 {
            return Ok(verifier.finish());
        }
        number = number.saturating_add(1);
        let parsed = match std::str::from_utf8(line.trim_ascii_end()) {
            Ok("") => continue,
            Ok(text) => Line::parse(text),
            Err(_) => Err(LineError::NotARecord("not UTF-8".to_owned())),
        };
        match parsed {
            Ok(Line { link: Some(link), record }) => verifier.read(link, &record),
            Ok(Line { link: None, record }) => verifier.read_unsealed(&record),
            Err(error) => verifier.read_damaged(number, error),
        }
    }
}

/// Reads up to and with the next line feed, and keeps at most one byte more than [`MAX_LINE`] of it; how many bytes it were.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut read: usize = 0;
    loop {
        let buffer = match input.fill_buf() {
            Ok(buffer) => buffer,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let (taken, done) = match buffer.iter().position(|b| *b == b'\n') {
            Some(end) => (end.saturating_add(1), true),
            None => (buffer.len(), buffer.is_empty()),
        };
        let room = MAX_LINE.saturating_add(1).saturating_sub(line.len());
        line.extend(buffer.iter().take(taken.min(room)));
        input.consume(taken);
        read = read.saturating_add(taken);
        if done {
            return Ok(read);
        }
    }
}

#[cfg(test)]
mod tests;
