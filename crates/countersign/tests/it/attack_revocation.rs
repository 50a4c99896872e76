//! Attacks on the end of sessions, through the front door: what has ended stays ended, everywhere and at once, and nothing
//! ends that was not meant. What nodes hear of each other is `upkeep.rs`, and tests of `countersign-session`.

use std::path::Path;

use axum::Router;
use axum::routing::get;
use countersign::{Auth, Lifetime, UserId};
use countersign_audit::Actor::Operator;
use countersign_testkit::{Actor, Event, ManualClock, Method, TestApp, hours, json, minutes};
use tempfile::tempdir;

use crate::answer::refused;

const LOGOUT: &str = "/api/auth/logout";

/// All that `actor` holds is worthless: its access token, its refresh token, and a thief's copy of both.
async fn is_out(app: &TestApp, actor: &Actor, reason: &str) {
    let holder = app.visitor();
    holder.take(&actor.loot());
    for path in ["/api/auth/verify", "/api/user/profile", "/api/user/sessions"] {
        refused(&holder.get(path).await, "TOKEN_REVOKED", &format!("{reason}: {path}"));
    }
    let reply = holder.refresh().await;
    refused(&reply, "TOKEN_REVOKED", reason);
    assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{reason}");
}

async fn is_in(actor: &Actor, reason: &str) {
    assert_eq!(actor.get("/api/user/profile").await.status(), 200, "{reason}");
    assert_eq!(actor.refresh().await.status(), 200, "{reason}");
    assert_eq!(actor.get("/api/user/profile").await.status(), 200, "{reason}");
}

/// Another browser of the same person, signed in.
async fn another(actor: &Actor) -> Actor {
    let browser = actor.elsewhere();
    let _ = browser.sign_in().await.expect(200);
    browser
}

// attack 43, 44
// bug S34
#[tokio::test]
async fn a_copy_taken_before_the_sign_out_is_worthless_and_the_other_device_stays() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = another(&ada).await;
    let copied = app.visitor();
    copied.take(&ada.loot());
    is_in(&copied, "the copy works before").await;
    copied.take(&ada.loot());

    let _ = ada.sign_out().await.expect(200);

    is_out(&app, &copied, "copied").await;
    app.clock.advance(minutes(20));
    refused(&copied.refresh().await, "TOKEN_REVOKED", "and stays so");
    let _ = phone.refresh().await.expect(200);
    is_in(&phone, "a session is not a person").await;
    let thefts = app.audit_records().await.iter().filter(|r| r.event == Event::RefreshReused).count();
    assert_eq!(thefts, 0, "a copy of what was signed out is no reuse");
}

// attack 45
// bug S41
#[tokio::test]
async fn signing_out_everywhere_spares_a_sign_in_of_the_same_moment() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("ada").await, app.member("ben").await);
    let phone = another(&ada).await;
    let tablet = ada.elsewhere().into_program();
    let _ = tablet.sign_in().await.expect(200);
    let desk = app.visitor();
    desk.take(&ada.loot());

    let out = ada.sign_out_everywhere().await.expect(200);
    // The clock has not moved since the first of them signed in.
    let back = another(&ada).await;

    assert_eq!(out.json()["revoked"], json!(3));
    for (who, old) in [("phone", &phone), ("tablet", &tablet), ("its own", &desk)] {
        is_out(&app, old, who).await;
    }
    assert_eq!(back.claims()["iat"].as_i64().map(|t| t * 1_000_000), Some(app.env().now().as_micros()));
    is_in(&back, "signed in afterwards").await;
    is_in(&ben, "somebody else").await;
    let again = back.sign_out_everywhere().await.expect(200);
    assert_eq!(again.json()["revoked"], json!(1), "ended ones do not end twice");
}

// attack 46
#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_the_old_password() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = another(&ada).await;
    let before = ada.access_token();
    let change = |current: &str| {
        let body = json!({"currentPassword": current, "newPassword": "quiet-heron-77-bridge"});
        ada.call(Method::POST, "/api/user/password").json(body).send()
    };
    assert_eq!(change("not-her-password").await.code(), "AUTH_FAILED");
    is_in(&phone, "a failed change changes nothing").await;

    let _ = change(&ada.password).await.expect(200);

    is_out(&app, &phone, "the other session").await;
    let old = ada.call(Method::GET, "/api/auth/verify").bearer(&before).send().await;
    refused(&old, "TOKEN_EXPIRED", "her own token is superseded, and her session lives");
    let _ = ada.refresh().await.expect(200);
    is_in(&ada, "she who changed it").await;
    refused(&ada.elsewhere().sign_in().await, "AUTH_FAILED", "the old password");
    let _ = ada.elsewhere().sign_in_with("quiet-heron-77-bridge").await.expect(200);
}

