//! Buckets in the memory of this process.
//!
//! Promises: at most `max_keys` buckets at any moment. When a shard is full, buckets of which nothing counts any more go
//! first, then the emptiest: a bucket at its limit goes only when every other of its shard is at its limit too, which costs an
//! attacker thousands of counted tries for the few that he would win.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_kernel::{Counter, Env, Lifetime, Secret, Timestamp};

use crate::answer::Answer;
use crate::bucket::Bucket;
use crate::limiter::{Limiter, Occupancy, Receipt, Refused, Taken};
use crate::quota::{Key, KeyMaker, Quota, Reading};

const SHARDS: usize = 16;

/// Sliding windows in this process. All times must come from one clock.
pub struct MemoryLimiter {
    keys: KeyMaker,
    shards: Vec<Mutex<Shard>>,
    evicted: Counter,
}

impl MemoryLimiter {
    /// A limiter of at most `max_keys` buckets (at least 16). One that has seen a single act costs about 150 bytes, 210 at most,
    /// and each further act that is counted apart costs 24. Keys are hashed under a secret of this process.
    #[must_use]
    pub fn new(max_keys: usize, env: &Env) -> Self {
        let capacity = (max_keys / SHARDS).max(1);
        Self {
            keys: KeyMaker::new(&Secret::new(env.entropy().bytes())),
            shards: (0..SHARDS).map(|_| Mutex::new(Shard { capacity, buckets: HashMap::default() })).collect(),
            evicted: Counter::new(),
        }
    }

    /// How many buckets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards.iter().map(|s| lock(s).buckets.len()).sum()
    }

    /// Whether there is no bucket.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets buckets of which nothing counts any more. Not needed for correctness or the bound; gives memory back early.
    pub fn sweep(&self, now: Timestamp) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.buckets.retain(|_, b| !b.is_idle(now));
            shard.buckets.shrink_to_fit();
        }
    }

    /// [`Limiter::take`], at once.
    pub fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Taken {
        let mut held = Held::of(&self.shards, charges.iter().map(|(quota, key)| quota.slot(*key)));

        let mut readings = Vec::with_capacity(charges.len());
        let mut refusing: Option<(Lifetime, &Quota, u128)> = None;
        for (quota, key) in charges {
            let slot = quota.slot(*key);
            let (reading, wait) = held.shard(slot).map_or((quota.unused(), unused_wait(*quota)), |shard| {
                shard
                    .settled(slot, *quota, now)
                    .map_or((quota.unused(), unused_wait(*quota)), |b| (reading(*quota, b, now), b.wait(now)))
            });
            Reading::keep_tightest(&mut readings, reading);
            if wait > Lifetime::ZERO && refusing.is_none_or(|(longest, ..)| wait > longest) {
                refusing = Some((wait, quota, slot));
            }
        }
        if let Some((retry_after, quota, slot)) = refusing {
            let bucket = held.shard(slot).and_then(|s| s.buckets.get_mut(&slot));
            let first_in_window = bucket.is_none_or(|b| b.refuse(now));
            return Taken::Refused(Refused { readings, name: quota.name, retry_after, first_in_window });
        }

        let mut receipt = Receipt::default();
        readings.clear();
        for (quota, key) in charges {
            let slot = quota.slot(*key);
            let Some(shard) = held.shard(slot) else { continue };
            let (bucket, evicted) = shard.bucket(slot, *quota, now);
            self.evicted.add(evicted);
            receipt.charged.push((slot, bucket.charge(now)));
            Reading::keep_tightest(&mut readings, reading(*quota, bucket, now));
        }
        Taken::Allowed { readings, receipt }
    }

    /// Returns what one [`MemoryLimiter::take`] charged, at once.
    pub fn give_back(&self, receipt: Receipt) {
        let mut held = Held::of(&self.shards, receipt.charged.iter().map(|(slot, _)| *slot));
        for (slot, at) in receipt.charged {
            if let Some(bucket) = held.shard(slot).and_then(|s| s.buckets.get_mut(&slot)) {
                bucket.discharge(at);
            }
        }
    }

    /// [`Limiter::peek`], at once.
    #[must_use]
    pub fn peek(&self, quota: Quota, key: Key, now: Timestamp) -> Reading {
        let slot = quota.slot(key);
        let mut held = Held::of(&self.shards, [slot]);
        held.shard(slot)
            .and_then(|shard| shard.settled(slot, quota, now).map(|b| reading(quota, b, now)))
            .unwrap_or_else(|| quota.unused())
    }

    /// [`Limiter::readings`], at once.
    #[must_use]
    pub fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Vec<Reading> {
        let mut readings = Vec::with_capacity(charges.len());
        for (quota, key) in charges {
            Reading::keep_tightest(&mut readings, self.peek(*quota, *key, now));
        }
        readings
    }
}

