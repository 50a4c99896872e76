//! The promises of the port in Valkey, and that it answers as a limiter in process does.

use std::sync::Arc;

use countersign_kernel::{Env, Lifetime, Timestamp};
use countersign_limit::testing::contract::{FIVE, THREE, allowed, at, refused};
use countersign_limit::{Key, Limiter, MemoryLimiter, Quota, Receipt, Taken};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::nodes::{FreshNodes, link, names, node};
use crate::server::ValkeyServer;

/// Both engines, empty. The server ends with the value.
async fn engines() -> Option<(ValkeyServer, Vec<Arc<dyn Limiter>>)> {
    let server = ValkeyServer::start()?;
    let memory = Arc::new(MemoryLimiter::new(1_000, &Env::system()));
    let shared = Arc::new(FreshNodes(link(&server).await));
    Some((server, vec![memory, shared]))
}

macro_rules! promise_tests {
    ($($promise:ident,)*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                let Some(server) = ValkeyServer::start() else { return };
                let limiter = FreshNodes(link(&server).await);

                countersign_limit::testing::contract::$promise(&limiter).await;
            }
        )*
    };
}

countersign_limit::for_each_promise!(promise_tests);

/// A burst from everywhere gets exactly the limit, over all nodes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_parallel_burst_exactly_the_limit_gets_through() {
    let Some((_server, engines)) = engines().await else { return };
    for limiter in engines {
        let charge = [(FIVE, limiter.key(&[b"ada"])), (Quota { limit: 1_000, ..THREE }, limiter.key(&[b"192.0.2.7"]))];
        let racers: Vec<_> = (0..8)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                tokio::spawn(async move {
                    let mut through = 0;
                    for _ in 0..20 {
                        through += usize::from(matches!(limiter.take(&charge, at(0)).await, Taken::Allowed { .. }));
                    }
                    through
                })
            })
            .collect();
        let mut through = 0;
        for racer in racers {
            through += racer.await.unwrap();
        }

        assert_eq!(through, 5);
        let wide = limiter.peek(charge[1].0, charge[1].1, at(0)).await;
        assert_eq!(wide.remaining, 995, "the refused ones charged nothing");
    }
}

/// What is done, and after how long.
type Step = (u8, Vec<usize>, i64);

/// Whatever is done, both engines answer the same: each verdict, wait, number and moment. (A limit of zero is refused by a node
/// without a question.)
#[test]
fn both_engines_agree_about_everything() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let Some((_server, engines)) = runtime.block_on(engines()) else { return };
    let round = std::cell::Cell::new(0_u64);
    let step = (0..8_u8, prop::sample::subsequence(vec![0_usize, 1, 2], 1..=3), 0..30_i64);
    let steps = prop::collection::vec(step, 1..80);
    let numbers = (prop::array::uniform3(1..70_u32), prop::array::uniform3(1..4_000_i64));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(60) });

    let checked = runner.run(&(steps, numbers), |(steps, (limits, windows))| {
        round.set(round.get() + 1);
        let who = round.get().to_le_bytes();
        let charge = |limiter: &dyn Limiter, k: usize| -> (Quota, Key) {
            let window = Lifetime::from_micros(windows[k]);
            (Quota { name: ["a", "b", "c"][k], limit: limits[k], window }, limiter.key(&[&who]))
        };
        let seen: Vec<String> = engines
            .iter()
            .map(|limiter| runtime.block_on(told(limiter.as_ref(), &steps, |k| charge(limiter.as_ref(), k))))
            .collect();
        prop_assert_eq!(&seen[0], &seen[1]);
        Ok(())
    });
    checked.unwrap();
}

/// Everything that a limiter answers to these steps.
async fn told(limiter: &dyn Limiter, steps: &[Step], charge: impl Fn(usize) -> (Quota, Key)) -> String {
    let (mut told, mut held, mut now) = (String::new(), Vec::new(), 1_800_000_000_000_000);
    for (act, which, pause) in steps {
        now += pause;
        let charges: Vec<_> = which.iter().map(|k| charge(*k)).collect();
        let moment = Timestamp::from_micros(now);
        match act {
            0 if !held.is_empty() => {
                let receipt: Receipt = held.remove(usize::try_from(*pause).unwrap() % held.len());
                told += &format!("{:?}\n", limiter.give_back(receipt, &charges, moment).await);
            }
            1 => told += &format!("{:?}\n", limiter.readings(&charges, moment).await),
            _ => match limiter.take(&charges, moment).await {
                Taken::Allowed { readings, receipt } => {
                    told += &format!("{readings:?}\n");
                    held.push(receipt);
                }
                // Of a bucket that nothing counts in any more, one engine may have forgotten what was told.
                Taken::Refused(r) => told += &format!("{} {:?} {:?}\n", r.name, r.retry_after, r.readings),
            },
        }
    }
    told
}

/// Whoever reads all of Valkey learns neither address nor account, and nothing in it stays.
#[tokio::test]
async fn what_is_kept_names_nobody_is_bounded_and_goes_by_itself() {
    let Some(server) = ValkeyServer::start() else { return };
    let limiter = FreshNodes(link(&server).await);
    let great = Quota { name: "great", limit: 100_000, window: Lifetime::from_minutes(15) };
    let charges = [(FIVE, limiter.key(&[b"ada@canary.example"])), (great, limiter.key(&[b"192.0.2.77"]))];
    let _ = allowed(limiter.take(&charges, at(0)).await);
    let mine = allowed(limiter.take(&charges, at(0)).await);
    limiter.give_back(mine, &charges, at(0)).await;
    for second in 0..900 {
        let _ = allowed(limiter.take(&charges[1..], at(second)).await);
    }

    let keys: Vec<String> = server
        .command(&["KEYS", "*"])
        .lines()
        .filter(|line| line.starts_with("countersign:"))
        .map(str::to_owned)
        .collect();
    assert_eq!(keys.len(), 3, "two buckets, and that of the check: {keys:?}");
    for key in &keys {
        assert!(key.starts_with("countersign:{0101010101010101}:limit:"), "one slot: {key}");
        let held = server.command(&["GET", key]);
        assert!(!held.contains("canary") && !held.contains("192.0.2") && !key.contains("192"), "{key}");
        let bytes: usize = server.command(&["STRLEN", key]).trim().trim_start_matches(':').parse().unwrap();
        assert!(bytes <= 66 * 20, "{bytes} bytes");
        let life: i64 = server.command(&["PTTL", key]).trim().trim_start_matches(':').parse().unwrap();
        assert!((1..=16 * 60_000).contains(&life), "{key} stays for {life} ms");
    }
}

#[tokio::test]
async fn installations_that_share_a_server_share_nothing_else() {
    let Some(server) = ValkeyServer::start() else { return };
    let one = node(&link(&server).await).key(&[b"ada"]);
    let other = names(2);
    assert_ne!(one, other.key(&[b"ada"]));
    assert_eq!(one, names(1).key(&[b"ada"]), "the same on all nodes");

    // Even if the keys were the same, the names of the buckets would not be.
    let here = FreshNodes(link(&server).await);
    let address = crate::nodes::address(&server);
    let there = FreshNodes(countersign_valkey::Link::start(&address, other, crate::nodes::PATIENT).await.unwrap());
    for _ in 0..3 {
        let _ = allowed(here.take(&[(THREE, one)], at(0)).await);
    }
    let _ = refused(here.take(&[(THREE, one)], at(0)).await);
    let _ = allowed(there.take(&[(THREE, one)], at(0)).await);
}
