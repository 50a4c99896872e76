//! Tokens, good and bad.

use std::time::Duration;

use countersign_guard::testing::{TestIssuer, TestToken};
use countersign_guard::{Code, Verifier};
use countersign_kernel::{Clock as _, Lifetime};
use serde_json::{Value, json};

use crate::stage::code;

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[tokio::test]
async fn a_good_token_says_who_it_is() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let token = issuer.token("ada").role("editor").permission("posts:write").second_factor().claim("tenant", "t_1");

    let identity = verifier.verify(&token.mint()).await.unwrap();

    assert_eq!(identity.email(), Some("ada@example.test"));
    assert_eq!(
        (identity.roles(), identity.permissions()),
        (&["editor".to_owned()][..], &["posts:write".to_owned()][..])
    );
    assert!(identity.has_second_factor() && !identity.is_stale());
    assert_eq!(identity.authenticated_at(), Some(issuer.clock().now()));
    assert_eq!(identity.expires_at(), issuer.clock().now() + Lifetime::from_minutes(15));
    assert_eq!((identity.assurance(), identity.scopes(), identity.client()), (Some("aal2"), None, None));
    assert_eq!(identity.claim::<String>("tenant").as_deref(), Some("t_1"));
    let again = verifier.verify(&issuer.token("ada").mint()).await.unwrap();
    assert_eq!(again.id(), identity.id(), "a person keeps its id");
    assert_ne!((again.session(), again.token()), (identity.session(), identity.token()));
    assert!(!format!("{identity:?} {verifier:?}").contains("ada"), "no personal data in a log");
}

#[tokio::test]
async fn every_bad_token_is_refused_by_its_code() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    type Bend = fn(TestToken) -> TestToken;
    let table: &[(&str, Bend)] = &[
        ("none", TestToken::alg_none),
        ("hmac by the public key", TestToken::hmac_with_public_key),
        ("hmac by the public JWK", TestToken::hmac_with_public_jwk),
        ("another's key", TestToken::foreign_key),
        ("another's key, brought along", TestToken::embedded_key),
        ("a key brought along", TestToken::embedded_issuers_key),
        ("a bit flipped", TestToken::tampered),
        ("no signature", TestToken::unsigned),
        ("two parts", TestToken::two_parts),
        ("an unknown key", TestToken::kid_unknown),
        ("no kid", |token| token.without_header("kid")),
        ("a kid that is a path", |token| token.header("kid", "../../dev/null")),
        ("a kid that is a number", |token| token.header("kid", 7)),
        ("another alg", |token| token.header("alg", "ES256")),
        ("alg in another case", |token| token.header("alg", "eddsa")),
        ("jku", |token| token.header("jku", "https://evil.test/keys")),
        ("x5u", |token| token.header("x5u", "https://evil.test/cert")),
        ("crit", TestToken::critical),
        ("b64", |token| token.header("b64", false)),
        ("an ID token", |token| token.typ("JWT")),
        ("a heartbeat", |token| token.typ("countersign-revocation-heartbeat+jwt")),
        ("no typ", |token| token.without_header("typ")),
        ("kid twice", |token| token.raw_header(r#"{"typ":"at+jwt","alg":"EdDSA","kid":"a","kid":"b"}"#)),
        ("sub twice", TestToken::duplicate_sub),
        ("9 KB", TestToken::oversize),
        ("another audience", |token| token.audience("https://other.test")),
        ("an audience that begins alike", |token| token.audience("https://api.test.evil.test")),
        ("no audience", |token| token.without("aud")),
        ("another issuer", |token| token.issuer("https://evil.test")),
        ("the issuer with a slash", |token| token.issuer("https://auth.test/")),
        ("not yet valid", TestToken::not_yet_valid),
        ("from the future", TestToken::dated_in_the_future),
        ("no exp", |token| token.without("exp")),
        ("exp as text", TestToken::text_for_exp),
        ("exp that no integer holds", TestToken::endless),
        ("exp as a fraction", |token| token.claim("exp", 1_767_226_500.5)),
        ("no jti", |token| token.without("jti")),
        ("no session", |token| token.without("sid")),
        ("no version", |token| token.without("ver")),
        ("a version below zero", |token| token.claim("ver", -1)),
        ("a session of another kind", |token| token.claim("sid", "usr_00000000000000000000000000")),
        ("a person of another kind", |token| token.claim("sub", "nobody")),
        ("roles as text", |token| token.claim("roles", "admin")),
        ("permissions of numbers", |token| token.claim("permissions", json!([1]))),
        ("a null e-mail", |token| token.claim("email", Value::Null)),
        ("claims that are a list", |token| token.raw_claims("[]")),
        ("claims in Latin-1", |token| token.raw_claims("\u{feff}{}")),
    ];

    for (reason, bend) in table {
        let token = bend(issuer.token("ada")).mint();
        assert_eq!(code(&verifier, &token).await, "TOKEN_INVALID", "{reason}");
        // Nothing of a refused token is remembered.
        assert_eq!(code(&verifier, &token).await, "TOKEN_INVALID", "{reason}, again");
    }
    for text in ["", ".", "..", "...", "a.b.c", "a.b.c.d.e"] {
        assert_eq!(code(&verifier, text).await, "TOKEN_INVALID", "{text}");
    }
    assert_eq!(code(&verifier, &issuer.token("ada").expired().mint()).await, "TOKEN_EXPIRED");
    let expired_and_foreign = issuer.token("ada").expired().foreign_key().mint();
    assert_eq!(code(&verifier, &expired_and_foreign).await, "TOKEN_INVALID", "only an authentic token is expired");
    assert_eq!(code(&verifier, &issuer.token("ada").mint()).await, "ok");
    let several = issuer.token("ada").claim("aud", json!(["https://other.test", "https://api.test"])).mint();
    assert_eq!(code(&verifier, &several).await, "ok");
}

#[tokio::test]
async fn clocks_may_differ_by_the_leeway_and_no_more() {
    for (leeway, seconds) in [(secs(30), 30), (secs(0), 0), (secs(5), 5)] {
        let issuer = TestIssuer::start();
        let verifier = issuer.follow(issuer.settings().leeway(leeway)).await;
        let now = issuer.clock().now().as_seconds();
        let dated = |iat: i64, exp: i64| issuer.token("ada").claim("iat", iat).claim("exp", exp).mint();

        assert_eq!(code(&verifier, &dated(now - 900, now - seconds)).await, "TOKEN_EXPIRED", "{leeway:?}");
        assert_eq!(code(&verifier, &dated(now - 900, now - seconds + 1)).await, "ok", "{leeway:?}");
        assert_eq!(code(&verifier, &dated(now + seconds, now + 900)).await, "ok", "{leeway:?}");
        assert_eq!(code(&verifier, &dated(now + seconds + 1, now + 900)).await, "TOKEN_INVALID", "{leeway:?}");
    }
}

#[tokio::test]
async fn a_remembered_token_expires_and_is_taken_back_like_any_other() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let [ended, superseded, gone, kept] = [(); 4].map(|()| issuer.token("ada").mint());
    let disabled = issuer.token("grace").mint();
    for token in [&ended, &superseded, &gone, &disabled, &kept] {
        assert_eq!(code(&verifier, token).await, "ok");
    }

    issuer.sign_out(&ended).await;
    issuer.revoke_token(&gone).await;
    issuer.disable(&disabled).await;
    assert_eq!(code(&verifier, &ended).await, "TOKEN_REVOKED");
    assert_eq!(code(&verifier, &gone).await, "TOKEN_REVOKED");
    assert_eq!(code(&verifier, &disabled).await, "TOKEN_REVOKED");
    assert_eq!(code(&verifier, &superseded).await, "ok");
    issuer.change_rights(&superseded).await;
    assert_eq!(code(&verifier, &superseded).await, "TOKEN_EXPIRED", "its session lives: refresh");
    assert_eq!(code(&verifier, &ended).await, "TOKEN_REVOKED", "what ended weighs more");
    let fresh = issuer.token("ada").version(2).mint();
    assert_eq!(code(&verifier, &fresh).await, "ok");

    issuer.advance(secs(929)).await;
    assert_eq!(code(&verifier, &fresh).await, "ok", "within the leeway");
    issuer.advance(secs(1)).await;
    assert_eq!(code(&verifier, &fresh).await, "TOKEN_EXPIRED");
}

