//! Nodes whose clocks are a minute ahead and a minute behind.

use std::env;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use countersign_kernel::Env;
use countersign_testkit::{FeedReader, FeedStream, Process, ProcessBuilder, Reply};
use tempfile::TempDir;

use super::place::Place;
use super::{MASTER_KEY, is_revoked, verifies};
use crate::support::soon;

/// Clocks that are wrong by as many seconds each, for as long as it lives.
struct Clocks {
    folder: TempDir,
    stop: Arc<AtomicBool>,
    hand: Option<JoinHandle<()>>,
}

impl Clocks {
    fn wrong_by(seconds: &[i64]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::system();
        let faces: Vec<_> = seconds
            .iter()
            .map(|wrong| (wrong * 1_000_000, File::create(folder.path().join(wrong.to_string())).unwrap()))
            .collect();
        let show = move || {
            let now = env.now().as_micros();
            for (wrong, file) in &faces {
                // Wall, monotonic, and both once more.
                let words = [now + wrong, now, now + wrong, now].map(i64::to_le_bytes);
                file.write_all_at(words.as_flattened(), 0).unwrap();
            }
        };
        show();
        let stop: Arc<AtomicBool> = Arc::default();
        let stopped = Arc::clone(&stop);
        let hand = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                show();
                thread::sleep(Duration::from_millis(2));
            }
        });
        Self { folder, stop, hand: Some(hand) }
    }

    fn node(&self, server: &str, wrong: i64, url: &str) -> ProcessBuilder {
        let face = self.folder.path().join(wrong.to_string());
        let set_clock = format!("export COUNTERSIGN_TEST_CLOCK={}", face.display());
        Process::builder(server).setting("DATABASE", url).setting("MASTER_KEY", MASTER_KEY).after(&set_clock)
    }
}

impl Drop for Clocks {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = self.hand.take().map(JoinHandle::join);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::disallowed_methods, reason = "where the program is, is nothing that a test can know by itself")]
async fn nodes_two_minutes_apart_accept_each_others_tokens_and_revocations() {
    let Ok(server) = env::var("COUNTERSIGN_TEST_SERVER") else {
        eprintln!("skipped: COUNTERSIGN_TEST_SERVER names no server whose clock can be turned");
        return;
    };
    let Some(place) = Place::make().await else { return };
    let wrong = [60, 0, -60];
    let clocks = Clocks::wrong_by(&wrong);
    let mut nodes = Vec::new();
    for by in wrong {
        nodes.push(clocks.node(&server, by, &place.url()).start().await);
    }
    let now = Env::system().now().as_seconds();

    // Whoever signs in or refreshes anywhere is believed everywhere at once: his tokens are made by one clock.
    for (n, node) in nodes.iter().enumerate() {
        let ada = node.member(&format!("ada{n}")).await;
        for other in &nodes {
            let at = other.meet_again(&ada);
            let made = ada.claims()["iat"].as_i64().unwrap();
            assert!(
                (now - 5..now + 120).contains(&made) && made - Env::system().now().as_seconds() < 5,
                "{made}, {now}"
            );
            let _ = at.get("/api/auth/verify").await.expect(200);
            assert_eq!(at.refresh_as_sdk().await.expect(200).refresh_case(), "5-rotated");
            for third in &nodes {
                let _ = third.meet_again(&ada).get("/api/auth/verify").await.expect(200);
            }
        }
        // Whom another signs out is refused within the second.
        let token = ada.access_token();
        let _ = nodes[(n + 1) % nodes.len()].meet_again(&ada).sign_out().await.expect(200);
        for other in &nodes {
            let visitor = other.stranger("visitor");
            let _: Reply = soon(|| verifies(&visitor, &token), is_revoked).await;
        }
    }

    // And none seems stale to a service: heartbeats have the database's time, too.
    let key = nodes[0].run(&["machine", "create", "orders", "--json"]).expect(0).json();
    for node in &nodes {
        let jwks = node.stranger("visitor").get("/.well-known/revocations/jwks.json").await.expect(200).text();
        let mut reader = FeedReader::new("http://localhost:8420", &jwks);
        let mut feed = FeedStream::over(node.address, key["key"].as_str().unwrap(), None).await.unwrap();
        while !reader.is_current {
            reader.take(&feed.next().await.unwrap()).unwrap();
        }
        let apart = Env::system().now().as_seconds() - reader.heard;
        assert!(apart.abs() <= 5, "a heartbeat is {apart} s from the database's clock");
        assert_eq!(reader.held.len(), nodes.len());
    }
    drop(nodes);
    place.drop().await;
}
