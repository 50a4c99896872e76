//! Moments and spans, and the one clock that reads the machine's.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment, in whole microseconds since 1970-01-01T00:00:00Z.
///
/// Arithmetic saturates: a deadline computed from absurd settings is far away, never in the past by wrapping round.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The epoch: before every moment this system has seen.
    pub const EPOCH: Self = Self(0);

    /// A moment from microseconds since the epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// A moment from whole seconds since the epoch, as tokens carry it (RFC 7519 section 2, NumericDate).
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    /// Microseconds since the epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The span from `earlier` to here; zero where `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Lifetime {
        Lifetime(self.0.saturating_sub(earlier.0).max(0))
    }

    /// The moment that an RFC 3339 text names, with any offset; a date alone is its midnight in UTC.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let is_date = text.len() == 10;
        let parsed: Result<jiff::Timestamp, _> =
            if is_date { format!("{text}T00:00:00Z").parse() } else { text.parse() };
        parsed.ok().map(|moment| Self(moment.as_microsecond()))
    }

    /// RFC 3339 in UTC with milliseconds, as JSON carries it: `2026-11-21T22:18:35.123Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_microsecond(self.as_millis().saturating_mul(1_000))
            .map_or_else(|_| format!("{}us", self.0), |t| format!("{t:.3}"))
    }
}

impl Add<Lifetime> for Timestamp {
    type Output = Self;

    fn add(self, span: Lifetime) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub<Lifetime> for Timestamp {
    type Output = Self;

    fn sub(self, span: Lifetime) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_rfc3339())
    }
}

/// A span of time that is never negative, in whole microseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lifetime(i64);

impl Lifetime {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// A span of whole microseconds; a negative number is zero.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(if micros < 0 { 0 } else { micros })
    }

    /// A span of whole milliseconds.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self::from_micros(millis.saturating_mul(1_000))
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// A span of whole minutes.
    #[must_use]
    pub const fn from_minutes(minutes: i64) -> Self {
        Self::from_seconds(minutes.saturating_mul(60))
    }

    /// A span of whole hours.
    #[must_use]
    pub const fn from_hours(hours: i64) -> Self {
        Self::from_minutes(hours.saturating_mul(60))
    }

    /// A span of 24-hour days.
    #[must_use]
    pub const fn from_days(days: i64) -> Self {
        Self::from_hours(days.saturating_mul(24))
    }

    /// Microseconds.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0 / 1_000
    }

    /// Whole seconds, rounded down.
    #[must_use]
    pub const fn as_seconds(self) -> i64 {
        self.0 / 1_000_000
    }

    /// Whole seconds, rounded up: what `Retry-After` and `Max-Age` say, so that nobody comes back too early.
    #[must_use]
    pub const fn as_seconds_ceil(self) -> i64 {
        self.0.saturating_add(999_999) / 1_000_000
    }

    /// The same span for the standard library.
    #[must_use]
    pub const fn to_duration(self) -> Duration {
        Duration::from_micros(self.0.unsigned_abs())
    }
}

impl From<Duration> for Lifetime {
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Add for Lifetime {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Debug for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_duration())
    }
}

/// Something that tells the time.
///
/// Promises of an implementation: never fails, never blocks.
pub trait Clock: Send + Sync + 'static {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The wall clock at the moment of construction, carried on by the monotonic clock.
///
/// A step of the machine's clock while the process runs moves nothing here: sessions neither die early nor come back.
#[derive(Debug)]
pub struct SystemClock {
    wall_at_start: Timestamp,
    started: Instant,
}

impl SystemClock {
    /// Reads the wall clock once.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn start() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { wall_at_start: Timestamp::EPOCH + Lifetime::from(since_epoch), started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.wall_at_start + Lifetime::from(self.started.elapsed())
    }
}

/// The wall clock, read anew each time: for whoever judges by another machine's time, as a verifier does of what an issuer dates.
///
/// It follows the machine's clock when that is set right, and goes on rightly where the machine has slept.
#[derive(Debug, Clone, Copy)]
pub struct WallClock;

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH + Lifetime::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc3339_has_milliseconds_and_ends_in_z() {
        assert_eq!(Timestamp::from_micros(1_763_763_515_123_999).to_rfc3339(), "2025-11-21T22:18:35.123Z");
    }

    #[test]
    fn rfc3339_is_read_with_any_offset_and_a_date_is_its_midnight() {
        for (text, seconds) in [
            ("2025-11-21T22:18:35Z", Some(1_763_763_515)),
            ("2025-11-22T00:18:35+02:00", Some(1_763_763_515)),
            ("2025-11-21", Some(1_763_683_200)),
            ("2025-11-31", None),
            ("22:18:35", None),
            ("", None),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).map(Timestamp::as_seconds), seconds, "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        let end_of_time = Timestamp::from_micros(i64::MAX);
        assert_eq!(end_of_time + Lifetime::from_days(1), end_of_time);
        assert_eq!(Timestamp::EPOCH.since(end_of_time), Lifetime::ZERO);
    }

    #[test]
    fn seconds_round_down_and_retry_after_rounds_up() {
        let span = Lifetime::from_millis(1_001);
        assert_eq!(span.as_seconds(), 1);
        assert_eq!(span.as_seconds_ceil(), 2);
        assert_eq!(Timestamp::from_micros(-1).as_seconds(), -1);
    }

    #[test]
    fn both_clocks_tell_one_time() {
        let (wall, system) = (WallClock.now(), SystemClock::start().now());
        assert!(system.since(wall) < Lifetime::from_minutes(1) && wall > Timestamp::from_seconds(1_767_225_600));
    }

    #[test]
    fn a_system_clock_never_runs_backwards() {
        let clock = SystemClock::start();
        let first = clock.now();
        assert!(clock.now() >= first);
    }
}