#[tokio::test]
async fn a_token_is_remembered_by_its_whole_text() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let token = issuer.token("ada").mint();
    assert_eq!(code(&verifier, &token).await, "ok");

    for at in (0..token.len()).step_by(7) {
        let mut bent = token.clone().into_bytes();
        bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
        assert_eq!(code(&verifier, &String::from_utf8(bent).unwrap()).await, "TOKEN_INVALID", "at {at}");
    }
    assert_eq!(code(&verifier, &token[..token.len() - 1]).await, "TOKEN_INVALID");
    assert_eq!(code(&verifier, &format!("{token}A")).await, "TOKEN_INVALID");
}

#[tokio::test]
async fn however_few_are_remembered_all_are_judged() {
    let issuer = TestIssuer::start();
    for room in [0, 1, 2] {
        let verifier: Verifier = issuer.follow(issuer.settings().remembered(room)).await;
        let tokens: Vec<String> = (0..8).map(|_| issuer.token("ada").mint()).collect();
        for _ in 0..2 {
            for token in &tokens {
                assert_eq!(code(&verifier, token).await, "ok", "room for {room}");
            }
        }
        issuer.sign_out(&tokens[0]).await;
        assert_eq!(code(&verifier, &tokens[0]).await, "TOKEN_REVOKED");
    }
}

#[tokio::test]
async fn what_is_wrong_is_for_the_log_and_holds_nothing_of_the_token() {
    let issuer = TestIssuer::start();
    let verifier = issuer.verifier().await;
    let token = issuer.token("ada").audience("https://other.test").mint();

    let refusal = verifier.verify(&token).await.unwrap_err();

    assert_eq!((refusal.code(), refusal.reason()), (Code::TokenInvalid, "token is for another audience"));
    assert_eq!(refusal.to_string(), "TOKEN_INVALID: token is for another audience");
}
