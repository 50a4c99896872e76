//! A server that goes and comes back.

use std::path::Path;

use countersign_testkit::{ManualClock, TestApp, minutes};
use insta::assert_snapshot;
use tempfile::tempdir;

async fn start(data: &Path, clock: &ManualClock, seed: u64) -> TestApp {
    TestApp::builder().clock(clock).seed(seed).on_data_dir(data).start().await
}

#[tokio::test]
async fn everyone_stays_signed_in_and_who_left_stays_out() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let first = start(&data, &clock, 1).await;
    let ada = first.member("ada").await;
    let robot = first.stranger("robot").into_program();
    let _ = robot.register().await.expect(201);
    let gone = first.member("gone").await;
    let copied = gone.loot();
    let _ = gone.sign_out().await.expect(200);
    first.system.shut_down().await;
    drop(first);

    clock.advance(minutes(1));
    let second = start(&data, &clock, 2).await;

    for person in [&ada, &robot] {
        let person = second.meet_again(person);
        let _ = person.get("/api/user/profile").await.expect(200);
        let _ = person.refresh().await.expect(200);
        let _ = person.get("/api/user/profile").await.expect(200);
    }
    let mallory = second.visitor();
    mallory.take(&copied);
    assert_snapshot!(mallory.get("/api/user/profile").await, @"401 TOKEN_REVOKED");
    assert_snapshot!(mallory.refresh().await, @"401 TOKEN_REVOKED");
}

#[tokio::test]
async fn a_server_that_falls_without_a_goodbye_loses_nothing_it_has_answered() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let first = start(&data, &clock, 1).await;
    let ada = first.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);
    let _ = phone.sign_out().await.expect(200);
    drop(first);

    let second = start(&data, &clock, 2).await;

    let _ = second.meet_again(&ada).refresh_as_sdk().await.expect(200);
    assert_snapshot!(second.meet_again(&phone).get("/api/user/profile").await, @"401 TOKEN_REVOKED");
}

#[tokio::test]
async fn a_thief_is_still_recognised_after_a_restart() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let first = start(&data, &clock, 1).await;
    let ada = first.member("ada").await;
    let stolen = ada.loot();
    for _ in 0..3 {
        clock.advance(minutes(5));
        let _ = ada.refresh_as_sdk().await.expect(200);
    }
    first.system.shut_down().await;
    drop(first);

    clock.advance(minutes(5));
    let second = start(&data, &clock, 2).await;
    clock.advance(minutes(5));

    assert_snapshot!(second.visitor().redeem(&stolen).await, @"401 TOKEN_REUSED");
    assert_snapshot!(second.meet_again(&ada).refresh().await, @"401 TOKEN_REVOKED");
}
