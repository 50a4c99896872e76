//! Time and chance for the tests of this crate.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_kernel::{Clock, Entropy, Env, Timestamp};

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000)
    }
}

/// Different bytes at each call, the same in each run.
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, target: &mut [u8]) {
        for chunk in target.chunks_mut(32) {
            let n = self.0.fetch_add(1, Ordering::Relaxed);
            let block = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &n.to_be_bytes());
            chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
        }
    }
}

pub(crate) fn env() -> Env {
    Env::new(Arc::new(Still), Arc::new(Counting(AtomicU64::new(0))))
}
