//! Attacks on the life of a session, through the front door: kept for ever, clocks that differ or step back, a database that is
//! gone.
//!
//! Not promised, and not tested: that a session which nobody used past its deadline stays over if the machine is restarted with
//! a clock before that deadline. Within one process time does not step back.

use std::path::Path;

use countersign::Timestamp;
use countersign_testkit::{Actor, Event, ManualClock, Method, Reply, TestApp, days, json, minutes, seconds};
use tempfile::tempdir;

use crate::answer::refused;

/// Refreshes with what `actor` was given at first and keeps beyond its time, as no browser would.
struct Hoard(Actor, String);

impl Hoard {
    fn of(app: &TestApp, actor: &Actor) -> Self {
        let page = actor.cookie("pageSession").map(|c| c.value).unwrap_or_default();
        let line = format!("__Secure-refreshToken={}; __Host-pageSession={page}", actor.refresh_token());
        Self(app.visitor(), line)
    }

    async fn refresh(&self) -> Reply {
        self.0.call(Method::POST, "/api/auth/refresh").header("cookie", &self.1).send_and_lose().await
    }
}

async fn at(data: &Path, clock: &ManualClock, seed: u64) -> TestApp {
    TestApp::builder().clock(clock).seed(seed).on_data_dir(data).start().await
}

// attack 55
// bug S32
#[tokio::test]
async fn no_session_is_kept_for_ever_by_refreshing() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let idle = Hoard::of(&app, &app.member("ben").await);
    let mut left = 30 * 86_400;

    for _ in 0..5 {
        app.clock.advance(days(5));
        left -= 5 * 86_400;
        if left == 20 * 86_400 {
            refused(&idle.refresh().await, "TOKEN_EXPIRED", "ten idle days");
        }
        let reply = ada.refresh().await.expect(200);
        assert_eq!(reply.json()["session"]["expiresIn"], json!(left), "the end does not move");
        let age = reply.set_cookies().iter().find(|c| c.starts_with("__Secure-refreshToken=")).cloned();
        let max_age = format!("Max-Age={}", left.min(7 * 86_400));
        assert!(age.is_some_and(|c| c.contains(&max_age)), "{max_age}");
    }
    app.clock.advance(seconds(5 * 86_400 - 60));
    let _ = ada.refresh().await.expect(200);
    let hoard = Hoard::of(&app, &ada);
    app.clock.advance(minutes(1));

    assert_eq!(ada.refresh().await.code(), "TOKEN_MISSING", "the browser has dropped it");
    refused(&hoard.refresh().await, "TOKEN_EXPIRED", "30 days after the sign-in");
    app.clock.advance(minutes(16));
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
    let _ = ada.sign_in().await.expect(200);
    let _ = ada.get("/api/user/profile").await.expect(200);
}

// attack 56
#[tokio::test]
async fn processes_whose_clocks_are_a_minute_apart_end_nothing_early_and_revive_nothing() {
    let place = tempdir().unwrap();
    let data = place.path().join("data");
    let (slow, fast) = (ManualClock::default(), ManualClock::default());
    fast.advance(minutes(1));
    let (here, there) = (at(&data, &slow, 1).await, at(&data, &fast, 2).await);
    let (ada, gone) = (here.member("ada").await, here.member("gone").await);
    let copied = gone.loot();
    let _ = gone.sign_out().await.expect(200);

    for _ in 0..6 {
        for node in [&there, &here] {
            // Two tabs that wake at once: the second is late, and no thief by anybody's clock.
            let tab = node.meet_again(&ada.elsewhere());
            tab.take(&ada.loot());
            let _ = node.meet_again(&ada).refresh_as_sdk().await.expect(200);
            let _ = tab.refresh().await.expect(200);
        }
        slow.advance(minutes(5));
        fast.advance(minutes(5));
    }

    for node in [&here, &there] {
        node.upkeep().await;
        refused(&node.visitor().redeem(&copied).await, "TOKEN_REVOKED", "by either clock");
        assert_eq!(node.audited(Event::RefreshReused).await, 0);
    }
}

// attack 56
#[tokio::test]
async fn a_clock_that_steps_back_ends_nothing_and_revives_nothing() {
    let app = TestApp::start().await;
    let (ada, gone) = (app.member("ada").await, app.member("gone").await);
    let over = Hoard::of(&app, &app.member("over").await);
    let stolen = Hoard::of(&app, &ada);
    app.clock.advance(days(6));
    let _ = ada.refresh().await.expect(200);
    app.clock.advance(days(1));
    refused(&over.refresh().await, "TOKEN_EXPIRED", "seven idle days");
    let _ = ada.refresh().await.expect(200);
    let _ = gone.sign_in().await.expect(200);
    let copied = gone.loot();
    let _ = gone.sign_out().await.expect(200);
    app.clock.advance(minutes(5));

    app.clock.set(Timestamp::from_micros(app.env().now().as_micros() - 60_000_000));

    let _ = ada.get("/api/user/profile").await.expect(200);
    let _ = ada.refresh().await.expect(200);
    refused(&over.refresh().await, "TOKEN_EXPIRED", "past its deadline by either time");
    let thief = app.visitor();
    refused(&thief.redeem(&copied).await, "TOKEN_REVOKED", "stays ended");
    assert_eq!(thief.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    app.clock.advance(minutes(2));
    refused(&stolen.refresh().await, "TOKEN_REUSED", "a spent token stays spent");
}

// attack 124
// bug S43, S46
#[tokio::test]
async fn a_database_that_is_gone_is_a_503_and_signs_nobody_out_or_in() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let app = at(&data, &clock, 1).await;
    let (ada, gone) = (app.member("ada").await, app.member("gone").await);
    let (held, copied) = (ada.loot(), gone.loot());
    let _ = gone.sign_out().await.expect(200);
    gone.take(&copied);
    app.store().close().await;

    let answers = [
        ("refresh", ada.refresh().await),
        ("a refresh of an ended session", gone.refresh().await),
        ("sign-in", ada.elsewhere().sign_in().await),
        ("sign-out", ada.sign_out().await),
        ("sign-out everywhere", ada.sign_out_everywhere().await),
        ("profile", ada.get("/api/user/profile").await),
    ];

    for (what, reply) in answers {
        assert_eq!(reply.status(), 503, "{what}: {}", reply.text());
        assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{what}");
        assert!(!reply.header("retry-after").is_empty(), "{what}");
    }
    let _ = ada.get("/api/auth/verify").await.expect(200);
    assert_eq!(gone.get("/api/auth/verify").await.code(), "TOKEN_REVOKED", "what is revoked is known from memory");
    drop(app);
    let app = at(&data, &clock, 2).await;
    assert_eq!(app.visitor().redeem(&held).await.expect(200).refresh_case(), "5-rotated", "nothing has changed");
}
