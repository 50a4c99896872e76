use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_limit::{Key, Limiter, MemoryLimiter, Quota, Taken};
use proptest::prelude::*;

const QUOTA: Quota = Quota { name: "sign_in", limit: 5, window: Lifetime::from_minutes(15) };

/// Odd, so that its multiples are all different.
const SPREAD: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(1_800_000_000_000_000 + micros)
}

fn is_allowed(limiter: &MemoryLimiter, who: &[u8], now: Timestamp) -> bool {
    matches!(limiter.take(&[(QUOTA, limiter.key(&[who]))], now), Taken::Allowed { .. })
}

// attack 121
// bug S82
/// A million strangers neither fill the memory nor wash out whoever is at his limit.
#[test]
fn a_million_keys_stay_within_the_bound_and_free_no_hot_attacker() {
    let bound = 20_000;
    let limiter = MemoryLimiter::new(bound, &Env::system());
    let hot: Vec<Vec<u8>> = (0..100_u32).map(|n| format!("hot {n}").into_bytes()).collect();
    for who in &hot {
        assert!((0..5).all(|_| is_allowed(&limiter, who, at(0))));
    }

    for stranger in 0..1_000_000_u32 {
        // As good as a keyed hash here, and a million of those would be the test's whole time.
        let key = Key::from_bytes(u128::from(stranger + 1).wrapping_mul(SPREAD).to_be_bytes());
        assert!(matches!(limiter.take(&[(QUOTA, key)], at(i64::from(stranger))), Taken::Allowed { .. }));
        if stranger % 100_000 == 0 {
            assert!(limiter.len() <= bound, "{}", limiter.len());
        }
    }

    assert!(limiter.len() <= bound, "{}", limiter.len());
    assert!(limiter.len() > bound / 2, "what fits is kept: {}", limiter.len());
    for who in &hot {
        assert!(!is_allowed(&limiter, who, at(2_000_000)), "freed by strangers");
    }
}

#[test]
fn buckets_that_no_longer_count_go_before_any_that_do() {
    let limiter = MemoryLimiter::new(1_600, &Env::system());
    for n in 0..1_500_u32 {
        for _ in 0..5 {
            assert!(is_allowed(&limiter, &n.to_le_bytes(), at(0)));
        }
    }
    let later = at(QUOTA.window.as_micros());
    let fresh: Vec<Vec<u8>> = (0..400_u32).map(|n| format!("fresh {n}").into_bytes()).collect();
    for who in &fresh {
        assert!(is_allowed(&limiter, who, later));
    }

    for who in &fresh {
        assert_eq!(limiter.peek(QUOTA, limiter.key(&[who]), later).remaining, 4);
    }
}

/// Fills one shard of 64 with buckets that have so many acts under such a quota, adds one more, and says which ones are gone.
fn evicted_by_one_more(round: u128, bucket: impl Fn(u128) -> (u32, Quota)) -> Vec<u128> {
    let limiter = MemoryLimiter::new(16 * 64, &Env::system());
    // Keys that are alike in their lowest bits share a shard.
    let key = |n: u128| Key::from_bytes(((round * 100 + n + 1).wrapping_mul(SPREAD) << 4).to_le_bytes());
    for n in 0..64 {
        let (acts, quota) = bucket(n);
        for _ in 0..acts {
            assert!(matches!(limiter.take(&[(quota, key(n))], at(0)), Taken::Allowed { .. }));
        }
    }
    assert_eq!(limiter.len(), 64);

    assert!(matches!(limiter.take(&[(QUOTA, key(64))], at(1)), Taken::Allowed { .. }));

    assert_eq!(limiter.len(), 64 - 8 + 1, "an eighth goes at once");
    let is_gone = |n: &u128| {
        let quota = bucket(*n).1;
        limiter.peek(quota, key(*n), at(1)).remaining == quota.limit
    };
    (0..64).filter(is_gone).collect()
}

