//! Races that other systems lost: several holders of one token refresh at once, and all of them are honest.

use std::collections::BTreeSet;

use countersign_testkit::{Actor, Event, Reply, Stop, TestApp, Value, hours, json, millis, minutes};

use crate::aftermath::copy;

/// Two attempt ids.
const ONE: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const OTHER: &str = "AAAAAAAAAAAAAAAAAAAAAQ";

/// Refreshes with each of these, all of which have judged before the first of them writes.
async fn all_at_once(app: &TestApp, calls: Vec<(Actor, Value)>) -> Vec<Reply> {
    let gate = app.gates.close(Stop::Write);
    let count = calls.len();
    let refresh = |(holder, ids): (Actor, Value)| tokio::spawn(async move { holder.refresh_with(ids).await });
    let under_way: Vec<_> = calls.into_iter().map(refresh).collect();
    gate.reached_by(count).await;
    gate.open();
    let mut replies = Vec::with_capacity(count);
    for reply in under_way {
        replies.push(reply.await.unwrap());
    }
    replies
}

/// Each was answered with an access token that opens doors; how many rotated.
async fn all_are_in(app: &TestApp, replies: &[Reply], reason: &str) -> usize {
    for reply in replies {
        assert_eq!(reply.status(), 200, "{reason}: {reply}");
        let visitor = app.visitor();
        visitor.set_access_token(&reply.text_at("/accessToken"));
        assert_eq!(visitor.get("/api/user/profile").await.status(), 200, "{reason}");
    }
    replies.iter().filter(|reply| reply.refresh_case() == "5-rotated").count()
}

// race 1
#[tokio::test]
async fn four_pages_that_a_server_renders_with_one_expired_cookie_are_all_rendered_signed_in() {
    for is_forwarded in [true, false] {
        let app = TestApp::start().await;
        let ada = app.member("ada").await;
        app.clock.advance(minutes(20));
        assert_eq!(ada.get("/api/user/profile").await.code(), "TOKEN_EXPIRED");
        let renderers: Vec<_> = (0..4).map(|_| copy(&app, &ada)).collect();

        let replies = all_at_once(&app, renderers.iter().map(|one| (one.clone(), Value::Null)).collect()).await;

        assert_eq!(all_are_in(&app, &replies, "rendered").await, 1, "one rotation");
        let successors: BTreeSet<_> = renderers.iter().map(Actor::refresh_token).collect();
        assert_eq!(successors.len(), 1, "and one successor, byte for byte: {successors:?}");
        // Whether the server hands the new cookie on to the browser or not: it stays signed in.
        if is_forwarded {
            ada.take(&renderers[0].loot());
        }
        app.clock.advance(hours(5));
        let _ = ada.refresh().await.expect(200);
        let _ = ada.get("/api/user/profile").await.expect(200);
        assert_eq!(app.audited(Event::RefreshReused).await, 0);
    }
}

// race 1
#[tokio::test]
async fn a_server_that_renders_pages_never_rotates_under_a_browser_that_uses_ids() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let _ = ada.refresh_as_sdk().await.expect(200);
    app.clock.advance(minutes(20));
    let before = ada.refresh_token();
    let renderers: Vec<_> = (0..4).map(|_| copy(&app, &ada)).collect();

    let replies = all_at_once(&app, renderers.into_iter().map(|one| (one, Value::Null)).collect()).await;

    assert_eq!(all_are_in(&app, &replies, "rendered").await, 0, "no rotation");
    assert!(replies.iter().all(|reply| reply.set_cookies().is_empty()), "the browser's cookie stays what it is");
    assert_eq!(ada.refresh_token(), before);
    assert_eq!(ada.refresh_as_sdk().await.expect(200).refresh_case(), "5-rotated");
    assert_eq!(app.audited(Event::RefreshReused).await, 0);
}

// race 4
#[tokio::test]
async fn two_windows_that_wake_together_after_a_night_both_stay_signed_in() {
    let id = |id: &str| json!({"attemptId": id});
    for (reason, ids) in [
        ("without ids", [Value::Null, Value::Null]),
        ("with shared storage", [id(ONE), id(ONE)]),
        ("with storages of their own", [id(ONE), id(OTHER)]),
    ] {
        let app = TestApp::start().await;
        let ada = app.member("ada").await;
        let _ = ada.refresh_with(if ids[0].is_null() { Value::Null } else { id("AAAAAAAAAAAAAAAAAAAAAg") }).await;
        // The timers of fourteen minutes fire after nine hours, all at once.
        app.clock.advance(hours(9));

        // Both windows have one jar.
        let replies = all_at_once(&app, ids.clone().map(|ids| (ada.clone(), ids)).into()).await;

        assert_eq!(all_are_in(&app, &replies, reason).await, 1, "{reason}: one rotation");
        for hour in 0..3 {
            app.clock.advance(hours(1));
            assert_eq!(ada.refresh_with(id(&format!("{hour}{}", &OTHER[1..]))).await.status(), 200, "{reason}");
        }
        assert_eq!(app.audited(Event::RefreshReused).await, 0, "{reason}");
    }
}

// race 5
#[tokio::test]
async fn two_processes_with_one_keychain_thirteen_milliseconds_apart_keep_one_session() {
    for (reason, has_ids, at_once) in [
        ("in turn", false, false),
        ("in turn, ids", true, false),
        ("at once", false, true),
        ("at once, ids", true, true),
    ] {
        let app = TestApp::start().await;
        let keychain = app.stranger("ada").into_program();
        let _ = keychain.register().await.expect(201);
        app.clock.advance(minutes(14));
        let processes = [ONE, OTHER].map(|id| {
            let process = app.stranger("ada").into_program();
            process.take(&keychain.loot());
            (process, if has_ids { json!({"attemptId": id}) } else { json!({}) })
        });

        let replies = if at_once {
            all_at_once(&app, processes.clone().into()).await
        } else {
            let mut replies = Vec::new();
            for (process, ids) in &processes {
                replies.push(process.refresh_with(ids.clone()).await);
                app.clock.advance(millis(13));
            }
            replies
        };

        assert_eq!(all_are_in(&app, &replies, reason).await, 1, "{reason}: one rotation");
        let successors: BTreeSet<_> = replies.iter().map(|reply| reply.text_at("/refreshToken")).collect();
        let successors: Vec<_> = successors.into_iter().filter(|token| !token.is_empty()).collect();
        assert_eq!(successors.len(), 1, "{reason}: one lineage, whoever writes the keychain last");
        for (number, (process, _)) in processes.into_iter().enumerate() {
            app.clock.advance(minutes(14));
            let token = json!({"refreshToken": successors[0], "attemptId": format!("{number}{}", &ONE[1..])});
            let reply = process.call(countersign_testkit::Method::POST, "/api/auth/refresh").anonymous().json(token);
            assert_eq!(reply.send().await.status(), 200, "{reason}: {number}");
        }
        assert_eq!(app.audited(Event::RefreshReused).await, 0, "{reason}");
    }
}
