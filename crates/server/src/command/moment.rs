//! Moments as they are typed.

use countersign_kernel::{Lifetime, Timestamp};

/// A moment, or how long ago it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// By the calendar.
    At(Timestamp),
    /// So long before now.
    Ago(Lifetime),
}

impl Moment {
    /// Reads `7d`, `12h`, `30m`, a date, or an RFC 3339 moment.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let ago = || {
            let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
            let count: i64 = digits.parse().ok().filter(|count| (0..=1_000_000).contains(count))?;
            match unit {
                "m" => Some(Lifetime::from_minutes(count)),
                "h" => Some(Lifetime::from_hours(count)),
                "d" => Some(Lifetime::from_days(count)),
                _ => None,
            }
        };
        let at = Timestamp::parse_rfc3339(text).map(Self::At);
        at.or_else(|| ago().map(Self::Ago)).ok_or_else(|| {
            "expected a moment like 2026-11-21T22:18:35Z, a date, or how long ago: 30m, 12h, 7d".to_owned()
        })
    }

    /// The moment, when it is `now`.
    #[must_use]
    pub fn when(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(moment) => moment,
            Self::Ago(span) => now - span,
        }
    }
}
