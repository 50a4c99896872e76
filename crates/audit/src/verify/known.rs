//! What is known of a chain besides itself: points that were signed or noted, which tell what the chain alone leaves open.

use super::{MOST_KNOWN, Verifier};
use crate::chain::Link;
use crate::checkpoint::Checkpoint;
use crate::finding::Finding;

impl Verifier {
    /// Demands that the chain goes through a checkpoint whose signature was good, and that it is the next by its number.
    pub fn checkpoint(&mut self, checkpoint: Checkpoint) {
        self.report.checkpoints = self.report.checkpoints.saturating_add(1);
        match self.next_checkpoint {
            Some(expected) if checkpoint.number > expected => {
                self.find(Finding::CheckpointsMissing { first: expected, last: checkpoint.number.saturating_sub(1) });
            }
            _ => {}
        }
        self.next_checkpoint = self.next_checkpoint.max(checkpoint.number.checked_add(1));
        self.know(checkpoint.link);
        if checkpoint.link.seq == self.report.start.seq {
            self.report.signed = Some(checkpoint);
        } else if self.signed.len() < MOST_KNOWN {
            self.signed.insert(checkpoint.link.seq, checkpoint);
        }
    }

    /// Demands that the chain goes through a checkpoint whose signature was good and that was kept elsewhere.
    pub fn know_of(&mut self, checkpoint: Checkpoint) {
        self.know(checkpoint.link);
        self.signed.insert(checkpoint.link.seq, checkpoint);
    }

    /// Says that the first checkpoint to come has this number: nothing was given up.
    pub fn checkpoints_begin_at(&mut self, number: u64) {
        self.next_checkpoint = Some(number);
    }

    /// Demands that the chain goes through here.
    pub(super) fn know(&mut self, known: Link) {
        if known.seq > self.last.seq {
            if self.known.len() < MOST_KNOWN && self.known.insert(known.seq, known.hash).is_none_or(|h| h == known.hash)
            {
                self.known_hashes.insert(known.hash, known.seq);
            } else {
                // Two statements about one record cannot both be true.
                self.find(Finding::NotTheKnown { seq: known.seq, after: self.anchor });
            }
        } else if known.seq == self.last.seq && known != self.last {
            self.find(Finding::NotTheKnown { seq: known.seq, after: self.anchor });
        }
    }

    /// Compares the record with what is known of the chain.
    pub(super) fn compare(&mut self, link: Link) {
        let number = link.seq.saturating_add(self.shift);
        if let Some(known) = self.known_hashes.get(&link.hash).copied().filter(|known| *known > number) {
            self.cut_and_renumbered(known - number);
            self.shift = known.saturating_sub(link.seq);
        }
        let number = link.seq.saturating_add(self.shift);
        let Some(hash) = self.known.remove(&number) else { return };
        self.known_hashes.remove(&hash);
        let checkpoint = self.signed.remove(&number);
        if hash == link.hash {
            self.settle();
            self.anchor = link.seq;
            self.is_made_anew = false;
            self.report.signed = checkpoint.or(self.report.signed);
        } else if !self.is_made_anew {
            self.is_made_anew = true;
            self.find(Finding::NotTheKnown { seq: number, after: self.anchor });
        }
    }

    /// A known point has come too early by `count`: where there is one place at which that can have happened, it is this.
    fn cut_and_renumbered(&mut self, count: u64) {
        let (anchor, shift) = (self.anchor, self.shift);
        let mut torn = self.report.findings.iter_mut().filter(|f| matches!(f, Finding::Torn { seq } if *seq > anchor));
        if let (Some(only), None) = (torn.next(), torn.next()) {
            let first = only.records().map_or(0, |(seq, _)| seq).saturating_add(shift);
            *only = Finding::Missing { first, last: first.saturating_add(count).saturating_sub(1) };
        }
    }

    /// A known point has come with its own number: nothing was cut out before it, so what is torn was changed.
    fn settle(&mut self) {
        let anchor = self.anchor;
        for finding in &mut self.report.findings {
            match *finding {
                Finding::Torn { seq } if seq > anchor => *finding = Finding::Changed { seq: seq.saturating_sub(1) },
                _ => {}
            }
        }
    }
}
