//! What a live revocation costs in memory. `cargo bench -p countersign-session --bench figures`; prints `value|at most|what` lines
//! for `cargo xtask bench`.

#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark fails by panicking, and prints"
)]

use std::fs;

use countersign_kernel::{Env, Lifetime, SessionId, UserId};
use countersign_session::LiveSet;
use countersign_store::{Effect, NewRevocation, Target};

/// A little above a power of two in each of the set's 64 parts, where hash tables have just doubled and are emptiest.
const COUNT: u32 = 64 * 15_000;

fn main() {
    let env = Env::system();
    let session = || Target::Session(SessionId::new(&env));
    let person = || Target::Person { user: UserId::new(&env), below: 2, except: None };
    println!("{:.0}|200|memory per live revocation of a session, bytes", bytes_each(&env, session));
    println!("{:.0}|200|memory per live revocation of a person, bytes", bytes_each(&env, person));
}

fn bytes_each(env: &Env, mut target: impl FnMut() -> Target) -> f64 {
    let (at, until) = (env.now(), env.now() + Lifetime::from_hours(1));
    let (before, live) = (resident_kib(), LiveSet::new());
    for _ in 0..COUNT {
        live.add(&NewRevocation { target: target(), effect: Effect::Ended, at, until, reason: String::new() });
    }
    assert_eq!(live.len(), usize::try_from(COUNT).expect("a small number"));
    f64::from(resident_kib() - before) * 1_024.0 / f64::from(COUNT)
}

fn resident_kib() -> u32 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
}
