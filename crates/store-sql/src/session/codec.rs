//! The two small lists of a session's row, `answered` and `recent`, as one column each.
//!
//! Version byte 1, a count, then the entries. An attempt id is 16 bytes and its mints one. Numbers are LEB128 in their
//! shortest form; moments are zigzag microseconds, the second of a pair counted from the first. Reading is strict: one
//! list has one text, and what no version of this program writes is refused.

use countersign_kernel::Timestamp;
use countersign_store::{Answered, AttemptHash, Spent};

/// Entries of each list, and ids of each entry, at most (DESIGN section 1, "The row").
const MOST: usize = 8;
/// Generations that one id may mint.
const MOST_MINTS: u8 = 3;
const VERSION: u8 = 1;

/// The column's bytes, or none where the list is longer than any row may have.
pub(super) fn encode_answered(answered: &[Answered]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 + 17 * answered.len());
    bytes.push(VERSION);
    push_answered(&mut bytes, answered)?;
    Some(bytes)
}

/// The column's bytes, or none where the list is longer than any row may have or a range runs backwards.
pub(super) fn encode_recent(recent: &[Spent]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(2 + 40 * recent.len());
    bytes.push(VERSION);
    push_count(&mut bytes, recent.len())?;
    for spent in recent {
        push_number(&mut bytes, spent.first);
        push_number(&mut bytes, spent.last.checked_sub(spent.first)?);
        push_number(&mut bytes, zigzag(spent.spent_at.as_micros()));
        match spent.passed_at {
            None => bytes.push(0),
            Some(passed_at) => {
                bytes.push(1);
                push_number(&mut bytes, zigzag(passed_at.as_micros().checked_sub(spent.spent_at.as_micros())?));
            }
        }
        push_answered(&mut bytes, &spent.answered)?;
    }
    Some(bytes)
}

/// The list, or none where the bytes are not one.
pub(super) fn decode_answered(bytes: &[u8]) -> Option<Vec<Answered>> {
    let mut reader = Reader(bytes);
    reader.version()?;
    let answered = reader.answered()?;
    reader.end(answered)
}

/// The list, or none where the bytes are not one.
pub(super) fn decode_recent(bytes: &[u8]) -> Option<Vec<Spent>> {
    let mut reader = Reader(bytes);
    reader.version()?;
    let count = reader.count()?;
    let mut recent = Vec::with_capacity(count);
    for _ in 0..count {
        let first = reader.number()?;
        let last = first.checked_add(reader.number()?)?;
        let spent_at = unzigzag(reader.number()?);
        let passed_at = match reader.byte()? {
            0 => None,
            1 => Some(Timestamp::from_micros(spent_at.checked_add(unzigzag(reader.number()?))?)),
            _ => return None,
        };
        let answered = reader.answered()?;
        recent.push(Spent { first, last, spent_at: Timestamp::from_micros(spent_at), passed_at, answered });
    }
    reader.end(recent)
}

fn push_answered(bytes: &mut Vec<u8>, answered: &[Answered]) -> Option<()> {
    push_count(bytes, answered.len())?;
    for entry in answered {
        if entry.mints > MOST_MINTS {
            return None;
        }
        bytes.extend_from_slice(&entry.id.0);
        bytes.push(entry.mints);
    }
    Some(())
}

