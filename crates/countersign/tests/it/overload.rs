//! More than can be done, and a database that is away: what is answered, what is kept, and that nobody else notices.
//!
//! Hashing is held at a gate here, so that "at once" means: while no hash can begin or end. What it costs is measured by
//! `cargo xtask bench --overload`. Real processes, sockets and disks are in the tests of `server`.

use countersign::{HasherConfig, Params, WhenStale};
use countersign_kernel::Lifetime;
use countersign_testkit::{Actor, HeldHashes, Reply, TestApp, Value, json, seconds};
use tokio::task::JoinHandle;

use crate::answer::said;

/// One thread that hashes, and room for two who wait: the cheapest hash is guessed at 50 µs, and a clock that stands teaches
/// nothing.
async fn small() -> TestApp {
    let hashing = HasherConfig {
        params: Params::CHEAPEST,
        workers: 1,
        memory_budget_kib: 1_024,
        queue_deadline: Lifetime::from_micros(100),
    };
    TestApp::builder().with(move |builder| builder.hashing(hashing).danger_weak_hashing(Params::CHEAPEST)).start().await
}

fn overloaded() -> (u16, String) {
    (503, "OVERLOADED".to_owned())
}

fn sign_in(actor: &Actor) -> JoinHandle<Reply> {
    let actor = actor.clone();
    tokio::spawn(async move { actor.sign_in().await })
}

/// Three who sign in take the one thread and both places, until the gate that is given back is dropped.
async fn fill(app: &TestApp, actor: &Actor) -> (HeldHashes, Vec<JoinHandle<Reply>>) {
    let held = app.clock.hold_hashes();
    let waiting = (0..3).map(|_| sign_in(&actor.elsewhere())).collect();
    let hashing = || app.system.auth().accounts().hashing();
    while hashing().running + hashing().waiting < 3 {
        tokio::task::yield_now().await;
    }
    (held, waiting)
}

fn checks(reply: &Reply) -> Value {
    reply.json().pointer("/checks").cloned().unwrap_or_default()
}

// attack 102
#[tokio::test]
async fn a_flood_of_sign_ins_is_refused_at_once_and_nobody_else_notices() {
    let app = small().await;
    let (ada, ben) = (app.member("ada").await, app.member("ben").await);
    let hashing = || app.system.auth().accounts().hashing();
    let before = hashing();
    let (held, served) = fill(&app, &ben).await;

    // That these come back at all shows that they wait for no hash: none can end.
    for n in 0..50 {
        let refused = match n % 3 {
            0 => ada.elsewhere().sign_in().await,
            1 => ada.elsewhere().sign_in_with("not the password").await,
            _ => app.stranger(&format!("nobody{n}")).register().await,
        };
        assert_eq!(said(&refused), overloaded(), "{n}");
        assert!(refused.header("retry-after").parse::<u32>().is_ok_and(|after| after >= 1), "{n}");
        assert_eq!(refused.set_cookies(), Vec::<String>::new(), "{n}");
        let _ = ada.get("/api/auth/verify").await.expect(200);
    }
    let _ = ada.get("/api/user/profile").await.expect(200);
    assert_eq!(ada.refresh_as_sdk().await.expect(200).refresh_case(), "5-rotated");
    let _ = ada.get("/api/auth/verify").await.expect(200);
    assert_eq!(ada.sign_out_everywhere().await.expect(200).json()["revoked"], 1);
    assert_eq!((hashing().done, hashing().refused), (before.done, before.refused + 50), "nothing was hashed for them");

    // As soon as there is room the next one is served, and none of the refused tries counts against anybody.
    drop(held);
    for waited in served {
        let _ = waited.await.unwrap().expect(200);
    }
    for wrong in 0..5 {
        let reply = ada.elsewhere().sign_in_with("not the password").await;
        assert_eq!(said(&reply), (401, "AUTH_FAILED".to_owned()), "{wrong}");
    }
    let told = app.audit_records().await.into_iter().filter(|record| record.reason.as_deref() == Some("overloaded"));
    assert_eq!(told.count(), 1, "a flood does not fill the trail");
}