/// Every call that an access token opens.
fn calls() -> [(Method, &'static str, serde_json::Value); 9] {
    let password = json!({"currentPassword": "sable-otter-41-lantern", "newPassword": "quiet-heron-77-bridge"});
    let none = serde_json::Value::Null;
    [
        (Method::GET, "/api/auth/verify", none.clone()),
        (Method::GET, "/api/user/profile", none.clone()),
        (Method::PATCH, "/api/user/profile", json!({"name": "X"})),
        (Method::GET, "/api/user/sessions", none.clone()),
        (Method::POST, "/api/user/password", password),
        (Method::POST, "/api/auth/step-up", json!({"password": "sable-otter-41-lantern"})),
        (Method::DELETE, "/api/user", json!({"currentPassword": "sable-otter-41-lantern"})),
        (Method::POST, "/api/auth/logout-all", none.clone()),
        (Method::DELETE, "/api/user/sessions/ses_00000000000000000000000000", none),
    ]
}

// attack 47
// bug S33
#[tokio::test]
async fn what_a_disabled_or_deleted_person_holds_is_worthless_and_no_crash() {
    let app = TestApp::start().await;
    let (ada, ben, eve) = (app.member("ada").await, app.member("ben").await, app.member("eve").await);
    let id = |actor: &Actor| actor.user_id().parse::<UserId>().unwrap();
    let (accounts, origin) = (app.system.auth().accounts().clone(), app.local());
    for (method, path, body) in calls().into_iter().take(4) {
        assert_eq!(ada.call(method, path).json(body).send().await.status(), 200, "control: {path}");
    }

    accounts.disable_user(id(&ada), Operator, &origin).await.unwrap();
    accounts.delete_user(id(&ben), Operator, &origin).await.unwrap();

    for (who, actor) in [("disabled", &ada), ("deleted", &ben)] {
        for (method, path, body) in calls() {
            let reply = actor.call(method, path).json(body).send().await;
            refused(&reply, "TOKEN_REVOKED", &format!("{who}: {path}"));
        }
        let minted = actor.call(Method::GET, "/api/user/profile").bearer(&app.mint(actor).mint()).send().await;
        refused(&minted, "TOKEN_REVOKED", who);
        let refresh = actor.refresh().await;
        assert_eq!(refresh.status(), 401, "{who}: {}", refresh.text());
        refused(&actor.elsewhere().sign_in().await, "AUTH_FAILED", who);
        let out = actor.call(Method::POST, LOGOUT).anonymous().send().await.expect(200);
        assert!(!out.set_cookies().is_empty(), "{who}: sign-out still clears the cookies");
    }
    is_in(&eve, "somebody else").await;

    accounts.enable_user(id(&ada), Operator, &origin).await.unwrap();
    assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_REVOKED", "what has ended does not come back");
    is_in(&another(&ada).await, "enabled again").await;
}

// attack 48
// bug S37, S38
#[tokio::test]
async fn signing_out_needs_the_cookie_alone_and_repeats() {
    let app = TestApp::start().await;
    for (reason, token) in [("none", None), ("expired", Some("expired")), ("garbage", Some("a.b.c"))] {
        let ada = app.member(&format!("ada-{reason}")).await;
        let expired = app.mint(&ada).expired().mint();
        let held = app.visitor();
        held.take(&ada.loot());
        let out = |actor: &Actor| {
            let call = actor.call(Method::POST, LOGOUT).anonymous();
            match token {
                None => call,
                Some("expired") => call.bearer(&expired),
                Some(other) => call.bearer(other),
            }
            .send()
        };

        let first = out(&ada).await.expect(200);

        assert!(ada.cookie("refreshToken").is_none() && ada.cookie("pageSession").is_none(), "{reason}: cleared");
        is_out(&app, &held, reason).await;
        for again in [out(&held).await.expect(200), out(&app.visitor()).await] {
            // Without any cookie a bad token is all that there is to judge.
            assert!(again.status() == 200 || token.is_some(), "{reason}: {}", again.status());
            assert!(again.status() < 500 && (again.status() != 200 || !again.set_cookies().is_empty()), "{reason}");
        }
        assert_eq!(first.json()["message"].as_str().map(str::is_empty), Some(false));
    }
}

// bug S38
#[tokio::test]
async fn signing_out_with_a_stale_or_bent_cookie_clears_it_and_ends_nobody_elses_session() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.member("ada").await, app.member("eve").await);
    let page = ada.cookie("pageSession").map(|c| c.value).unwrap_or_default();

    for (reason, refresh) in [
        ("garbage", "garbage".to_owned()),
        ("empty", String::new()),
        ("another's", eve.refresh_token()),
        ("an access token", ada.access_token()),
    ] {
        let cookie = format!("__Secure-refreshToken={refresh}; __Host-pageSession={page}");
        let call = app.visitor().call(Method::POST, LOGOUT).header("cookie", cookie);

        let reply = call.send().await.expect(200);

        assert!(reply.set_cookies().iter().any(|c| c.starts_with("__Secure-refreshToken=;")), "{reason}");
    }
    is_in(&ada, "not hers").await;
    is_in(&eve, "nor hers").await;
}

