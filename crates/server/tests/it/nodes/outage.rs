//! The database goes away: its connections are cut, it hangs without a word, its primary dies and a standby takes over that lacks the
//! last commits. Answers come in bounded time, and afterwards everything is as it was promised, without a restart.

use std::future::Future;
use std::time::Duration;

use countersign_testkit::{Process, Reply, json};
use futures_util::future::join_all;
use tokio::time::timeout;

use super::place::Place;
use super::{is_revoked, node};
use crate::cable::Cable;
use crate::support::soon;

/// Nobody waits longer for an answer, whatever the database does: a connection is waited for up to 5 s, a statement up to 6 s.
const BOUND: Duration = Duration::from_secs(15);

/// What needs no database does not wait for it. Wide, because the machine may be busy.
const AT_ONCE: Duration = Duration::from_secs(4);

async fn bounded(answer: impl Future<Output = Reply>) -> Reply {
    timeout(BOUND, answer).await.unwrap()
}

fn is_refused_for_now(reply: &Reply) -> bool {
    (reply.status(), reply.code().as_str()) == (503, "OVERLOADED") && !reply.header("retry-after").is_empty()
}

/// Waits until the node says that all is well.
async fn recovered(node: &Process) {
    let visitor = node.stranger("visitor");
    let _: Reply = soon(|| visitor.get("/readyz"), |reply| reply.status() == 200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_cost_a_few_answers_and_no_session() {
    let Some(place) = Place::make().await else { return };
    let node = node(&place.url()).setting("LIMITS__ENABLED", "false").start().await;
    let mut crowd = Vec::new();
    for n in 0..12 {
        crowd.push(node.member(&format!("member{n}")).await);
    }
    let out = node.member("out").await;
    let _ = out.sign_out().await.expect(200);

    for _ in 0..3 {
        place.cut().await;
        for reply in join_all(crowd.iter().map(|one| bounded(one.refresh()))).await {
            assert!(reply.status() == 200 || is_refused_for_now(&reply), "{reply}");
            assert!(reply.status() == 200 || reply.set_cookies().is_empty(), "{reply}");
        }
        for one in &crowd {
            let _ = one.get("/api/auth/verify").await.expect(200);
        }
    }

    recovered(&node).await;
    for one in &crowd {
        let _: Reply = soon(|| one.refresh(), |reply| reply.status() == 200).await;
    }
    assert!(is_revoked(&out.get("/api/auth/verify").await));
    drop(node);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_hangs_is_answered_for_in_bounded_time_and_verify_goes_on_until_the_node_is_stale() {
    let Some(place) = Place::make().await else { return };
    let cable = Cable::to(place.server_address()).await;
    let node = node(&place.url_by(cable.address))
        .setting("REVOCATION__MAX_STALENESS_SECONDS", "20")
        .setting("REVOCATION__WHEN_STALE", "refuse")
        .setting("LIMITS__ENABLED", "false")
        .start()
        .await;
    let mut crowd = Vec::new();
    // More than there are connections.
    for n in 0..24 {
        crowd.push(node.member(&format!("member{n}")).await);
    }
    let (ada, ben, out) = (node.member("ada").await, node.member("ben").await, node.member("out").await);
    let unseen = node.member("unseen").await;
    for one in &crowd {
        let _ = one.get("/api/auth/verify").await.expect(200);
    }
    let _ = out.sign_out().await.expect(200);
    let _ = ada.get("/api/auth/verify").await.expect(200);

    cable.clamp();
    let refreshes = join_all(crowd.iter().map(|one| bounded(one.refresh())));
    let elsewhere = ada.elsewhere();
    let others = async {
        let (signed_in, signed_out, renamed) = tokio::join!(
            bounded(elsewhere.sign_in()),
            bounded(ben.sign_out()),
            bounded(ada.patch("/api/user/profile", json!({"name": "Ada K."}))),
        );
        [signed_in, signed_out, renamed]
    };
    let readers = async {
        for one in crowd.iter().chain([&ada]) {
            let _ = timeout(AT_ONCE, one.get("/api/auth/verify")).await.unwrap().expect(200);
        }
        // Whose session was not seen here before is looked for, in vain, and not for long.
        let _ = timeout(AT_ONCE, unseen.get("/api/auth/verify")).await.unwrap().expect(200);
        assert!(is_revoked(&out.get("/api/auth/verify").await), "what is known of revocations is in memory");
    };
    let (refreshes, others, ()) = tokio::join!(refreshes, others, readers);
    let unready = node.stranger("visitor").get("/readyz").await;
    // Refused from then on, by a status that signs nobody out.
    let stale: Reply = patiently(|| ada.get("/api/auth/verify"), is_refused_for_now).await;
    cable.release();

    for reply in refreshes.iter().chain(&others) {
        assert!(is_refused_for_now(reply), "{reply}: {}", reply.text());
        assert_eq!(reply.set_cookies(), Vec::<String>::new());
    }
    assert_eq!(unready.status(), 503);
    assert_eq!(unready.json()["checks"]["database"], "failing");
    assert_eq!(stale.set_cookies(), Vec::<String>::new());
    recovered(&node).await;
    for one in crowd.iter().chain([&ada]) {
        let _ = one.refresh().await.expect(200);
        let _ = one.get("/api/auth/verify").await.expect(200);
    }
    assert!(is_revoked(&out.get("/api/auth/verify").await));
    drop(node);
    place.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_does_not_start_for_ever_on_a_database_that_hangs() {
    let Some(place) = Place::make().await else { return };
    let cable = Cable::to(place.server_address()).await;
    cable.clamp();
    let url = place.url_by(cable.address);

    let started = tokio::task::spawn_blocking(move || node(&url).run(&["serve"], ""));
    let ran = timeout(Duration::from_secs(30), started).await.unwrap().unwrap().expect(5);

    assert!(ran.err.contains("did not answer within 10 s"), "{}", ran.err);
    place.drop().await;
}

/// Asks until the answer is as wanted, for longer than a node takes to become stale.
async fn patiently<F: Future<Output = Reply>>(ask: impl Fn() -> F, wanted: impl Fn(&Reply) -> bool) -> Reply {
    let mut reply = ask().await;
    for _ in 0..600 {
        if wanted(&reply) {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        reply = ask().await;
    }
    panic!("it stayed {reply}")
}