// attack 102
#[tokio::test]
async fn whoever_gives_up_waiting_makes_room() {
    let app = small().await;
    let ada = app.member("ada").await;
    let hashing = || app.system.auth().accounts().hashing();
    let (held, mut waiting) = fill(&app, &ada).await;
    assert_eq!(said(&ada.elsewhere().sign_in().await), overloaded());

    // The last one in the queue closes the tab.
    let gone = waiting.pop().unwrap();
    gone.abort();
    assert!(gone.await.unwrap_err().is_cancelled());
    let next = sign_in(&ada.elsewhere());
    while hashing().abandoned == 0 {
        tokio::task::yield_now().await;
    }

    drop(held);
    for served in waiting.into_iter().chain([next]) {
        let _ = served.await.unwrap().expect(200);
    }
}

// attack 102
#[tokio::test]
async fn whoever_was_let_in_and_waited_too_long_is_refused_unhashed_and_not_counted() {
    let app = small().await;
    let ada = app.member("ada").await;
    let hashing = || app.system.auth().accounts().hashing();
    let before = hashing();
    let (held, waiting) = fill(&app, &ada).await;

    app.clock.advance(seconds(1));
    drop(held);

    for late in waiting {
        assert_eq!(said(&late.await.unwrap()), overloaded());
    }
    assert_eq!((hashing().done, hashing().refused), (before.done, before.refused + 3));
    for wrong in 0..5 {
        let reply = ada.elsewhere().sign_in_with("not the password").await;
        assert_eq!(said(&reply), (401, "AUTH_FAILED".to_owned()), "{wrong}");
    }
}

// attack 124
#[tokio::test]
async fn a_server_cut_off_from_its_database_verifies_from_memory_and_says_how_old_that_is() {
    let app = TestApp::start().await;
    let (ada, gone) = (app.member("ada").await, app.member("gone").await);
    let copied = gone.loot();
    let _ = gone.sign_out().await.expect(200);
    gone.take(&copied);
    app.upkeep().await;
    let ready = app.visitor().get("/readyz").await.expect(200);
    assert_eq!(checks(&ready), json!({"database": "ok", "revocations": "ok", "writes": "ok"}));
    app.store().close().await;

    app.clock.advance(seconds(60));
    let fresh = ada.get("/api/auth/verify").await.expect(200);
    assert_eq!(fresh.header("x-auth-stale"), "");
    app.clock.advance(seconds(1));

    let stale = ada.get("/api/auth/verify").await.expect(200);
    assert_eq!(stale.header("x-auth-stale"), "61");
    assert_eq!(gone.get("/api/auth/verify").await.code(), "TOKEN_REVOKED", "what is revoked stays revoked");
    assert_eq!(said(&ada.refresh().await), overloaded());
    let unready = app.visitor().get("/readyz").await;
    assert_eq!(said(&unready), overloaded());
    assert!(!unready.header("retry-after").is_empty());
    assert_eq!(checks(&unready), json!({"database": "failing", "revocations": "failing", "writes": "failing"}));
    let _ = app.visitor().get("/healthz").await.expect(200);
}

// attack 124
#[tokio::test]
async fn a_server_that_is_told_to_refuse_when_stale_answers_503_and_signs_nobody_out() {
    let app = TestApp::builder().with(|builder| builder.staleness_policy(seconds(60), WhenStale::Refuse)).start().await;
    let ada = app.member("ada").await;

    app.clock.advance(seconds(61));
    let refused = ada.get("/api/auth/verify").await;
    assert_eq!(said(&refused), overloaded());
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(refused.header("www-authenticate"), "", "nothing is said of the token");
    assert_eq!(said(&ada.get("/api/user/profile").await), overloaded());
    let bad = ada.call(http::Method::GET, "/api/auth/verify").bearer("bad").send().await;
    assert_eq!(said(&bad), (401, "TOKEN_INVALID".to_owned()), "what is known to be bad is told apart");
    app.upkeep().await;

    let _ = ada.get("/api/auth/verify").await.expect(200);
    assert_eq!(ada.refresh().await.expect(200).refresh_case(), "5-rotated");
}