// attack 49
#[tokio::test]
async fn signing_out_everywhere_is_not_the_cookies_to_do() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = another(&ada).await;
    let expired = app.mint(&ada).expired().mint();
    let call = || ada.call(Method::POST, "/api/auth/logout-all").anonymous();
    let before = app.audit_records().await.len();

    for (reply, code) in [
        (call().send().await, "TOKEN_MISSING"),
        (call().bearer(&ada.refresh_token()).send().await, "TOKEN_INVALID"),
        (call().bearer(&expired).send().await, "TOKEN_EXPIRED"),
    ] {
        refused(&reply, code, "the cookie alone");
        assert_eq!(reply.set_cookies(), Vec::<String>::new());
    }

    assert_eq!(app.audit_records().await.len(), before);
    is_in(&phone, "the other browser").await;
    assert_eq!(ada.sign_out_everywhere().await.expect(200).json()["revoked"], json!(2));
}

// bug S23
#[tokio::test]
async fn a_demoted_person_loses_the_right_with_the_next_request_and_stays_signed_in() {
    let routes = |auth: Auth| {
        let layer = auth.require_role("editor");
        Router::new().route("/edit", get(|| async { "edited" })).route_layer(layer)
    };
    let app = TestApp::builder().routes(routes).start().await;
    let ada = app.member_with_roles("ada", &["editor", "reader"]).await;
    let kept = ada.access_token();
    assert_eq!(ada.get("/edit").await.expect(200).text(), "edited");

    app.give_roles(&ada, &["reader"]).await;

    refused(&ada.get("/edit").await, "TOKEN_EXPIRED", "the token of the higher rights");
    let _ = ada.refresh().await.expect(200);
    let reply = ada.get("/edit").await;
    assert_eq!((reply.status(), reply.code().as_str()), (403, "FORBIDDEN"));
    let old = ada.call(Method::GET, "/edit").bearer(&kept).send().await;
    refused(&old, "TOKEN_EXPIRED", "the old token does not come back with the new one");
    assert_eq!(ada.claims()["roles"], json!(["reader"]));
}

async fn at(data: &Path, clock: &ManualClock, seed: u64) -> TestApp {
    let long = |builder: countersign::Builder| builder.access_lifetime(Lifetime::from_hours(4));
    TestApp::builder().clock(clock).seed(seed).with(long).on_data_dir(data).start().await
}

// bug S31, S42
#[tokio::test]
async fn a_revocation_is_kept_until_the_last_token_has_died_also_over_a_restart() {
    let (place, clock) = (tempdir().unwrap(), ManualClock::default());
    let data = place.path().join("data");
    let app = at(&data, &clock, 1).await;
    let (ada, ben) = (app.member("ada").await, app.member("ben").await);
    let copied = app.visitor();
    copied.take(&ada.loot());
    let life = ada.claims()["exp"].as_i64().unwrap_or_default() - ada.claims()["iat"].as_i64().unwrap_or_default();
    assert!(life >= 4 * 3_420, "four hours with 5 % of jitter: {life}");
    let _ = ada.sign_out().await.expect(200);

    let mut gone = Lifetime::ZERO;
    while gone + minutes(30) < Lifetime::from_seconds(life) {
        clock.advance(minutes(30));
        gone = gone + minutes(30);
        app.upkeep().await;
        refused(&copied.get("/api/auth/verify").await, "TOKEN_REVOKED", &format!("after {gone:?}"));
    }
    let _ = ben.refresh().await.expect(200);
    drop(app);

    let app = at(&data, &clock, 2).await;
    let copied = app.meet_again(&copied);
    refused(&copied.get("/api/auth/verify").await, "TOKEN_REVOKED", "after a restart");
    is_in(&app.meet_again(&ben), "the database is the truth for those who are in, too").await;
    clock.advance(hours(1));
    app.upkeep().await;
    refused(&copied.get("/api/auth/verify").await, "TOKEN_EXPIRED", "by itself");
    refused(&copied.refresh().await, "TOKEN_REVOKED", "the session has ended for good");
    // What is over is forgotten: memory is bounded by what can still be presented.
    clock.advance(hours(24));
    app.upkeep().await;
    app.upkeep().await;
    assert_eq!(app.system.auth().sessions().revocations().len(), 0);
}
