//! The end of the revocation log, as subscribers are told it.

use std::collections::VecDeque;

use countersign_store::RevocationHead;

use super::subscription::Told;

/// A record and its place.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) place: RevocationHead,
    pub(crate) told: Told,
}

/// The last records, and how far the log has been read.
pub(crate) struct Log {
    /// +1 whenever places of before mean nothing any more.
    pub(crate) history: u64,
    pub(crate) head: RevocationHead,
    /// The place behind which the entries begin.
    before: RevocationHead,
    entries: VecDeque<Entry>,
    /// The number of the first entry: subscribers count entries, because places have gaps.
    first: u64,
}

/// The log as it was read from its beginning.
pub(crate) struct Reading {
    head: RevocationHead,
    before: RevocationHead,
    /// Whether entries were left out for their number.
    is_cut: bool,
    entries: VecDeque<Entry>,
}

impl Log {
    pub(crate) fn new() -> Self {
        let start = RevocationHead::default();
        Self { history: 0, head: start, before: start, entries: VecDeque::new(), first: 0 }
    }

    /// Adds a record that follows on the last one; one that is known is passed over.
    pub(crate) fn push(&mut self, entry: Entry) {
        if entry.place.seq <= self.head.seq {
            return;
        }
        self.head = entry.place;
        self.entries.push_back(entry);
        while self.entries.len() > ROOM {
            if let Some(gone) = self.entries.pop_front() {
                self.before = gone.place;
                self.first += 1;
            }
        }
    }

    /// Takes up a reading of the whole log.
    ///
    /// It is more of the history that we know if the last of its records that we could know is one that we know: the hash covers
    /// all before it. Where no such record is left, all of that time have had theirs, and nothing could be missed.
    pub(crate) fn take(&mut self, reading: Reading) {
        let Reading { head, before, is_cut, entries } = reading;
        let known = entries.iter().rev().find(|entry| entry.place.seq <= self.head.seq);
        let is_more = head.seq >= self.head.seq
            && known.map_or(!is_cut, |entry| entry.place == self.head || self.behind(entry.place).is_some());
        if is_more {
            entries.into_iter().for_each(|entry| self.push(entry));
        } else {
            *self = Self { history: self.history + 1, head, before, entries, first: 0 };
        }
        self.head = head;
    }

    /// The number of the entry that will come next.
    pub(crate) fn end(&self) -> u64 {
        self.first + length(&self.entries)
    }

    /// The number of the entry behind this place; none where the log does not show that it has been there.
    pub(crate) fn behind(&self, place: RevocationHead) -> Option<u64> {
        if place == self.head {
            return Some(self.end());
        }
        if place == self.before {
            return Some(self.first);
        }
        let at = self.entries.binary_search_by_key(&place.seq, |entry| entry.place.seq).ok()?;
        let is_there = self.entries.get(at).is_some_and(|entry| entry.place == place);
        is_there.then(|| self.first + u64::try_from(at).unwrap_or(u64::MAX) + 1)
    }

    /// The entry with this number, if it has come.
    pub(crate) fn at(&self, number: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }

    /// Whether the entry with this number is gone.
    pub(crate) fn has_forgotten(&self, number: u64) -> bool {
        number < self.first
    }
}

impl Reading {
    /// Begins a reading of a log that ends here.
    pub(crate) fn of(head: RevocationHead) -> Self {
        Self { head, before: RevocationHead::default(), is_cut: false, entries: VecDeque::new() }
    }

    /// Adds the next record; the first ones are left out where there are too many.
    pub(crate) fn add(&mut self, entry: Entry) {
        self.entries.push_back(entry);
        if self.entries.len() > ROOM
            && let Some(gone) = self.entries.pop_front()
        {
            self.before = gone.place;
            self.is_cut = true;
        }
    }
}

fn length(entries: &VecDeque<Entry>) -> u64 {
    u64::try_from(entries.len()).unwrap_or(u64::MAX)
}

/// How many records are kept: some two megabytes at most.
const ROOM: usize = 16_384;

