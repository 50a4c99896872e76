//! What a bucket costs in memory. `cargo bench -p countersign-limit --bench figures`; prints `value|at most|what` lines for
//! `cargo xtask bench`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark fails by panicking, and prints"
)]

use std::fs;

use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_limit::{Limiter, MemoryLimiter, Quota, Taken};

const QUOTA: Quota = Quota { name: "sign_in_address", limit: 30, window: Lifetime::from_minutes(15) };

/// A little above what the table's parts had room for before they last doubled: there they are emptiest.
const COUNT: u32 = 16 * 60_000;

fn main() {
    println!("{:.0}|250|memory per bucket that saw one act, bytes", bytes_each(COUNT, 1));
    println!("{:.0}|1100|memory per bucket that saw thirty acts, bytes", bytes_each(COUNT / 16, 30));
    let most = million_keys(100_000);
    println!("{most:.1}|20|memory of a limiter of 100,000 buckets after a million keys, MiB");
}

fn bytes_each(count: u32, acts: i64) -> f64 {
    let (before, limiter) = (resident_kib(), MemoryLimiter::new(2 * count as usize, &Env::system()));
    for act in 0..acts {
        fill(&limiter, count, act);
    }
    assert_eq!(limiter.len(), count as usize);
    f64::from(resident_kib().saturating_sub(before)) * 1_024.0 / f64::from(count)
}

fn million_keys(bound: usize) -> f64 {
    let (before, limiter) = (resident_kib(), MemoryLimiter::new(bound, &Env::system()));
    fill(&limiter, 1_000_000, 0);
    assert!(limiter.len() <= bound);
    f64::from(resident_kib().saturating_sub(before)) / 1_024.0
}

fn fill(limiter: &MemoryLimiter, count: u32, second: i64) {
    let now = Timestamp::from_seconds(1_800_000_000 + second);
    for n in 0..count {
        let taken = limiter.take(&[(QUOTA, limiter.key(&[&n.to_le_bytes()]))], now);
        assert!(matches!(taken, Taken::Allowed { .. }));
    }
}

fn resident_kib() -> u32 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
}