impl fmt::Debug for MemoryLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryLimiter").field("buckets", &self.len()).finish_non_exhaustive()
    }
}

/// Nobody has to be asked.
impl Limiter for MemoryLimiter {
    fn key(&self, parts: &[&[u8]]) -> Key {
        self.keys.key(parts)
    }

    fn take(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Taken> {
        Answer::now(self.take(charges, now))
    }

    fn give_back(&self, receipt: Receipt, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        self.give_back(receipt);
        Answer::now(self.readings(charges, now))
    }

    fn readings(&self, charges: &[(Quota, Key)], now: Timestamp) -> Answer<'_, Vec<Reading>> {
        Answer::now(self.readings(charges, now))
    }

    fn occupancy(&self) -> Occupancy {
        Occupancy { keys: self.len(), evicted: self.evicted.count() }
    }
}

/// The locks of the shards that one step needs, taken in one order by everybody.
struct Held<'a>(Vec<(usize, MutexGuard<'a, Shard>)>);

impl<'a> Held<'a> {
    fn of(shards: &'a [Mutex<Shard>], slots: impl IntoIterator<Item = u128>) -> Self {
        let mut wanted: Vec<usize> = slots.into_iter().map(shard_of).collect();
        wanted.sort_unstable();
        wanted.dedup();
        Self(wanted.into_iter().filter_map(|index| shards.get(index).map(|s| (index, lock(s)))).collect())
    }

    fn shard(&mut self, slot: u128) -> Option<&mut Shard> {
        let index = shard_of(slot);
        self.0.iter_mut().find(|(held, _)| *held == index).map(|(_, guard)| &mut **guard)
    }
}

struct Shard {
    capacity: usize,
    buckets: HashMap<u128, Bucket, BuildHasherDefault<AlreadyHashed>>,
}

impl Shard {
    /// The bucket as of now, if there is one.
    fn settled(&mut self, slot: u128, quota: Quota, now: Timestamp) -> Option<&mut Bucket> {
        let bucket = self.buckets.get_mut(&slot)?;
        bucket.settle(quota.limit, quota.window, now);
        Some(bucket)
    }

    /// The bucket, made if there is none, and how many had to go for it.
    fn bucket(&mut self, slot: u128, quota: Quota, now: Timestamp) -> (&mut Bucket, u64) {
        let is_full = self.buckets.len() >= self.capacity && !self.buckets.contains_key(&slot);
        let evicted = if is_full { self.make_room(now) } else { 0 };
        (self.buckets.entry(slot).or_insert_with(|| Bucket::new(quota.limit, quota.window)), evicted)
    }

    /// Frees an eighth of the shard at once, so that its cost is spread over as many new keys; how many still counted something.
    fn make_room(&mut self, now: Timestamp) -> u64 {
        self.buckets.retain(|_, b| !b.is_idle(now));
        let goal = self.capacity - (self.capacity / 8).max(1);
        let surplus = self.buckets.len().saturating_sub(goal);
        if surplus > 0 {
            let mut by_heat: Vec<_> = self.buckets.iter().map(|(slot, b)| (b.heat(now), *slot)).collect();
            by_heat.select_nth_unstable(surplus - 1);
            for (_, slot) in by_heat.into_iter().take(surplus) {
                self.buckets.remove(&slot);
            }
        }
        // Laid out anew: what is removed leaves marks, for which a table would grow to twice of what it ever holds.
        let mut anew = HashMap::with_capacity_and_hasher(self.capacity, BuildHasherDefault::default());
        anew.extend(self.buckets.drain());
        self.buckets = anew;
        surplus as u64
    }
}

