//! Attacks on refreshing, through the front door: tokens that were spent, copied or raced.
//!
//! Each attack differs from a good refresh in one thing, and the good one passes in the same test. Searched, not listed,
//! strategies of thieves are tests of `countersign-session`.

use std::collections::BTreeSet;

use countersign_testkit::{Actor, Event, Method, Reply, TestApp, Value, json, minutes, seconds};

use crate::answer::{refused, said};

const REFRESH: &str = "/api/auth/refresh";

/// Another holder of all that `actor` holds now.
fn copy(app: &TestApp, actor: &Actor) -> Actor {
    let copy = app.visitor();
    copy.take(&actor.loot());
    copy
}

// attack 37, 39
// bug S24, S25, S26, S35
#[tokio::test]
async fn a_spent_token_ends_its_session_its_access_tokens_and_no_other_session() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);
    let thief = copy(&app, &ada);
    for _ in 0..2 {
        let _ = ada.refresh().await.expect(200);
        app.clock.advance(minutes(1));
    }
    let _ = thief.get("/api/user/profile").await.expect(200);

    let caught = thief.refresh().await;

    refused(&caught, "TOKEN_REUSED", "a spent token");
    assert_eq!(caught.refresh_case(), "9-theft");
    for (who, holder) in [("the thief", &thief), ("the owner", &ada)] {
        assert_eq!(said(&holder.get("/api/user/profile").await), (401, "TOKEN_REVOKED".to_owned()), "{who}'s access");
        refused(&holder.refresh().await, "TOKEN_REVOKED", who);
    }
    let _ = phone.get("/api/user/profile").await.expect(200);
    let _ = phone.refresh().await.expect(200);
    let reused: Vec<_> = app.audit_records().await.into_iter().filter(|r| r.event == Event::RefreshReused).collect();
    assert_eq!(reused.len(), 1, "recorded once");
    assert_eq!(reused[0].session.map(|id| id.to_string()), Some(ada.session_id()));
    assert_eq!(reused[0].outcome.as_str(), "refused");
}

// attack 37, 39
// bug S26
#[tokio::test]
async fn a_thief_who_was_first_loses_what_he_got_when_the_owner_comes() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let thief = copy(&app, &ada);
    for _ in 0..2 {
        let _ = thief.refresh().await.expect(200);
        app.clock.advance(minutes(1));
    }
    let _ = thief.get("/api/user/profile").await.expect(200);

    refused(&ada.refresh().await, "TOKEN_REUSED", "the owner's token was spent by the thief");

    assert_eq!(thief.get("/api/user/profile").await.code(), "TOKEN_REVOKED");
    refused(&thief.refresh().await, "TOKEN_REVOKED", "the thief's branch");
}

// attack 38
#[tokio::test]
async fn a_token_two_generations_old_is_harmless_in_the_window_and_theft_after_it() {
    let app = TestApp::start().await;
    let (plain, sdk) = (app.member("ada").await, app.member("ben").await);
    let first = [copy(&app, &plain), copy(&app, &sdk)];
    for _ in 0..2 {
        let _ = plain.refresh().await.expect(200);
        let _ = sdk.refresh_as_sdk().await.expect(200);
    }
    let [of_plain, of_sdk] = first;
    let before = app.audit_records().await.len();

    app.clock.advance(seconds(29));
    let current = copy(&app, &of_plain).refresh_call(Value::Null).send().await.expect(200);
    let thin = copy(&app, &of_sdk).refresh().await.expect(200);

    assert!(current.set_cookies().iter().any(|c| c.contains(&plain.refresh_token())), "the current token again");
    assert_eq!((&thin.json()["rotated"], thin.set_cookies().len()), (&json!(false), 0), "nothing for who shows no id");
    assert_eq!(app.audit_records().await.len(), before, "nothing recorded");

    app.clock.advance(minutes(1));
    let _ = plain.refresh().await.expect(200);
    let _ = sdk.refresh_as_sdk().await.expect(200);
    app.clock.advance(minutes(1));
    refused(&of_plain.refresh().await, "TOKEN_REUSED", "after the window");
    refused(&of_sdk.refresh().await, "TOKEN_REUSED", "after the window, with an SDK");
}

/// Runs every task until it waits for the database. The runtime of a test has one thread, and reads do not wait.
async fn all_wait() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// What `crowd` presentations of one token bring that have all read the session before the first can write: the successors.
async fn at_once(app: &TestApp, owner: &Actor, crowd: usize) -> BTreeSet<String> {
    let nobody_writes = app.store().begin().await.unwrap();
    let tasks: Vec<_> = (0..crowd)
        .map(|_| {
            let tab = copy(app, owner);
            tokio::spawn(async move { (tab.refresh().await, tab.refresh_token()) })
        })
        .collect();
    all_wait().await;
    assert!(tasks.iter().all(|task| !task.is_finished()));
    drop(nobody_writes);

    let mut successors = BTreeSet::new();
    let mut made = 0;
    for task in tasks {
        let (reply, token) = task.await.unwrap();
        let reply = reply.expect(200);
        made += usize::from(reply.refresh_case() == "5-rotated");
        if reply.json().get("rotated") == Some(&Value::Bool(true)) {
            successors.insert(token);
        }
    }
    assert_eq!(made, 1, "one conditional write decides");
    successors
}