#[cfg(test)]
mod tests {
    use countersign_kernel::{Timestamp, TokenId};
    use countersign_store::{Effect, Target};

    use super::*;

    fn place(seq: u64, hash: u64) -> RevocationHead {
        RevocationHead { seq, hash }
    }

    fn entry(seq: u64, hash: u64) -> Entry {
        let told = Told {
            target: Target::Token(TokenId::from_bytes([1; 16])),
            kid: None,
            effect: Effect::Ended,
            until: Timestamp::EPOCH,
            reason: None,
        };
        Entry { place: place(seq, hash), told }
    }

    fn log(entries: impl IntoIterator<Item = (u64, u64)>) -> Log {
        let mut log = Log::new();
        entries.into_iter().for_each(|(seq, hash)| log.push(entry(seq, hash)));
        log
    }

    fn reading(head: (u64, u64), entries: &[(u64, u64)]) -> Reading {
        let mut reading = Reading::of(place(head.0, head.1));
        entries.iter().for_each(|(seq, hash)| reading.add(entry(*seq, *hash)));
        reading
    }

    #[test]
    fn a_place_is_known_by_number_and_hash_together() {
        let log = log([(1, 11), (2, 12), (5, 15)]);
        for (seq, hash, number) in [
            (0, 0, Some(0)),
            (1, 11, Some(1)),
            (2, 12, Some(2)),
            (5, 15, Some(3)),
            (0, 1, None),
            (1, 12, None),
            (3, 12, None),
            (5, 16, None),
            (6, 15, None),
        ] {
            assert_eq!(log.behind(place(seq, hash)), number, "{seq}-{hash}");
        }
    }

    #[test]
    fn a_reading_that_contradicts_nothing_goes_on() {
        for (why, head, read) in [
            ("the same", (3, 13), &[(1, 11), (2, 12), (3, 13)][..]),
            ("more", (4, 14), &[(3, 13), (4, 14)]),
            ("the first ones are swept", (4, 14), &[(2, 12), (4, 14)]),
            ("all that we know are swept", (4, 14), &[(4, 14)]),
            ("nothing is left", (3, 13), &[]),
            ("the numbers were raised", (9, 13), &[(3, 13)]),
        ] {
            let mut log = log([(1, 11), (2, 12), (3, 13)]);
            log.take(reading(head, read));
            assert_eq!((log.history, log.head), (0, place(head.0, head.1)), "{why}");
            assert_eq!(log.behind(place(2, 12)), Some(2), "{why}");
            assert_eq!(log.at(3).map(|entry| entry.place.seq), (head.0 == 4).then_some(4), "{why}");
        }
    }

    #[test]
    fn a_reading_that_contradicts_something_is_another_history() {
        for (why, head, read) in [
            ("rolled back", (2, 12), &[(1, 11), (2, 12)][..]),
            ("rolled back, and grown as far since", (3, 23), &[(1, 11), (2, 12), (3, 23)]),
            ("rolled back, and grown beyond since", (5, 25), &[(1, 11), (3, 23), (4, 24), (5, 25)]),
            ("lost", (0, 0), &[]),
        ] {
            let mut log = log([(1, 11), (2, 12), (3, 13)]);
            log.take(reading(head, read));
            assert_eq!((log.history, log.head), (1, place(head.0, head.1)), "{why}");
            assert_eq!(log.behind(place(3, 13)), None, "{why}");
        }
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let most = u64::try_from(ROOM).unwrap();
        let log = log((1..=most + 2).map(|seq| (seq, seq)));

        assert!(log.has_forgotten(1) && !log.has_forgotten(2));
        assert_eq!((log.behind(place(1, 1)), log.behind(place(2, 2))), (None, Some(2)));
        assert_eq!(log.behind(place(most + 1, most + 1)), Some(most + 1));

        let mut behind = Log::new();
        let all: Vec<_> = (1..=most + 2).map(|seq| (seq, seq)).collect();
        behind.take(reading((most + 2, most + 2), &all));
        assert_eq!(behind.history, 1, "what was left out may be live");
        assert_eq!(behind.behind(place(2, 2)), Some(0));
    }
}