fn push_count(bytes: &mut Vec<u8>, count: usize) -> Option<()> {
    bytes.push(u8::try_from(count).ok().filter(|_| count <= MOST)?);
    Some(())
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or(0);
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -(number & 1).cast_signed()
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn version(&mut self) -> Option<()> {
        (self.byte()? == VERSION).then_some(())
    }

    fn count(&mut self) -> Option<usize> {
        Some(usize::from(self.byte()?)).filter(|&count| count <= MOST)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            // The tenth byte has room for one bit, and a last byte of zero would be a longer text of the same number.
            if (shift == 63 && low > 1) || (byte == 0 && shift > 0) {
                return None;
            }
            number |= low << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn answered(&mut self) -> Option<Vec<Answered>> {
        let count = self.count()?;
        let mut answered = Vec::with_capacity(count);
        for _ in 0..count {
            let (id, rest) = self.0.split_first_chunk::<16>()?;
            self.0 = rest;
            let mints = self.byte().filter(|&mints| mints <= MOST_MINTS)?;
            answered.push(Answered { id: AttemptHash(*id), mints });
        }
        Some(answered)
    }

    fn end<T>(self, value: T) -> Option<T> {
        self.0.is_empty().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(count: u8) -> Vec<Answered> {
        (0..count).map(|n| Answered { id: AttemptHash([n; 16]), mints: n % 4 }).collect()
    }

    fn spent(first: u64, last: u64, spent_at: i64, passed_at: Option<i64>, ids: u8) -> Spent {
        let at = Timestamp::from_micros;
        Spent { first, last, spent_at: at(spent_at), passed_at: passed_at.map(at), answered: answered(ids) }
    }

    #[test]
    fn every_list_reads_back() {
        for ids in 0..=8 {
            let bytes = encode_answered(&answered(ids)).unwrap();
            assert_eq!(decode_answered(&bytes), Some(answered(ids)));
        }
        let recent = vec![
            spent(0, 0, 1_795_000_000_000_000, None, 0),
            spent(1, 1_100, 1_795_000_000_000_001, Some(1_795_000_030_000_000), 8),
            spent(u64::MAX - 1, u64::MAX, i64::MAX, Some(i64::MAX), 1),
            spent(u64::MAX, u64::MAX, -7, Some(-9), 3),
        ];
        assert_eq!(decode_recent(&encode_recent(&recent).unwrap()), Some(recent));
        assert_eq!(decode_recent(&encode_recent(&[]).unwrap()), Some(vec![]));
    }

    #[test]
    fn a_usual_entry_is_small() {
        let entry = spent(40, 40, 1_795_000_000_000_000, Some(1_795_000_900_000_000), 1);
        assert!(encode_recent(&[entry]).unwrap().len() <= 40);
    }

    #[test]
    fn what_no_row_may_have_is_not_written() {
        assert_eq!(encode_answered(&answered(9)), None);
        assert_eq!(encode_answered(&[Answered { id: AttemptHash([0; 16]), mints: 4 }]), None);
        assert_eq!(encode_recent(&vec![spent(1, 1, 0, None, 0); 9]), None);
        assert_eq!(encode_recent(&[spent(2, 1, 0, None, 0)]), None);
    }

    #[test]
    fn every_text_but_the_one_is_refused() {
        let good = encode_recent(&[spent(300, 301, 5, Some(6), 2)]).unwrap();
        assert!(decode_recent(&good).is_some());
        for length in 0..good.len() {
            assert_eq!(decode_recent(&good[..length]), None, "cut to {length}");
        }
        for (wrong, why) in [
            ([good.as_slice(), &[0]].concat(), "trailing byte"),
            (vec![2, 0], "another version"),
            (vec![1, 9], "nine entries"),
            (vec![1, 1, 0x80, 0x00, 0, 0, 0, 0], "a number in a longer form"),
            (vec![1, 1, 0, 0, 0, 2, 0], "a flag of two"),
            ([&[1, 1][..], &[0xff; 9], &[2, 0, 0, 0, 0]].concat(), "a number over 64 bits"),
            ([&[1, 1][..], &[0xff; 9], &[1, 1, 0, 0, 0]].concat(), "a range past the end"),
        ] {
            assert_eq!(decode_recent(&wrong), None, "{why}");
        }
        assert_eq!(decode_answered(&[&[1, 1][..], &[7; 16], &[4]].concat()), None, "four mints");
        assert_eq!(decode_answered(&[]), None, "nothing at all");
    }
}
