//! The issuer's keys: when they are asked for, and what goes on when nobody answers.
//!
//! Timers are the test's: time moves when everybody waits. The clock is the test issuer's.

use std::time::Duration;

use axum::http::{StatusCode, header};
use countersign_guard::Verifier;
use countersign_guard::testing::TestIssuer;
use countersign_kernel::{KeyId, Lifetime};
use serde_json::{Value, json};

use crate::stage::{Document, Said, code, until};

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The clock and the timers go on together.
async fn pass(issuer: &TestIssuer, seconds: u64) {
    for _ in 0..seconds {
        issuer.clock().advance(Lifetime::from_seconds(1));
        tokio::time::sleep(secs(1)).await;
    }
}

/// A verifier of `issuer` whose keys are what `document` says.
async fn verifier(issuer: &TestIssuer, document: &Document) -> Verifier {
    issuer.settings_without_feed().served_by(document.router()).build().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn keys_are_asked_for_at_the_start_and_again_before_they_are_old() {
    let issuer = TestIssuer::start();
    for (field, before, after) in
        [("public, max-age=300", 238, 3), ("max-age=3600", 2_878, 3), ("no-store", 46, 3), ("max-age=1", 46, 3)]
    {
        let said = Said::keys(issuer.jwks()).with(header::CACHE_CONTROL, field);
        let document = Document::saying([said]);
        let verifier = verifier(&issuer, &document).await;
        assert_eq!(document.asked().len(), 1, "{field}");
        for _ in 0..20 {
            assert_eq!(code(&verifier, &issuer.token("ada").mint()).await, "ok");
        }

        pass(&issuer, before).await;
        assert_eq!(document.asked().len(), 1, "{field}: still fresh");
        pass(&issuer, after).await;
        assert_eq!(document.asked().len(), 2, "{field}: before they were old, and though nobody came");
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_asked_for_when_a_token_names_it_and_made_up_ones_cost_one_question() {
    let issuer = TestIssuer::start();
    let settings = issuer.settings_without_feed().cool_down(secs(10));
    let verifier = settings.build().await.unwrap();
    assert_eq!(issuer.key_fetches(), 1);
    pass(&issuer, 11).await;

    let kid = || KeyId::new(issuer.env()).to_string();
    let made_up: Vec<String> = (0..50).map(|_| issuer.token("ada").header("kid", kid()).mint()).collect();
    let asking = made_up.iter().map(|token| {
        let (verifier, token) = (verifier.clone(), token.clone());
        tokio::spawn(async move { code(&verifier, &token).await })
    });
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), "TOKEN_INVALID");
    }
    assert_eq!(issuer.key_fetches(), 2, "one for all who ask at once");

    issuer.rotate();
    let fresh = issuer.token("ada").mint();
    for token in &made_up {
        assert_eq!(code(&verifier, token).await, "TOKEN_INVALID");
    }
    assert_eq!((code(&verifier, &fresh).await, issuer.key_fetches()), ("TOKEN_INVALID", 2), "within the cool-down");
    pass(&issuer, 10).await;
    assert_eq!((code(&verifier, &fresh).await, issuer.key_fetches()), ("ok", 3));
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_noticed_by_nobody_and_what_is_withdrawn_counts_no_more() {
    let issuer = TestIssuer::start();
    let verifier = issuer.settings_without_feed().build().await.unwrap();
    let old = issuer.token("ada").claim("exp", 1_767_225_600 + 7_200).mint();
    let kid: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    assert_eq!(code(&verifier, &old).await, "ok");

    issuer.rotate();
    pass(&issuer, 31).await;
    assert_eq!(code(&verifier, &issuer.token("ada").mint()).await, "ok");
    assert_eq!(code(&verifier, &old).await, "ok");

    issuer.withdraw(kid["keys"][0]["kid"].as_str().unwrap());
    pass(&issuer, 301).await;
    assert_eq!(code(&verifier, &old).await, "TOKEN_INVALID", "though it was remembered");
    assert_eq!(code(&verifier, &issuer.token("ada").mint()).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn while_the_issuer_is_down_keys_serve_on_and_then_nobody_is_let_in() {
    let issuer = TestIssuer::start();
    let verifier = issuer.settings_without_feed().stale_for(secs(3_600)).build().await.unwrap();
    let token = issuer.token("ada").claim("exp", 1_767_225_600 + 86_400).mint();
    assert_eq!(code(&verifier, &token).await, "ok");

    issuer.go_down();
    // Fresh for five minutes, and an hour more.
    pass(&issuer, 3_899).await;
    assert_eq!(code(&verifier, &token).await, "ok");
    let tried = issuer.key_fetches();
    assert!(
        (100..300).contains(&tried),
        "asked {tried} times in an hour, never more often than each half minute or so"
    );
    pass(&issuer, 1).await;
    assert_eq!(code(&verifier, &token).await, "OVERLOADED");
    assert_eq!(code(&verifier, &issuer.token("ada").tampered().mint()).await, "OVERLOADED");
    assert_eq!(code(&verifier, "a.b.c").await, "TOKEN_INVALID", "that much can be told");
    assert!(!verifier.status().has_keys && !verifier.status().is_ready());

    issuer.come_back();
    pass(&issuer, 46).await;
    assert_eq!(code(&verifier, &token).await, "ok");
}

#[tokio::test(start_paused = true)]
async fn without_keys_from_the_start_every_token_is_503_until_they_come() {
    let issuer = TestIssuer::start();
    issuer.go_down();
    let verifier = issuer.settings_without_feed().build().await.unwrap();
    let token = issuer.token("ada").mint();
    let tried = issuer.key_fetches();
    for _ in 0..20 {
        assert_eq!(code(&verifier, &token).await, "OVERLOADED");
    }
    assert_eq!(issuer.key_fetches(), tried, "requests ask for nothing");

    issuer.come_back();
    pass(&issuer, 4).await;
    assert_eq!(code(&verifier, &token).await, "ok");
    assert!(verifier.status().is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_document_that_has_not_changed_is_not_sent_again() {
    let issuer = TestIssuer::start();
    let said = Said::keys(issuer.jwks()).with(header::ETAG, "\"v1\"");
    let unchanged = Said { status: StatusCode::NOT_MODIFIED, ..Said::keys(String::new()) };
    let document = Document::saying([said, unchanged.with(header::CACHE_CONTROL, "max-age=600")]);
    let verifier = verifier(&issuer, &document).await;
    let token = issuer.token("ada").claim("exp", 1_767_225_600 + 86_400).mint();
    assert_eq!(code(&verifier, &token).await, "ok");

    pass(&issuer, 301).await;

    let asked = document.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(
        (asked[0].get(header::IF_NONE_MATCH), &asked[1][header::IF_NONE_MATCH]),
        (None, &"\"v1\"".parse().unwrap())
    );
    assert_eq!(code(&verifier, &token).await, "ok");
    pass(&issuer, 400).await;
    assert_eq!(document.asked().len(), 2, "fresh for as long as the 304 says");
}

#[tokio::test(start_paused = true)]
async fn a_set_that_cannot_be_believed_replaces_nothing() {
    let issuer = TestIssuer::start();
    let good: Value = serde_json::from_str(&issuer.jwks()).unwrap();
    let key = &good["keys"][0];
    let other = TestIssuer::start();
    let others: Value = serde_json::from_str(&other.jwks()).unwrap();
    let secret = {
        let mut key = others["keys"][0].clone();
        key["d"] = "x".into();
        key
    };
    let text = |value: Value| Said::keys(value.to_string());
    let table = [
        ("a secret", text(json!({"keys": [others["keys"][0], secret]}))),
        (
            "a shared secret",
            text(json!({"keys": [others["keys"][0], {"kty": "oct", "k": "c2VjcmV0", "alg": "HS256"}]})),
        ),
        ("two keys of one name", text(json!({"keys": [key, key]}))),
        ("no key", text(json!({"keys": []}))),
        ("no key of ours", text(json!({"keys": [{"kty": "EC", "crv": "P-521", "kid": "a"}]}))),
        ("a member twice", Said::keys(format!(r#"{{"keys":[],"keys":[{key}]}}"#))),
        ("a page", Said::keys("<!doctype html>".to_owned())),
        ("too long", Said::keys(format!("{}{good}", " ".repeat(70_000)))),
        (
            "a redirect",
            Said { status: StatusCode::FOUND, ..text(others.clone()).with(header::LOCATION, "https://evil.test") },
        ),
        ("an error", Said { status: StatusCode::INTERNAL_SERVER_ERROR, ..text(others.clone()) }),
        ("nothing changed, unasked", Said { status: StatusCode::NOT_MODIFIED, ..Said::keys(String::new()) }),
        ("too late", Said { after: secs(6), ..text(others.clone()) }),
    ];
    for (reason, said) in table {
        let document = Document::saying([Said::keys(issuer.jwks())]);
        let verifier = verifier(&issuer, &document).await;
        document.say(said);

        pass(&issuer, 301).await;

        assert!(document.asked().len() > 1, "{reason}");
        assert_eq!(code(&verifier, &issuer.token("ada").mint()).await, "ok", "{reason}");
        let theirs = other.token("ada").claim("iat", 1_767_225_600).claim("exp", 1_867_225_600).mint();
        assert_eq!(code(&verifier, &theirs).await, "TOKEN_INVALID", "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_keys_may_go_away() {
    let issuer = TestIssuer::start();
    let before = issuer.jwks();
    issuer.rotate();
    let slow = Said { after: secs(3), ..Said::keys(issuer.jwks()) };
    let document = Document::saying([Said::keys(before), slow]);
    let verifier = verifier(&issuer, &document).await;
    pass(&issuer, 31).await;
    let token = issuer.token("ada").mint();

    let waited = tokio::time::timeout(secs(1), verifier.verify(&token)).await;
    assert!(waited.is_err(), "the issuer is slow");
    assert_eq!((code(&verifier, &token).await, document.asked().len()), ("ok", 2), "the same question is waited for");
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_makes_nothing_young() {
    let issuer = TestIssuer::start();
    let verifier = issuer.settings_without_feed().build().await.unwrap();
    let token = issuer.token("ada").claim("iat", 1_767_000_000).claim("exp", 1_867_225_600).mint();
    issuer.clock().set(countersign_kernel::Timestamp::from_seconds(1_767_100_000));

    assert_eq!(code(&verifier, &token).await, "OVERLOADED", "until they are fetched again");
    until("keys come", || verifier.status().has_keys).await;
    assert_eq!(code(&verifier, &token).await, "ok");
}
