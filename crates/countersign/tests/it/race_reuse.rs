//! Races that other systems lost: spent tokens that live on through a side path, a late descendant or a window that slides.

use countersign_testkit::{Actor, Event, Method, Stop, TestApp, Value, json, millis, minutes, seconds};

use crate::aftermath::{another, copy, is_in, is_out, is_refused};

/// Refreshes twice, far enough apart for the first token to be a grandparent that nobody honest still holds.
async fn grow_old(app: &TestApp, actor: &Actor) {
    for _ in 0..2 {
        let _ = actor.refresh().await.expect(200);
        app.clock.advance(minutes(1));
    }
}

// race 7
#[tokio::test]
async fn a_grandparent_ends_the_family_and_a_descendant_287_milliseconds_later_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = another(&ada).await;
    let stolen = ada.loot();
    grow_old(&app, &ada).await;
    let descendants = [copy(&app, &ada), copy(&app, &ada)];

    assert_eq!(app.visitor().redeem(&stolen).await.to_string(), "401 TOKEN_REUSED");
    app.clock.advance(millis(287));

    is_refused(&descendants[0].refresh().await, "the current token");
    is_refused(&descendants[1].refresh_as_sdk().await, "the current token, with an id");
    is_out(&app, &ada.loot(), "the family").await;
    is_in(&phone, "another family").await;
    assert_eq!(app.audited(Event::RefreshReused).await, 1, "once");
}

// race 8
#[tokio::test]
async fn no_side_path_takes_a_spent_token_or_revives_an_ended_session() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let spent = ada.loot();
    let spent_token = ada.refresh_token();
    let credentials = json!({"password": ada.password});
    grow_old(&app, &ada).await;

    for (method, path, body) in [
        (Method::POST, "/api/auth/step-up", credentials.clone()),
        (Method::POST, "/api/auth/logout-all", Value::Null),
        (Method::GET, "/api/auth/verify", Value::Null),
    ] {
        let reply = app.visitor().call(method, path).bearer(&spent_token).json(body).send().await;
        assert_eq!(reply.to_string(), "401 TOKEN_INVALID", "a refresh token is for refreshing: {path}");
    }
    is_in(&ada, "nothing has happened").await;
    app.clock.advance(minutes(1));
    let _ = ada.refresh().await.expect(200);

    let last = ada.loot();
    assert_eq!(app.visitor().redeem(&spent).await.to_string(), "401 TOKEN_REUSED");
    let stepped = ada.call(Method::POST, "/api/auth/step-up").json(credentials).send().await;
    assert_eq!(stepped.to_string(), "401 TOKEN_REVOKED", "the stronger proof comes too late");
    // A sign-in with the old cookies opens another session and brings the old one back to nobody.
    let _ = ada.sign_in().await.expect(200);
    is_in(&ada, "signed in again").await;
    is_out(&app, &last, "the ended session").await;
    is_out(&app, &spent, "its spent token").await;
}

// race 8
#[tokio::test]
async fn a_step_up_that_races_a_refresh_disturbs_it_in_neither_order() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    for stop in [Stop::Write, Stop::Written] {
        app.clock.advance(minutes(1));
        let tab = copy(&app, &ada);
        let gate = app.gates.catch(stop);
        let step_up = async {
            gate.reached_by(1).await;
            let reply = tab.step_up().await;
            gate.open();
            reply
        };

        let (refreshed, stepped) = tokio::join!(ada.refresh(), step_up);

        assert_eq!((refreshed.status(), stepped.status()), (200, 200), "{stop:?}");
        assert_eq!(refreshed.refresh_case(), "5-rotated", "{stop:?}: judged again where the row had moved");
        let _ = tab.get("/api/user/profile").await.expect(200);
        is_in(&ada, &format!("{stop:?}")).await;
    }
    assert_eq!(app.audited(Event::RefreshReused).await, 0);
}

// race 8
#[tokio::test]
async fn a_session_that_ends_with_the_browser_rotates_and_catches_a_thief_like_any_other() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let guest = ada.elsewhere();
    let body = json!({"email": ada.email, "password": ada.password, "remember": false});
    let signed_in = guest.call(Method::POST, "/api/auth/login").anonymous().json(body).send().await.expect(200);
    guest.set_access_token(&signed_in.text_at("/accessToken"));
    assert!(signed_in.set_cookies().iter().all(|c| !c.contains("refreshToken") || !c.contains("Max-Age")));
    let stolen = guest.loot();

    for _ in 0..2 {
        let reply = guest.refresh().await.expect(200);
        assert_eq!(reply.refresh_case(), "5-rotated");
        assert!(reply.set_cookies().iter().all(|c| !c.contains("refreshToken") || !c.contains("Max-Age")), "transient");
        app.clock.advance(minutes(1));
    }
    let next = TestApp::builder().beside(&app);
    drop(app);
    let app = next.start().await;
    app.clock.advance(minutes(1));

    assert_eq!(app.visitor().redeem(&stolen).await.to_string(), "401 TOKEN_REUSED");
    is_refused(&app.meet_again(&guest).refresh().await, "the transient session");
    is_in(&app.meet_again(&ada), "the lasting one").await;
}

// race 10
#[tokio::test]
async fn the_window_does_not_slide_serves_what_was_spent_within_it_and_gives_the_live_successor() {
    let app = TestApp::start().await;
    app.clock.advance(minutes(10));
    let ada = app.member("ada").await;
    let first = ada.loot();
    let _ = ada.refresh().await.expect(200);
    let second = ada.loot();
    let _ = ada.refresh().await.expect(200);

    // Each use of the spent token is answered, with the token that lives now, and moves nothing on.
    for after in [0, 10, 10, 9] {
        app.clock.advance(seconds(after));
        let late = app.visitor();
        let reply = late.redeem(&first).await.expect(200);
        assert_eq!(late.refresh_token(), ada.refresh_token(), "the live successor: {}", reply.refresh_case());
    }
    // At 31 s the third generation is spent too, and the first two are passed: no answer to them can still be on its way.
    app.clock.advance(seconds(2));
    let third = ada.loot();
    let _ = ada.refresh().await.expect(200);
    app.clock.advance(millis(29_999));
    let _ = app.visitor().redeem(&second).await.expect(200);
    let served = app.visitor();
    let _ = served.redeem(&third).await.expect(200);
    assert_eq!(served.refresh_token(), ada.refresh_token(), "spent within the window");
    let _ = app.visitor().redeem(&first).await.expect(200);
    assert_eq!(app.audited(Event::RefreshReused).await, 0);

    app.clock.advance(millis(1));
    let caught = app.visitor().redeem(&first).await;
    assert_eq!(caught.to_string(), "401 TOKEN_REUSED", "30 s after it was passed, though it was served a moment ago");
    is_refused(&ada.refresh().await, "the session");
}
