//! The feed of revocations: what is held, when it is believed, and what goes on when it fails.
//!
//! Timers are the test's: time moves when everybody waits. The clock is the test issuer's.

use std::time::Duration;

use axum::http::{StatusCode, header};
use countersign_guard::testing::{MACHINE_KEY, TestIssuer};
use countersign_guard::{Builder, Feed, Verifier, WhenStale};
use countersign_jose::Algorithm;
use countersign_kernel::{Clock as _, Lifetime};
use serde_json::{Value, json};

use crate::stage::{Said, Stage, code, jwks, key, until};

const BEGIN: &str = "0-0000000000000000";
const ONE: &str = "1-00000000000000aa";
const TWO: &str = "2-00000000000000bb";

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn settings(stage: &Stage, feed: Feed) -> Builder {
    stage.issuer.settings_without_feed().feed(feed).served_by(stage.router())
}

/// A service that follows what the stage says; nothing was said yet.
async fn follow(stage: &Stage, feed: Feed) -> Verifier {
    let verifier = settings(stage, feed).timeout(secs(1)).build().await.unwrap();
    until("somebody listens", || stage.connections() > 0).await;
    verifier
}

/// A service that has heard the first heartbeat.
async fn current(stage: &Stage) -> Verifier {
    let verifier = follow(stage, Feed::key(MACHINE_KEY)).await;
    stage.beat(BEGIN).await;
    until("it is current", || verifier.status().is_ready()).await;
    verifier
}

fn last(verifier: &Verifier) -> Option<String> {
    verifier.status().feed.unwrap().last_event_id
}

fn held(verifier: &Verifier) -> usize {
    verifier.status().feed.unwrap().held
}

fn sid(token: &str) -> Value {
    let payload = countersign_jose::base64url::decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Value>(&payload).unwrap()["sid"].clone()
}

fn ended(token: &str) -> Value {
    json!({"sid": sid(token), "effect": "ended", "until": "2026-01-01T01:00:00.000Z"})
}

#[tokio::test(start_paused = true)]
async fn nobody_is_let_in_before_the_first_heartbeat() {
    let stage = Stage::new();
    let verifier = follow(&stage, Feed::key(format!(" {MACHINE_KEY}\n"))).await;
    let [gone, token] = [(); 2].map(|()| stage.issuer.token("ada").mint());
    assert_eq!((stage.key_sent(), stage.last_id()), (Some(format!("Bearer {MACHINE_KEY}")), None));
    assert_eq!(code(&verifier, &token).await, "OVERLOADED");

    stage.event("snapshot", None, &json!({"revocations": [ended(&gone)]})).await;
    until("the snapshot is held", || held(&verifier) == 1).await;
    assert_eq!(code(&verifier, &token).await, "OVERLOADED", "a snapshot alone is not the whole");
    assert_eq!(code(&verifier, &gone).await, "TOKEN_REVOKED", "what is known to be bad is said");
    stage.beat(ONE).await;
    until("it is current", || verifier.status().is_ready()).await;

    assert_eq!((code(&verifier, &token).await, code(&verifier, &gone).await), ("ok", "TOKEN_REVOKED"));
    let status = verifier.status().feed.unwrap();
    assert_eq!((status.staleness, status.held), (Some(Lifetime::ZERO), 1));
    assert_eq!(status.last_event_id.as_deref(), Some(ONE));
}

