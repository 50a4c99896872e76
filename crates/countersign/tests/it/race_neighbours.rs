//! Races that other systems lost: what is done to one session or token touches its neighbours, or ends without a warning.

use countersign_testkit::{Actor, Event, Method, Reply, TestApp, Value, days, hours, json, minutes, seconds};

use crate::aftermath::{another, is_in, is_out};

// race 9
#[tokio::test]
async fn a_refresh_leaves_the_access_tokens_before_it_to_their_own_end() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let mut tokens = vec![(ada.access_token(), ada.claims()["exp"].as_i64().unwrap())];
    for minute in 0..14 {
        app.clock.advance(minutes(1));
        let reply = if minute % 2 == 0 { ada.refresh_as_sdk().await } else { ada.refresh().await };
        let _ = reply.expect(200);
        tokens.push((ada.access_token(), ada.claims()["exp"].as_i64().unwrap()));

        for (token, _) in &tokens {
            let in_flight = ada.call(Method::GET, "/api/user/profile").bearer(token).send().await;
            assert_eq!(in_flight.status(), 200, "minute {minute}");
        }
    }

    // Their lives differ by chance: a later one may end sooner, and two at once.
    tokens.sort_by_key(|(_, expires)| *expires);
    for together in tokens.chunk_by(|(_, one), (_, other)| one == other) {
        let left = together[0].1 - app.env().now().as_seconds();
        app.clock.advance(seconds(left.max(1) - 1));
        let call = |token: &str| ada.call(Method::GET, "/api/user/profile").bearer(token).send();
        for (token, _) in together {
            let _ = call(token).await.expect(200);
        }
        app.clock.advance(seconds(1));
        for (token, _) in together {
            assert_eq!(call(token).await.to_string(), "401 TOKEN_EXPIRED");
        }
    }
}

// race 13
#[tokio::test]
async fn signing_in_on_one_device_leaves_every_other_device_signed_in() {
    let app = TestApp::builder().without_limits().start().await;
    let ada = app.member("ada").await;
    let mut devices = vec![ada.clone()];
    for _ in 0..40 {
        devices.push(another(&ada).await);
    }
    // Again and again on the same device: each time its own old session ends, and no other.
    let tablet = another(&ada).await;
    for _ in 0..10 {
        let replaced = tablet.loot();
        let _ = tablet.sign_in().await.expect(200);
        is_out(&app, &replaced, "the tablet's own old session").await;
    }

    for (number, device) in devices.iter().enumerate() {
        is_in(device, &format!("device {number}")).await;
    }
    let ended = app.audit_records().await.iter().filter(|record| record.event == Event::SessionEnded).count();
    assert_eq!(ended, 10);
}

// race 13
#[tokio::test]
async fn signing_out_on_one_device_leaves_every_other_device_signed_in() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.member("ada").await, app.member("ben").await);
    let devices = [another(&ada).await, another(&ada).await, another(&ada).await];
    let leaves: [(&str, &Actor); 3] = [("cookie and token", &ada), ("cookie", &devices[0]), ("list", &devices[1])];

    for (how, device) in leaves {
        let left = device.loot();
        match how {
            "cookie" => drop(device.call(Method::POST, "/api/auth/logout").anonymous().send().await.expect(200)),
            "list" => {
                let path = format!("/api/user/sessions/{}", device.session_id());
                let _ = devices[2].delete(&path).await.expect(204);
            }
            _ => drop(device.sign_out().await.expect(200)),
        }
        is_out(&app, &left, how).await;
        is_in(&devices[2], &format!("after a sign-out by {how}")).await;
        is_in(&ben, "somebody else").await;
    }
}

/// What an answer says of its session: seconds to the end whatever happens, and seconds to the end if nothing does.
fn lives(reply: &Reply) -> (i64, i64) {
    let json = reply.json();
    let seconds = |pointer: &str| json.pointer(pointer).and_then(Value::as_i64).unwrap();
    (seconds("/session/expiresIn"), seconds("/session/idleExpiresIn"))
}

// race 17
#[tokio::test]
async fn every_answer_says_how_long_the_session_lives_and_it_lives_so_long_and_no_longer() {
    const DAY: i64 = 86_400;
    let app = TestApp::start().await;
    let ada = app.stranger("ada").into_program();
    assert_eq!(lives(&ada.register().await.expect(201)), (30 * DAY, 7 * DAY));
    let other = ada.elsewhere();
    assert_eq!(lives(&other.sign_in().await.expect(200)), (30 * DAY, 7 * DAY));

    let mut left = 30 * DAY;
    for _ in 0..4 {
        app.clock.advance(days(6));
        left -= 6 * DAY;
        let full = ada.refresh_as_sdk().await.expect(200);
        assert_eq!(lives(&full), (left, left.min(7 * DAY)), "a full answer: the end has not moved");
        let thin = ada.refresh().await.expect(200);
        assert_eq!((thin.json()["rotated"].clone(), lives(&thin)), (json!(false), (left, left.min(7 * DAY))));
    }
    let (_, idle) = lives(&ada.refresh_as_sdk().await.expect(200));
    assert_eq!(idle, left, "the nearer end is named");

    // The session that was said to live for seven idle days has lived for them and no longer.
    assert_eq!(other.refresh().await.to_string(), "401 TOKEN_EXPIRED");
    app.clock.advance(seconds(left - 1));
    assert_eq!(lives(&ada.refresh_as_sdk().await.expect(200)), (1, 1));
    app.clock.advance(seconds(1));
    assert_eq!(ada.refresh_as_sdk().await.to_string(), "401 TOKEN_EXPIRED");
}

// race 17
#[tokio::test]
async fn an_unused_session_lives_to_the_second_that_was_said() {
    let app = TestApp::start().await;
    for (early, expected) in [(1, "200"), (0, "401 TOKEN_EXPIRED")] {
        let ada = app.stranger(&format!("ada{early}")).into_program();
        let _ = ada.register().await.expect(201);
        app.clock.advance(hours(30));
        let (_, idle) = lives(&ada.refresh().await.expect(200));

        app.clock.advance(seconds(idle - early));

        assert!(ada.refresh().await.to_string().starts_with(expected), "{early} s before the end");
    }
}

// race 17
#[tokio::test]
async fn the_document_of_the_api_explains_both_ends_of_a_session() {
    let app = TestApp::start().await;

    let document = app.visitor().get("/openapi.json").await.expect(200).json();

    let life = &document["components"]["schemas"]["SessionLife"]["properties"];
    for member in ["expiresIn", "idleExpiresIn"] {
        let said = life[member]["description"].as_str().unwrap_or_default();
        assert!(said.starts_with("Seconds until it is over"), "{member}: {said}");
    }
    for answer in ["SignedIn", "Refreshed"] {
        let session = document["components"]["schemas"][answer]["properties"]["session"].to_string();
        assert!(session.contains("SessionLife"), "{answer}: {session}");
    }
}
