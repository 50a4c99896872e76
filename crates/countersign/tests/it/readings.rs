//! What a system says of itself, without a socket and with the time in hand.

use countersign::readings::Readings;
use countersign_testkit::{Method, TestApp, days, minutes, seconds};

fn count(of: &[(&str, u64)], name: &str) -> u64 {
    of.iter().find(|(known, _)| *known == name).map_or(0, |(_, count)| *count)
}

async fn read(app: &TestApp) -> Readings {
    app.system.readings().await
}

#[tokio::test]
async fn records_that_wait_to_be_sealed_are_counted_with_their_age() {
    let app = TestApp::start().await;
    app.upkeep().await;
    let _ada = app.member("ada").await;
    app.clock.advance(seconds(40));
    let _bob = app.member("bob").await;

    let before = read(&app).await.unsealed.unwrap();
    app.upkeep().await;
    let after = read(&app).await.unsealed.unwrap();

    assert_eq!((before.records, before.age), (2, seconds(40)));
    assert_eq!((after.records, after.age), (0, seconds(0)));
}

#[tokio::test]
async fn the_next_key_is_awaited_to_the_moment() {
    let app = TestApp::start().await;
    assert_eq!(read(&app).await.key_activates_in, Some(days(90)));
    app.clock.advance(days(89));
    assert_eq!(read(&app).await.key_activates_in, Some(days(1)));

    app.clock.advance(days(1));
    assert_eq!(read(&app).await.key_activates_in, Some(seconds(0)));
    app.upkeep().await;

    assert_eq!(read(&app).await.key_activates_in, Some(days(90)));
}

#[tokio::test]
async fn a_log_that_is_not_followed_shows_its_lag() {
    let app = TestApp::start().await;
    app.upkeep().await;
    app.clock.advance(seconds(7));
    assert_eq!(read(&app).await.sessions.silent_for, seconds(7));
    app.upkeep().await;
    assert_eq!(read(&app).await.sessions.silent_for, seconds(0));
}

#[tokio::test]
async fn each_limit_counts_its_own_refusals() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let stranger = ada.elsewhere();
    for _ in 0..5 {
        assert_eq!(stranger.sign_in_with("not-it-not-it").await.status(), 401);
    }
    for _ in 0..2 {
        assert_eq!(stranger.sign_in_with("not-it-not-it").await.status(), 429);
    }

    let readings = read(&app).await;

    assert_eq!(readings.limits_refused, [("sign_in_address_account", 2)]);
    assert!(readings.limits.keys >= 3, "{:?}", readings.limits);
    assert_eq!(readings.limits.evicted, 0);
    assert_eq!(count(&readings.accounts.sign_ins, "limited"), 2);
    assert_eq!(count(&readings.accounts.sign_ins, "wrong_password"), 5);
}

#[tokio::test]
async fn each_row_of_the_refresh_table_is_counted() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let loot = ada.loot();
    for _ in 0..2 {
        let _ = ada.refresh().await.expect(200);
        app.clock.advance(minutes(1));
    }
    let thief = app.visitor();
    assert_eq!(thief.redeem(&loot).await.code(), "TOKEN_REUSED");
    assert_eq!(ada.refresh().await.status(), 401);
    // On https a refresh cookie counts only beside that of the page session.
    let stray = app.visitor().call(Method::POST, "/api/auth/refresh").header("cookie", "__Secure-refreshToken=stray");
    assert_eq!(stray.send().await.refresh_case(), "1-invalid");

    app.upkeep().await;
    let sessions = read(&app).await.sessions;

    assert_eq!(sessions.seq, 1, "the log has been read up to the revocation");
    for (case, wanted) in [("1-invalid", 1), ("2-ended", 1), ("5-rotated", 2), ("7-late", 0), ("9-theft", 1)] {
        assert_eq!(count(&sessions.refreshes, case), wanted, "{case}: {:?}", sessions.refreshes);
    }
    assert!(sessions.live.contains(&("session", 1)), "{:?}", sessions.live);
}

#[tokio::test]
async fn a_database_that_is_gone_does_not_keep_the_rest_from_being_read() {
    let app = TestApp::start().await;
    let _ada = app.member("ada").await;
    app.store().close().await;

    let readings = read(&app).await;

    assert_eq!(readings.unsealed, None);
    assert_eq!(count(&readings.accounts.sign_ups, "signed_up"), 1);
    assert!(readings.database.steps.iter().any(|step| step.failed > 0), "{:?}", readings.database.steps);
}