#[tokio::test]
async fn tokens_sessions_persons_and_keys_are_taken_back() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let [here, there] = [(); 2].map(|()| issuer.token("ada").version(3).mint());
    let later = issuer.token("ada").version(4).mint();
    let sub = verifier.verify(&here).await.unwrap().id();

    issuer.revoke(json!({"sub": sub, "below": 4, "except": sid(&here), "effect": "ended"})).await;
    assert_eq!(code(&verifier, &here).await, "TOKEN_EXPIRED", "a password changed in this very session");
    assert_eq!(code(&verifier, &there).await, "TOKEN_REVOKED");
    assert_eq!(code(&verifier, &later).await, "ok");

    issuer.revoke(json!({"jti": "tok_00000000000000000000000000", "effect": "ended"})).await;
    assert_eq!(code(&verifier, &later).await, "ok", "another token");
    let header = countersign_jose::base64url::decode(later.split('.').next().unwrap()).unwrap();
    let kid = serde_json::from_slice::<Value>(&header).unwrap()["kid"].clone();
    issuer.revoke(json!({"kid": kid, "effect": "superseded"})).await;
    assert_eq!(code(&verifier, &later).await, "TOKEN_EXPIRED", "its key is withdrawn: refresh");
    assert_eq!(code(&verifier, &there).await, "TOKEN_REVOKED");
}

#[tokio::test(start_paused = true)]
async fn a_cut_connection_goes_on_behind_what_was_dealt_with_and_forgets_nothing() {
    let stage = Stage::new();
    let verifier = current(&stage).await;
    let [first, second] = [(); 2].map(|()| stage.issuer.token("ada").mint());
    stage.event("revoked", Some(ONE), &ended(&first)).await;
    stage.send("event: revoked\nid: 99-ffffffffffffffff\ndata: {\"sid\":\"ses_cut").await;
    until("it is held", || held(&verifier) == 1).await;
    stage.hang_up();
    until("it connects again", || stage.connections() == 2).await;

    assert_eq!(stage.last_id().as_deref(), Some(ONE), "an event that was cut off does not count");
    assert_eq!(code(&verifier, &first).await, "TOKEN_REVOKED", "in the meantime too");
    assert_eq!(code(&verifier, &second).await, "ok");
    stage.event("revoked", Some(TWO), &ended(&second)).await;
    stage.beat(TWO).await;
    until("it is there", || last(&verifier).as_deref() == Some(TWO)).await;
    assert_eq!(code(&verifier, &second).await, "TOKEN_REVOKED");
}

#[tokio::test(start_paused = true)]
async fn after_a_reset_what_follows_is_merged_and_nothing_is_forgotten() {
    let stage = Stage::new();
    let verifier = current(&stage).await;
    let tokens: Vec<String> = (0..4).map(|_| stage.issuer.token("ada").mint()).collect();
    stage.event("revoked", Some(ONE), &ended(&tokens[0])).await;
    stage.beat(ONE).await;

    stage.event("reset", None, &json!({})).await;
    for token in &tokens[1..3] {
        stage.event("snapshot", None, &json!({"revocations": [ended(token)]})).await;
    }
    let other = "1-00000000000000cc";
    stage.beat(other).await;
    until("it is there", || last(&verifier).as_deref() == Some(other)).await;

    for token in &tokens[..3] {
        assert_eq!(code(&verifier, token).await, "TOKEN_REVOKED");
    }
    assert_eq!(code(&verifier, &tokens[3]).await, "ok");
    stage.event("reset", None, &json!({})).await;
    stage.beat(BEGIN).await;
    until("it is there", || last(&verifier).as_deref() == Some(BEGIN)).await;
    assert_eq!((held(&verifier), stage.connections()), (3, 1), "nothing is live there, and the history is another");
}

