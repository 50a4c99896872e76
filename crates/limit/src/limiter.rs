//! The port: who keeps the buckets.

use countersign_kernel::{Lifetime, Timestamp};

use crate::answer::Answer;
use crate::quota::{Key, Quota, Reading};

/// Keeps buckets.
///
/// Promises of an implementation: [`Limiter::take`] is atomic over all its charges and never lets more than `limit` acts
/// through in any span of length `window`; a refused call charges nothing; no call waits for anything but another such call, or
/// for whoever keeps the buckets, and for him not longer than a fraction of a second.
pub trait Limiter: Send + Sync + 'static {
    /// The key of what these parts name together. Parts are kept apart: `["ab", "c"]` is not `["a", "bc"]`.
    fn key(&self, parts: &[&[u8]]) -> Key;

    /// Charges one act to each bucket, or to none of them if one is full.
    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Taken>;

    /// Returns what one [`Limiter::take`] charged, and nothing of what others have charged since; how full these buckets are
    /// then, as [`Limiter::readings`].
    fn give_back(&self, receipt: Receipt, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>>;

    /// How full these buckets are, one reading a name: the one with the least left. Changes nothing.
    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>>;

    /// How full a bucket is. Changes nothing.
    fn peek(&self, quota: Quota, key: Key, now: Timestamp) -> Answer<'_, Reading> {
        self.readings(&[(quota, key)], now).map(move |readings| readings.first().copied().unwrap_or(quota.unused()))
    }

    /// The limit that holds at present in place of `quota`, which a caller was built with; none where none holds.
    fn present(&self, quota: Quota) -> Option<Quota> {
        Some(quota)
    }

    /// How many calls each limit has refused since the process started, by name; nothing where nobody counts.
    fn refused(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// How much it holds in this process; nothing for one that keeps its buckets elsewhere.
    fn occupancy(&self) -> Occupancy {
        Occupancy::default()
    }
}

/// How much a limiter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Occupancy {
    /// Buckets held now.
    pub keys: usize,
    /// Buckets that were dropped to make room while they still counted something, since the start.
    pub evicted: u64,
}

/// What became of a charge.
#[derive(Debug)]
#[must_use]
pub enum Taken {
    /// Every bucket was charged.
    Allowed {
        /// The buckets after the charge, one a name: the one with the least left.
        readings: Vec<Reading>,
        /// What [`Limiter::give_back`] wants, if the act turns out not to count. Dropping it keeps the charge.
        receipt: Receipt,
    },
    /// A bucket was full; nothing was charged.
    Refused(Refused),
}

/// A charge that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The buckets as they are, one a name: the one with the least left.
    pub readings: Vec<Reading>,
    /// The name of the limit that refused; of several, the one that will be full the longest.
    pub name: &'static str,
    /// How long until the same call would be allowed, if nothing else happens.
    pub retry_after: Lifetime,
    /// Whether this is the first refusal of that bucket in a window: the one to audit.
    pub first_in_window: bool,
}

/// Proof of a charge. Works once.
#[derive(Debug, Default)]
pub struct Receipt {
    /// What was charged in this process.
    pub(crate) charged: Vec<(u128, Timestamp)>,
    /// What was charged elsewhere.
    shared: Vec<(u128, Timestamp)>,
}

impl Receipt {
    /// With what was charged elsewhere: each bucket by its [`Quota::slot`], and the moment under which the act is noted there.
    #[must_use]
    pub fn with_shared(mut self, shared: Vec<(u128, Timestamp)>) -> Self {
        self.shared.extend(shared);
        self
    }

    /// What was charged elsewhere, for whoever returns it there.
    #[must_use]
    pub fn take_shared(&mut self) -> Vec<(u128, Timestamp)> {
        std::mem::take(&mut self.shared)
    }

    /// One receipt for both charges.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.charged.extend(other.charged);
        self.shared.extend(other.shared);
        self
    }
}

/// A limiter that never refuses: for load tests.
#[derive(Debug, Clone, Copy)]
pub struct Unlimited;

impl Limiter for Unlimited {
    fn key(&self, _parts: &[&[u8]]) -> Key {
        Key::from_bytes([0; 16])
    }

    fn take(&self, _charges: &[(Quota, Key)], _now: Timestamp) -> Answer<'_, Taken> {
        Answer::now(Taken::Allowed { readings: Vec::new(), receipt: Receipt::default() })
    }

    fn give_back(&self, _receipt: Receipt, _charges: &[(Quota, Key)], _now: Timestamp) -> Answer<'_, Vec<Reading>> {
        Answer::now(Vec::new())
    }

    fn readings(&self, _charges: &[(Quota, Key)], _now: Timestamp) -> Answer<'_, Vec<Reading>> {
        Answer::now(Vec::new())
    }

    fn present(&self, _quota: Quota) -> Option<Quota> {
        None
    }
}