/// Table keys are keyed hashes already.
#[derive(Default)]
struct AlreadyHashed(u64);

impl Hasher for AlreadyHashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        // Only u128 is ever hashed; anything else must still work.
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, bits: u128) {
        // The upper half: the lower bits choose the shard.
        self.0 = u64::try_from(bits >> 64).unwrap_or_default();
    }
}

fn shard_of(slot: u128) -> usize {
    usize::try_from(slot % SHARDS as u128).unwrap_or_default()
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    // Every step leaves the shard whole: a panic elsewhere must not switch the limits off.
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn reading(quota: Quota, bucket: &Bucket, now: Timestamp) -> Reading {
    let remaining = quota.limit.saturating_sub(bucket.used(now));
    Reading { remaining, reset: bucket.reset(now), ..quota.unused() }
}

/// A limit of zero refuses though nothing is counted.
const fn unused_wait(quota: Quota) -> Lifetime {
    if quota.limit == 0 { quota.window } else { Lifetime::ZERO }
}

#[cfg(test)]
mod tests {
    use std::hash::BuildHasher;

    use super::*;

    #[test]
    fn buckets_of_one_shard_are_told_apart_by_their_upper_half() {
        let hash = |bits: u128| BuildHasherDefault::<AlreadyHashed>::default().hash_one(bits);

        assert_eq!(hash((7 << 64) | 3), 7);
        assert_eq!(hash(u128::MAX), u64::MAX);
    }

    /// The tables and the logs, as much as has been reserved for them, without what the allocator adds.
    fn bytes(limiter: &MemoryLimiter) -> usize {
        let tables = limiter.shards.iter().map(|shard| {
            let shard = lock(shard);
            // A place in the table, and its byte of the index; an eighth of the places stays free.
            let places = shard.buckets.capacity() * 8 / 7;
            places * (size_of::<(u128, Bucket)>() + 1) + shard.buckets.values().map(Bucket::log_bytes).sum::<usize>()
        });
        tables.sum()
    }

    /// Strangers without end, many more than there is room for. (A million are in `tests/it/eviction.rs`.)
    // attack 121
    #[test]
    fn strangers_without_end_cost_no_more_bytes_than_the_bound_allows() {
        let quota = Quota { name: "sign_in", limit: 5, window: Lifetime::from_minutes(15) };
        let bound = 10_000;
        let limiter = MemoryLimiter::new(bound, &Env::system());
        let mut most = 0;
        for n in 1..=200_000_u128 {
            let key = Key::from_bytes(n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes());
            let taken = limiter.take(&[(quota, key)], Timestamp::from_seconds(1_800_000_000));
            assert!(matches!(taken, Taken::Allowed { .. }));
            if n % 10_000 == 0 {
                most = most.max(bytes(&limiter));
            }
        }

        assert!(limiter.len() <= bound);
        assert!((100..=210).contains(&(most / bound)), "{} bytes each", most / bound);
    }

    #[test]
    fn a_bucket_that_has_seen_everything_is_bounded_too() {
        let limiter = MemoryLimiter::new(16, &Env::system());
        let quota = Quota { name: "great", limit: 1_000_000, window: Lifetime::from_minutes(15) };
        let key = limiter.key(&[b"somebody"]);
        for second in 0..5_000 {
            let taken = limiter.take(&[(quota, key)], Timestamp::from_seconds(1_800_000_000 + second));
            assert!(matches!(taken, Taken::Allowed { .. }));
        }
        assert!(bytes(&limiter) <= 16 * 1_024 + 128 * 24, "{}", bytes(&limiter));
    }
}
