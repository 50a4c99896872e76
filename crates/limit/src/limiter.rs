//! The port: who keeps the buckets.

use countersign_kernel::{Lifetime, Timestamp};

use crate::quota::{Key, Quota, Reading};

/// Keeps buckets.
///
/// Promises of an implementation: [`Limiter::take`] is atomic over all its charges and never lets more than `limit` acts
/// through in any span of length `window`; a refused call charges nothing; no call waits for anything but another such call.
pub trait Limiter: Send + Sync + 'static {
    /// The key of what these parts name together. Parts are kept apart: `["ab", "c"]` is not `["a", "bc"]`.
    fn key(&self, parts: &[&[u8]]) -> Key;

    /// Charges one act to each bucket, or to none of them if one is full.
    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Taken;

    /// Returns what one [`Limiter::take`] charged, and nothing of what others have charged since.
    fn give_back(&self, receipt: Receipt);

    /// How full a bucket is. Changes nothing.
    fn peek(&self, quota: Quota, key: Key, now: Timestamp) -> Reading;

    /// How full these buckets are, one reading a name: the one with the least left. Changes nothing.
    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Vec<Reading> {
        let mut readings = Vec::with_capacity(charges.len());
        for (quota, key) in charges {
            keep_tightest(&mut readings, self.peek(*quota, *key, now));
        }
        readings
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

/// One reading a name: of a tier and the tier above it, the one with the smaller share left.
pub(crate) fn keep_tightest(readings: &mut Vec<Reading>, new: Reading) {
    let share = |r: &Reading| u64::from(r.remaining) * u64::from(u32::MAX) / u64::from(r.limit.max(1));
    match readings.iter_mut().find(|r| r.name == new.name) {
        Some(old) if share(&new) < share(old) => *old = new,
        Some(_) => {}
        None => readings.push(new),
    }
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
    pub(crate) charged: Vec<(u128, Timestamp)>,
}

/// A limiter that never refuses: for load tests.
#[derive(Debug, Clone, Copy)]
pub struct Unlimited;

impl Limiter for Unlimited {
    fn key(&self, _parts: &[&[u8]]) -> Key {
        Key::from_bytes([0; 16])
    }

    fn take(&self, _charges: &[(Quota, Key)], _now: Timestamp) -> Taken {
        Taken::Allowed { readings: Vec::new(), receipt: Receipt::default() }
    }

    fn give_back(&self, _receipt: Receipt) {}

    fn peek(&self, quota: Quota, _key: Key, _now: Timestamp) -> Reading {
        Reading {
            name: quota.name,
            limit: quota.limit,
            remaining: quota.limit,
            reset: Lifetime::ZERO,
            window: quota.window,
        }
    }

    fn readings(&self, _charges: &[(Quota, Key)], _now: Timestamp) -> Vec<Reading> {
        Vec::new()
    }

    fn present(&self, _quota: Quota) -> Option<Quota> {
        None
    }
}
