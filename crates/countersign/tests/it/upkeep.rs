//! What happens by itself.
//!
//! The janitor works in real time: these tests wait for what it does, never for a span.

use std::future::Future;
use std::path::Path;
use std::time::Duration;

use countersign_testkit::{ManualClock, TestApp, TestAppBuilder, days, minutes};
use insta::assert_snapshot;
use tempfile::tempdir;

/// Waits until something is so. The bound is for a fault, not for a slow machine.
async fn until<Fut: Future<Output = bool>>(is_so: impl Fn() -> Fut) {
    let wait = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it happens by itself");
}

async fn unsealed(app: &TestApp) -> usize {
    let mut tx = app.store().snapshot().await.unwrap();
    tx.list_unsealed_audit_records(100).await.unwrap().len()
}

fn on(data: &Path, clock: &ManualClock, seed: u64) -> TestAppBuilder {
    TestApp::builder().clock(clock).seed(seed).on_data_dir(data)
}

#[tokio::test]
async fn what_another_process_revokes_is_refused_here() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let there = on(&data, &clock, 1).start().await;
    let ada = there.member("ada").await;
    let here = on(&data, &clock, 2).with_janitor().start().await;
    let ada_here = here.meet_again(&ada.elsewhere());
    ada_here.set_access_token(&ada.access_token());
    let _ = ada_here.get("/api/user/profile").await.expect(200);

    let _ = ada.sign_out().await.expect(200);

    until(async || ada_here.get("/api/user/profile").await.code() == "TOKEN_REVOKED").await;
}

#[tokio::test]
async fn the_audit_trail_is_sealed_within_moments() {
    let app = TestApp::builder().with_janitor().start().await;

    let _ = app.member("ada").await;

    until(async || unsealed(&app).await == 0).await;
}

#[tokio::test]
async fn a_shutdown_seals_the_end_of_the_trail() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let first = on(&data, &clock, 1).with_janitor().start().await;
    let _ = first.member("ada").await;

    first.system.shut_down().await;

    let second = on(&data, &clock, 2).start().await;
    let sealed = second.store().snapshot().await.unwrap().audit_head().await.unwrap().seq;
    let signed_up = second.audit_records().await.iter().filter(|record| record.event.as_str() == "signed_up").count();
    assert!(sealed > 0);
    assert_eq!((unsealed(&second).await, signed_up), (0, 1));
}

#[tokio::test]
async fn a_shutdown_can_be_asked_for_twice() {
    let app = TestApp::builder().with_janitor().start().await;

    app.system.shut_down().await;

    app.system.shut_down().await;
}

#[tokio::test]
async fn a_database_that_is_gone_ends_no_upkeep_and_is_told_to_who_asks() {
    let app = TestApp::start().await;
    app.store().close().await;

    assert!(app.system.upkeep().await.is_err());
    assert_snapshot!(app.visitor().get("/readyz").await, @"503 OVERLOADED");
}

// race 16
#[tokio::test]
async fn keys_follow_their_schedule_and_tokens_of_the_old_one_live_on() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let before = app.system.keyring().signer().kid().to_owned();
    let refresh_often = async || {
        for _ in 0..15 {
            app.clock.advance(days(6));
            app.upkeep().await;
            let _ = ada.refresh_as_sdk().await;
        }
    };

    refresh_often().await;
    app.clock.advance(days(1));
    let _ = ada.sign_in().await.expect(200);
    app.clock.advance(minutes(1));
    app.upkeep().await;

    assert_ne!(app.system.keyring().signer().kid(), before);
    let _ = ada.get("/api/user/profile").await.expect(200);
    let _ = ada.refresh().await.expect(200);
}

#[tokio::test]
async fn upkeep_signs_the_trail_and_gives_up_what_is_too_old() {
    let app = TestApp::builder().with(|builder| builder.audit_trail(minutes(60), Some(days(30)))).start().await;
    let _ = app.member("ada").await;
    app.upkeep().await;
    let signed = countersign_trail::newest_checkpoint(app.store().as_ref()).await.unwrap().unwrap();
    app.clock.advance(days(31));
    let _ = app.member("bob").await;

    app.upkeep().await;

    let mut tx = app.store().snapshot().await.unwrap();
    let base = tx.audit_base().await.unwrap().unwrap();
    assert_eq!(base.checkpoint.link, signed.checkpoint.link);
    let rows = tx.list_audit_chain(0, 10).await.unwrap();
    assert_eq!(rows.first().map(|row| row.place.link.seq), Some(signed.checkpoint.link.seq + 1));
    assert!(tx.newest_audit_checkpoint().await.unwrap().unwrap().checkpoint.number > signed.checkpoint.number);
}