// attack 40
// bug S27, S28
#[tokio::test]
async fn of_fifty_parallel_refreshes_one_successor_is_born_and_nobody_is_a_thief() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    let successors = at_once(&app, &ada, 50).await;

    assert_eq!(successors.len(), 1, "{successors:?}");
    assert!(!successors.contains(&ada.refresh_token()), "and it is a new one");
    app.clock.advance(minutes(2));
    ada.with_jar(|jar| jar.set("refreshToken", successors.first().unwrap()));
    assert_eq!(ada.refresh().await.expect(200).refresh_case(), "5-rotated");
    assert_eq!(app.audited(Event::RefreshReused).await, 0);
}

// attack 40
#[tokio::test]
async fn ten_times_eight_parallel_refreshes_make_ten_successors() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let mut all = BTreeSet::from([ada.refresh_token()]);

    for round in 1..=10 {
        let successors = at_once(&app, &ada, 8).await;
        assert_eq!(successors.len(), 1, "round {round}");
        ada.with_jar(|jar| jar.set("refreshToken", successors.first().unwrap()));
        all.extend(successors);
        app.clock.advance(minutes(1));
    }

    assert_eq!(all.len(), 11);
    assert_eq!(app.audited(Event::RefreshReused).await, 0);
}

// attack 41
#[tokio::test]
async fn nothing_that_is_born_while_everyone_is_signed_out_survives() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    for sign_out_is_first in [true, false] {
        let browsers = [(); 4].map(|()| ada.elsewhere());
        for browser in &browsers {
            let _ = browser.sign_in().await.expect(200);
        }
        let nobody_writes = app.store().begin().await.unwrap();
        let refresh_all = || {
            let refresh = |browser: Actor| tokio::spawn(async move { browser.refresh().await.status() });
            browsers.clone().map(refresh)
        };
        let sign_out = |ada: Actor| tokio::spawn(async move { ada.sign_out_everywhere().await });
        // Both have seen the sessions alive when the first of them may write.
        let (out, born) = if sign_out_is_first {
            let out = sign_out(ada.clone());
            all_wait().await;
            (out, refresh_all())
        } else {
            let born = refresh_all();
            all_wait().await;
            (sign_out(ada.clone()), born)
        };
        all_wait().await;
        assert!(!out.is_finished() && born.iter().all(|task| !task.is_finished()));
        drop(nobody_writes);

        assert_eq!(out.await.unwrap().expect(200).json()["revoked"], json!(5), "first: {sign_out_is_first}");
        for task in born {
            // A refresh that wrote first is answered, unless the sign-out is committed before its token is signed.
            let status = task.await.unwrap();
            assert!(status == 401 || (status == 200 && !sign_out_is_first), "{status}, first: {sign_out_is_first}");
        }
        for browser in browsers {
            refused(&browser.refresh().await, "TOKEN_REVOKED", "a session of the race");
            assert_eq!(browser.get("/api/user/profile").await.code(), "TOKEN_REVOKED", "its last access token");
        }
        let _ = ada.sign_in().await.expect(200);
        let _ = ada.get("/api/user/profile").await.expect(200);
    }
    assert_eq!(app.audited(Event::RefreshReused).await, 0);
}

// attack 42
#[tokio::test]
async fn a_refresh_is_for_the_session_of_its_own_token_whoever_else_is_named() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("ada").await, app.member("ben").await);
    let ours = |reply: &Reply, reason: &str| {
        assert_eq!(reply.status(), 200, "{reason}");
        assert_eq!(reply.text_at("/session/id"), ada.session_id(), "{reason}");
        ada.set_access_token(&reply.text_at("/accessToken"));
        assert_eq!(ada.claims()["sub"], json!(ada.user_id()), "{reason}");
    };

    ours(&ada.refresh_call(Value::Null).bearer(&ben.access_token()).send().await, "another's Bearer");
    let named = ada.call(Method::POST, &format!("{REFRESH}?userId={0}&sub={0}", ben.user_id())).anonymous();
    ours(&named.send().await, "another's id in the query");
    let header = ada.refresh_call(Value::Null).header("x-user-id", ben.user_id());
    ours(&header.header("x-auth-subject", ben.user_id()).send().await, "another's id in a header");
    for member in ["userId", "sub", "sessionId", "sid"] {
        let reply = ada.refresh_call(json!({ member: ben.user_id() })).send().await;
        assert_eq!(said(&reply), (400, "VALIDATION_FAILED".to_owned()), "{member} in the body");
    }

    assert_eq!(ben.refresh().await.expect(200).refresh_case(), "5-rotated", "nobody touched Ben's session");
}