#[tokio::test(start_paused = true)]
async fn whatever_was_left_out_is_missed_at_the_next_heartbeat_and_the_whole_is_asked_for() {
    for begins_with_snapshot in [false, true] {
        let stage = Stage::new();
        let verifier = follow(&stage, Feed::key(MACHINE_KEY)).await;
        let token = stage.issuer.token("ada").mint();
        if begins_with_snapshot {
            stage.event("snapshot", None, &json!({"revocations": []})).await;
        }
        stage.beat(BEGIN).await;
        until("it is current", || verifier.status().is_ready()).await;

        // A revocation is kept back, and the heartbeat behind it passed on.
        stage.beat(ONE).await;
        until("it connects again", || stage.connections() == 2).await;
        assert_eq!(stage.last_id(), None);
        assert_eq!(last(&verifier).as_deref(), Some(BEGIN), "such a heartbeat makes nothing young");
        stage.event("snapshot", None, &json!({"revocations": [ended(&token)]})).await;
        stage.beat(ONE).await;
        until("it is there", || last(&verifier).as_deref() == Some(ONE)).await;
        assert_eq!(code(&verifier, &token).await, "TOKEN_REVOKED");

        // The same behind an id that was gone on from.
        stage.hang_up();
        until("it connects again", || stage.connections() == 3).await;
        assert_eq!(stage.last_id().as_deref(), Some(ONE));
        stage.beat(TWO).await;
        until("it connects again", || stage.connections() == 4).await;
        assert_eq!(stage.last_id(), None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_is_not_good_ends_the_connection_and_makes_nothing_young() {
    let now = TestIssuer::start().clock().now().as_seconds();
    let good = json!({"iss": "https://auth.test", "seq": 0, "hash": "0000000000000000", "time": now});
    let bent = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        claims
    };
    let of_another = Stage::new();
    type Make = Box<dyn Fn(&Stage) -> String>;
    let mut table: Vec<(&str, Make)> = vec![
        ("another key", {
            let text = of_another.sign(&good);
            Box::new(move |_| text.clone())
        }),
        ("another type", {
            let good = good.clone();
            Box::new(move |stage| stage.key.sign("at+jwt", &good).unwrap())
        }),
        ("a prefixed type", {
            let good = good.clone();
            let typ = "application/countersign-revocation-heartbeat+jwt";
            Box::new(move |stage| stage.key.sign(typ, &good).unwrap())
        }),
        ("a key of the same name", {
            let good = good.clone();
            Box::new(move |stage| {
                let bytes = [7; 32];
                let thief =
                    countersign_jose::SigningKey::from_private_bytes(&bytes, Algorithm::EdDSA, Some(stage.key.kid()));
                thief.unwrap().sign("countersign-revocation-heartbeat+jwt", &good).unwrap()
            })
        }),
        ("no token", Box::new(|_| "now".to_owned())),
    ];
    for (reason, claims) in [
        ("another issuer", bent("iss", "https://evil.test".into())),
        ("a time in words", bent("time", "now".into())),
        ("a fraction of time", bent("time", 1.5.into())),
        ("no hash", bent("hash", Value::Null)),
        ("no number", bent("seq", Value::Null)),
        ("the future", bent("time", (now + 31).into())),
        ("the place of another id", bent("seq", 7.into())),
    ] {
        table.push((reason, Box::new(move |stage| stage.sign(&claims))));
    }
    for (reason, make) in table {
        let stage = Stage::new();
        let verifier = follow(&stage, Feed::key(MACHINE_KEY)).await;

        stage.event("heartbeat", Some(BEGIN), &make(&stage).into()).await;
        until(reason, || stage.connections() == 2).await;

        assert!(!verifier.status().is_ready(), "{reason}");
        assert_eq!(code(&verifier, &stage.issuer.token("ada").mint()).await, "OVERLOADED", "{reason}");
        assert_eq!(stage.last_id(), None, "{reason}");
        stage.beat(BEGIN).await;
        until(reason, || verifier.status().is_ready()).await;
    }
    let stage = Stage::new();
    let verifier = follow(&stage, Feed::key(MACHINE_KEY)).await;
    let ahead = json!({"iss": "https://auth.test", "seq": 0, "hash": "0000000000000000", "time": now + 30});
    stage.event("heartbeat", Some(BEGIN), &stage.sign(&ahead).into()).await;
    until("clocks may differ by 30 s", || verifier.status().is_ready()).await;
}

#[tokio::test(start_paused = true)]
async fn the_feed_is_signed_with_eddsa_and_with_nothing_else() {
    let stage = Stage::new();
    let other = key(&stage.issuer, Algorithm::ES256);
    stage.publish(vec![jwks(&other)]);
    let verifier = follow(&stage, Feed::key(MACHINE_KEY)).await;
    let claims = json!({"iss": "https://auth.test", "seq": 0, "hash": "0000000000000000", "time": 1_767_225_600});

    let text = other.sign("countersign-revocation-heartbeat+jwt", &claims).unwrap();
    stage.event("heartbeat", Some(BEGIN), &text.into()).await;
    until("it connects again", || stage.connections() == 2).await;

    assert!(!verifier.status().is_ready());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_of_the_feed_is_asked_for_once_a_minute() {
    let stage = Stage::new();
    let good = jwks(&stage.key);
    stage.publish(vec![jwks(&key(&stage.issuer, Algorithm::EdDSA)), good]);
    let verifier = follow(&stage, Feed::key(MACHINE_KEY)).await;
    // Nothing is known before a heartbeat names a key.
    stage.beat(BEGIN).await;
    until("it connects again", || stage.connections() == 2).await;
    let fetches = stage.key_fetches();
    assert_eq!(fetches, 1, "the first set is some moments old");

    for _ in 0..5 {
        let connections = stage.connections();
        stage.beat(BEGIN).await;
        until("it connects again", || stage.connections() > connections).await;
    }
    assert_eq!(stage.key_fetches(), fetches, "within the minute");
    stage.issuer.clock().advance(Lifetime::from_seconds(61));
    stage.beat(BEGIN).await;
    until("it is current", || verifier.status().is_ready()).await;
}

#[tokio::test(start_paused = true)]
async fn staleness_is_counted_from_the_signed_time_and_the_policy_is_followed() {
    for (policy, said) in [(WhenStale::Refuse, "OVERLOADED"), (WhenStale::AcceptAndFlag, "flagged")] {
        let stage = Stage::new();
        let feed = Feed::key(MACHINE_KEY).max_staleness(secs(10)).when_stale(policy);
        let verifier = follow(&stage, feed).await;
        let [gone, token] = [(); 2].map(|()| stage.issuer.token("ada").mint());
        assert_eq!(code(&verifier, &token).await, said, "before the first heartbeat");
        stage.event("revoked", Some(ONE), &ended(&gone)).await;
        stage.beat(ONE).await;
        until("it is current", || verifier.status().is_ready()).await;
        assert_eq!(code(&verifier, &token).await, "ok");

        // An old stream that is played again: events come, and none is young.
        let recorded = stage.signed(ONE);
        for second in 1..=11 {
            stage.issuer.clock().advance(Lifetime::from_seconds(1));
            stage.event("heartbeat", Some(ONE), &recorded.clone().into()).await;
            tokio::time::sleep(secs(1)).await;
            let wanted = if second <= 10 { "ok" } else { said };
            assert_eq!(code(&verifier, &token).await, wanted, "{second} s later");
        }
        assert_eq!(code(&verifier, &gone).await, "TOKEN_REVOKED", "nothing is forgotten for being stale");
        assert_eq!(verifier.status().feed.unwrap().staleness, Some(Lifetime::from_seconds(11)));
        assert!(!verifier.status().is_ready());
        assert_eq!(stage.connections(), 1);

        stage.beat(ONE).await;
        until("it is current", || verifier.status().is_ready()).await;
        assert_eq!(code(&verifier, &token).await, "ok");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_for_five_seconds_ends_a_connection() {
    let stage = Stage::new();
    let _verifier = current(&stage).await;
    tokio::time::sleep(secs(4)).await;
    stage.send(": still here\n\n").await;
    tokio::time::sleep(secs(4)).await;
    assert_eq!(stage.connections(), 1);

    tokio::time::sleep(secs(3)).await;
    assert_eq!(stage.connections(), 2);
    assert_eq!(stage.last_id().as_deref(), Some(BEGIN));
}

#[tokio::test(start_paused = true)]
async fn it_asks_again_after_what_the_server_said_then_less_and_less_often() {
    let stage = Stage::new();
    let _verifier = current(&stage).await;
    stage.send("retry: 4000\n\n").await;
    tokio::task::yield_now().await;
    stage.refuse(Some(Said { status: StatusCode::UNAUTHORIZED, ..Said::keys(String::new()) }));
    stage.hang_up();
    let mut ages = Vec::new();
    let mut before = stage.connections();
    for _ in 0..6 {
        let since = tokio::time::Instant::now();
        until("it asks again", || stage.connections() > before).await;
        before = stage.connections();
        ages.push(since.elapsed().as_secs_f64());
    }
    for (age, whole) in ages.iter().zip([4.0, 8.0, 16.0, 30.0, 30.0, 30.0]) {
        assert!((whole * 0.5..=whole * 1.5 + 0.1).contains(age), "{ages:?}");
    }

    let busy = Said { status: StatusCode::SERVICE_UNAVAILABLE, ..Said::keys(String::new()) };
    let stage = Stage::new();
    stage.refuse(Some(busy.with(header::RETRY_AFTER, "20")));
    let _verifier = settings(&stage, Feed::key(MACHINE_KEY)).timeout(secs(1)).build().await.unwrap();
    let since = tokio::time::Instant::now();
    until("it asks again", || stage.connections() == 2).await;
    assert!(since.elapsed() > secs(8), "not before the Retry-After, give or take: {:?}", since.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_broken_is_asked_for_again_as_a_whole() {
    for (kind, data) in [
        ("revoked", "{"),
        ("revoked", "[]"),
        ("snapshot", "{}"),
        ("snapshot", r#"{"revocations":"none"}"#),
        ("snapshot", r#"{"revocations":[],"revocations":[]}"#),
    ] {
        let stage = Stage::new();
        let verifier = current(&stage).await;
        let token = stage.issuer.token("ada").mint();
        stage.event("revoked", Some(ONE), &ended(&token)).await;
        stage.beat(ONE).await;

        stage.event(kind, (kind == "revoked").then_some(TWO), &data.into()).await;
        until("it connects again", || stage.connections() == 2).await;

        assert_eq!(stage.last_id(), None, "{kind} {data}");
        assert_eq!(code(&verifier, &token).await, "TOKEN_REVOKED", "{kind} {data}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_is_passed_over() {
    let stage = Stage::new();
    let verifier = current(&stage).await;
    stage.event("weather", Some("7-00000000000000dd"), &json!({"sun": true})).await;
    stage.event("revoked", Some(ONE), &json!({"tenant": "t_1", "effect": "ended"})).await;
    stage.beat(ONE).await;
    until("it is there", || last(&verifier).as_deref() == Some(ONE)).await;

    assert_eq!((held(&verifier), stage.connections()), (0, 1));
    assert_eq!(code(&verifier, &stage.issuer.token("ada").mint()).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_feed_is_not_read() {
    let stage = Stage::new();
    stage.refuse(Some(Said::keys("event: revoked\ndata: {}\n\n".to_owned())));
    let verifier = settings(&stage, Feed::key(MACHINE_KEY)).timeout(secs(1)).build().await.unwrap();
    until("it asks again", || stage.connections() == 2).await;
    assert!(!verifier.status().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_verifier_that_is_dropped_listens_no_more() {
    let stage = Stage::new();
    let verifier = current(&stage).await;
    let clone = verifier.clone();
    drop(verifier);
    assert!(stage.beat(BEGIN).await);

    drop(clone);

    let mut is_heard = true;
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
        is_heard = stage.beat(BEGIN).await;
        if !is_heard {
            break;
        }
    }
    assert!(!is_heard);
    tokio::time::sleep(secs(60)).await;
    assert_eq!(stage.connections(), 1);
}