#[test]
fn a_full_shard_frees_an_eighth_of_itself_and_takes_the_emptiest() {
    let eighth: Vec<u128> = (0..64).filter(|n| n % 8 == 3).collect();
    let quotas = [QUOTA, Quota { limit: 50, ..QUOTA }, Quota { window: Lifetime::from_minutes(1), ..QUOTA }];
    for round in 0..20 {
        let fewest_acts = evicted_by_one_more(round, |n| (if n % 8 == 3 { 1 } else { 3 }, QUOTA));
        let least_of_their_limit = evicted_by_one_more(round, |n| if n % 8 == 3 { (3, quotas[1]) } else { (2, QUOTA) });
        let soonest_forgotten = evicted_by_one_more(round, |n| (2, if n % 8 == 3 { quotas[2] } else { QUOTA }));

        assert_eq!(fewest_acts, eighth);
        assert_eq!(least_of_their_limit, eighth);
        assert_eq!(soonest_forgotten, eighth);
    }
}

#[test]
fn the_smallest_limiter_keeps_the_newest_bucket_of_a_shard() {
    let limiter = MemoryLimiter::new(0, &Env::system());
    let keys = [1, 2, 3].map(|n: u128| Key::from_bytes((n << 64).to_le_bytes()));
    for key in keys {
        assert!(matches!(limiter.take(&[(QUOTA, key)], at(0)), Taken::Allowed { .. }));
        assert_eq!(limiter.len(), 1);
    }

    assert_eq!(keys.map(|key| limiter.peek(QUOTA, key, at(0)).remaining), [5, 5, 4]);
}

// bug S82
#[test]
fn sweeping_forgets_what_no_longer_counts_and_nothing_else() {
    let limiter = MemoryLimiter::new(1_000, &Env::system());
    assert!(limiter.is_empty());
    assert!(is_allowed(&limiter, b"old", at(0)));
    assert!(is_allowed(&limiter, b"new", at(1)));
    assert!(!limiter.is_empty());

    limiter.sweep(at(QUOTA.window.as_micros()));

    assert_eq!(limiter.len(), 1);
    assert_eq!(limiter.peek(QUOTA, limiter.key(&[b"new"]), at(2)).remaining, 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// However people come and go, nobody who is at his limit is forgotten while there are others to forget.
    #[test]
    fn whoever_is_at_his_limit_stays_there_while_others_can_go(
        visits in prop::collection::vec((0..3_000_u128, 1..4_u8), 500..1_000),
        window in 5_000..50_000_i64,
    ) {
        const CAPACITY: usize = 64;
        let quota = Quota { name: "sign_in", limit: 3, window: Lifetime::from_micros(window) };
        let limiter = MemoryLimiter::new(16 * CAPACITY, &Env::system());
        // Alike in their lowest bits: they share a shard. One in ten is an attacker; all others stay below the limit.
        let key = |who: u128| Key::from_bytes(((who + 1).wrapping_mul(SPREAD) << 4).to_le_bytes());
        let mut full: Vec<(u128, i64)> = Vec::new();
        for (now, (who, acts)) in (0_i64..).zip(visits) {
            full.retain(|(_, until)| now < *until);
            let is_attacker = who % 10 == 0 && full.len() < CAPACITY / 2;
            for _ in 0..if is_attacker { acts } else { 1 } {
                let _ = limiter.take(&[(quota, key(who))], at(now));
            }
            let reading = limiter.peek(quota, key(who), at(now));
            if reading.remaining == 0 && !full.iter().any(|(other, _)| *other == who) {
                full.push((who, now + reading.reset.as_micros()));
            }
            for (who, _) in &full {
                prop_assert_eq!(limiter.peek(quota, key(*who), at(now)).remaining, 0, "{} at {}", who, now);
            }
            prop_assert!(limiter.len() <= CAPACITY);
        }
    }
}
