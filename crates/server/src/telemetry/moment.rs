//! The moment at which a line is written: RFC 3339 in UTC, with microseconds.

use std::cell::Cell;
use std::fmt::{self, Write};

use countersign_kernel::{Clock as _, Timestamp, WallClock};

thread_local! {
    /// The second of this thread's last line, and its text: most lines are of the same second as the one before.
    static SECOND: Cell<(i64, [u8; SECOND_LENGTH])> = const { Cell::new((i64::MIN, [0; SECOND_LENGTH])) };
}

/// As in `2026-11-21T22:18:35`.
const SECOND_LENGTH: usize = 19;
/// As in `2026-11-21T22:18:35.123Z`.
const MILLISECOND_LENGTH: usize = 24;

/// Writes this moment.
pub(super) fn write(line: &mut impl Write) -> fmt::Result {
    write_at(line, WallClock.now())
}

fn write_at(line: &mut impl Write, at: Timestamp) -> fmt::Result {
    let mut text = *b"0000-00-00T00:00:00.000000Z";
    let Some(second) = second_of(at) else { return write!(line, "{at}") };
    for (place, byte) in text.iter_mut().zip(second) {
        *place = byte;
    }
    let mut micros = at.as_micros().rem_euclid(1_000_000);
    for place in text.iter_mut().skip(SECOND_LENGTH + 1).take(6).rev() {
        let [digit, ..] = (micros % 10).to_le_bytes();
        *place = b'0' + digit;
        micros /= 10;
    }
    line.write_str(std::str::from_utf8(&text).unwrap_or_default())
}

/// The text of the second; none for a year that has not four digits.
fn second_of(at: Timestamp) -> Option<[u8; SECOND_LENGTH]> {
    let (known, text) = SECOND.get();
    if known == at.as_seconds() {
        return Some(text);
    }
    let text = at.to_rfc3339();
    let whole = (text.len() == MILLISECOND_LENGTH).then_some(text.as_bytes())?;
    let fresh: [u8; SECOND_LENGTH] = whole.get(..SECOND_LENGTH)?.try_into().ok()?;
    SECOND.set((at.as_seconds(), fresh));
    Some(fresh)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(micros: i64) -> String {
        let mut line = String::new();
        write_at(&mut line, Timestamp::from_micros(micros)).unwrap();
        line
    }

    #[test]
    fn a_moment_has_six_digits_of_its_second() {
        for (micros, wanted) in [
            (1_763_763_515_123_456, "2025-11-21T22:18:35.123456Z"),
            (1_763_763_515_000_009, "2025-11-21T22:18:35.000009Z"),
            (1_763_763_516_999_999, "2025-11-21T22:18:36.999999Z"),
            (1_763_763_515_500_000, "2025-11-21T22:18:35.500000Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ] {
            assert_eq!(text(micros), wanted);
        }
    }

    #[test]
    fn a_moment_without_a_year_of_four_digits_is_written_as_it_is_kept() {
        assert_eq!(text(i64::MAX), "9223372036854775807us");
    }
}
