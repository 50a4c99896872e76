//! The server goes away, says no, forgets, and comes back.

use std::sync::Arc;
use std::time::Duration;

use countersign_kernel::{Env, Lifetime, Secret, Timestamp};
use countersign_limit::{Limiter, Quota, Taken};
use countersign_valkey::{FanOut, Link, PATIENCE, SharedLimiter, ValkeyAddress};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::nodes::{PATIENT, address, link, names, node};
use crate::server::ValkeyServer;

const THREE: Quota = Quota { name: "three", limit: 3, window: Lifetime::from_minutes(15) };

/// Nobody waits longer for an answer. Wide, because the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(2);

async fn is_allowed(limiter: &SharedLimiter) -> bool {
    is_allowed_at(limiter, 0).await
}

async fn is_allowed_at(limiter: &SharedLimiter, minute: i64) -> bool {
    let (charge, now) = ([(THREE, limiter.key(&[b"ada"]))], Timestamp::from_seconds(1_800_000_000 + 60 * minute));
    let taken = timeout(AT_ONCE, limiter.take(&charge, now)).await.unwrap();
    matches!(taken, Taken::Allowed { .. })
}

async fn until(link: &Link, is_up: bool) {
    for _ in 0..1_000 {
        if link.readings().is_up == is_up {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it stayed {:?}", link.readings());
}

#[tokio::test]
async fn two_nodes_share_what_they_count() {
    let Some(server) = ValkeyServer::start() else { return };
    let link = link(&server).await;
    let (a, b) = (node(&link), node(&link));

    let verdicts = [is_allowed(&a).await, is_allowed(&b).await, is_allowed(&a).await];
    assert_eq!(verdicts, [true; 3]);
    assert!(!is_allowed(&a).await && !is_allowed(&b).await);
    assert!(!is_allowed_at(&b, 10).await);
    // What Valkey refused was not counted by the node either: it would hold after the window.
    for allowed in [true, true, true, false] {
        assert_eq!(is_allowed_at(&b, 15).await, allowed);
    }
    assert_eq!(link.readings().alone, 0);
}

#[tokio::test]
async fn without_valkey_each_node_counts_for_itself_and_goes_on_from_what_it_has_seen() {
    let Some(mut server) = ValkeyServer::start() else { return };
    let link = link(&server).await;
    let (a, b) = (node(&link), node(&link));
    assert!(is_allowed(&a).await && is_allowed(&a).await);
    server.kill();

    assert_eq!([is_allowed(&a).await, is_allowed(&a).await], [true, false], "a third, and no fourth");
    assert!(is_allowed(&b).await, "b knows of none");
    until(&link, false).await;
    let before = link.readings();
    assert!(is_allowed(&b).await);
    assert_eq!(link.readings().alone, before.alone + 1, "nobody is asked");

    server.start_again();
    until(&link, true).await;
    assert!(!is_allowed(&a).await, "an empty Valkey lets nobody have more of this node");
    assert_eq!([is_allowed(&b).await, is_allowed(&b).await], [true, false]);
    assert!(link.readings().answered > before.answered);
}

#[tokio::test]
async fn a_server_that_hangs_is_waited_for_once_and_briefly() {
    let Some(server) = ValkeyServer::start() else { return };
    let link = Link::start(&address(&server), names(1), PATIENCE).await.unwrap();
    let limiter = node(&link);
    server.signal("STOP");

    assert!(is_allowed(&limiter).await);
    assert!(!link.readings().is_up, "found out by whoever asked");
    let charge = [(THREE, limiter.key(&[b"bob"]))];
    let answer = limiter.take(&charge, Timestamp::from_seconds(1_800_000_000));
    assert!(answer.at_once().is_some(), "nobody is asked");
    server.signal("CONT");
    until(&link, true).await;
}

#[tokio::test]
async fn a_flush_takes_the_windows_of_others_and_nothing_of_ones_own() {
    let Some(server) = ValkeyServer::start() else { return };
    let link = link(&server).await;
    let (a, b) = (node(&link), node(&link));
    for _ in 0..3 {
        assert!(is_allowed(&a).await);
    }
    assert!(!is_allowed(&b).await);

    let _ = server.command(&["FLUSHALL"]);
    let _ = server.command(&["SCRIPT", "FLUSH"]);

    assert!(!is_allowed(&a).await);
    assert!(is_allowed(&b).await);
    assert_eq!(link.readings().alone, 0, "a script that was forgotten is brought again");
}

#[tokio::test]
async fn a_server_that_lets_nobody_write_is_of_no_use_and_says_why() {
    let Some(server) = ValkeyServer::with(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]) else { return };
    let link = link(&server).await;
    assert!(!link.readings().is_up);
    assert!(is_allowed(&node(&link)).await);
    let said = Link::check(&address(&server), names(1)).await.unwrap_err();
    assert!(said.to_lowercase().contains("memory"), "{said}");

    let Some(locked) = ValkeyServer::with(&["--requirepass", "canary"]) else { return };
    let said = Link::check(&address(&locked), names(1)).await.unwrap_err();
    assert!(!said.contains("canary"), "{said}");
    let Some(open) = ValkeyServer::start() else { return };
    assert_eq!(Link::check(&address(&open), names(1)).await, Ok(()));
}

/// What docs/guides/postgresql.md says that the user needs.
const RIGHTS: &str = "user countersign on >canary ~countersign:* &countersign:* +evalsha +eval +script|load +get +set +del +publish \
                      +subscribe +ping +select";

#[tokio::test]
async fn the_rights_that_the_guide_names_are_enough() {
    let guide = include_str!("../../../../docs/guides/postgresql.md");
    let line = guide.lines().find(|line| line.starts_with("user countersign on")).unwrap();
    assert_eq!(line.replace('…', "canary"), RIGHTS);
    let mut arguments = vec!["--user"];
    arguments.extend(RIGHTS.trim_start_matches("user ").split(' '));
    let Some(server) = ValkeyServer::with(&arguments) else { return };
    let url = server.url().replace("redis://", "redis://countersign:canary@");
    let address = ValkeyAddress::parse(&Secret::new(format!("{url}/2"))).unwrap();
    let link = Link::start(&address, names(1), PATIENT).await.unwrap();

    assert!(link.readings().is_up, "{:?}", Link::check(&address, names(1)).await);
    let (a, b) = (node(&link), node(&link));
    assert_eq!([is_allowed(&a).await, is_allowed(&b).await, is_allowed(&a).await], [true; 3]);
    assert!(!is_allowed(&b).await);
    assert_eq!(link.readings().alone, 0);
    let reader = Arc::new(Notify::new());
    let _fan_out = FanOut::start(&link, Arc::clone(&reader), &Env::system());
    timeout(AT_ONCE, reader.notified()).await.unwrap();
}
