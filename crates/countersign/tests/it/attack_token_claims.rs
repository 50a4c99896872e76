//! Attacks on the claims of an access token, through the front door: rightly signed, wrongly said.

use countersign_testkit::{Actor, Reply, TestApp, Value, json, minutes};

async fn show(ada: &Actor, token: &str) -> Reply {
    ada.call(http::Method::GET, "/api/auth/verify").bearer(token).send().await
}

async fn refused(ada: &Actor, token: &str, reason: &str) {
    let reply = show(ada, token).await;
    assert_eq!((reply.status(), reply.code().as_str()), (401, "TOKEN_INVALID"), "{reason}");
    let _ = ada.get("/api/auth/verify").await.expect(200);
}

// attack 14
// bug S14, S92
#[tokio::test]
async fn exp_is_a_whole_number_in_the_future() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let exp = ada.claims()["exp"].as_i64().unwrap_or_default();
    let _ = show(&ada, &app.mint(&ada).claim("exp", exp).mint()).await.expect(200);

    refused(&ada, &app.mint(&ada).without("exp").mint(), "absent").await;
    refused(&ada, &app.mint(&ada).text_for_exp().mint(), "text").await;
    refused(&ada, &app.mint(&ada).endless().mint(), "1e300").await;
    for value in
        [Value::Null, json!(true), json!([exp]), json!({}), json!(1.5), json!(-1.0), json!(1.9e10), json!(u64::MAX)]
    {
        refused(&ada, &app.mint(&ada).claim("exp", value.clone()).mint(), &format!("exp {value}")).await;
    }
    let claims = ada.claims();
    for raw in ["1e400", "NaN", "Infinity", "9223372036854775808", "18446744075509551615", "0x7fffffff", "01", "1_000"]
    {
        let text = claims.to_string().replace(&format!("\"exp\":{exp}"), &format!("\"exp\":{raw}"));
        refused(&ada, &app.mint(&ada).raw_claims(&text).mint(), raw).await;
    }
    // Zero and negative moments are past: authentic, and over.
    for past in [0, -1, i64::MIN] {
        let reply = show(&ada, &app.mint(&ada).claim("exp", past).mint()).await;
        assert_eq!(reply.status(), 401, "{past}");
    }
}

// attack 15
// bug S13, S18, S21, S22
#[tokio::test]
async fn expired_is_said_only_of_an_authentic_token() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    let honest = show(&ada, &app.mint(&ada).expired().mint()).await;
    assert_eq!((honest.status(), honest.code().as_str()), (401, "TOKEN_EXPIRED"));
    assert!(honest.header("www-authenticate").contains("invalid_token"));
    refused(&ada, &app.mint(&ada).expired().tampered().mint(), "a bad signature says nothing about time").await;
    refused(&ada, &app.mint(&ada).expired().foreign_key().mint(), "nor does a foreign one").await;
    refused(&ada, &app.mint(&ada).expired().audience("other").mint(), "nor a token for somebody else").await;

    let life = ada.claims()["exp"].as_i64().unwrap_or_default() - ada.claims()["iat"].as_i64().unwrap_or_default();
    assert!((855..=945).contains(&life), "15 minutes with 5 % of jitter, not {life}");
    app.clock.advance(minutes(16));
    assert_eq!(ada.get("/api/auth/verify").await.code(), "TOKEN_EXPIRED");
}

// attack 16
#[tokio::test]
async fn a_token_from_the_future_is_refused() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;

    refused(&ada, &app.mint(&ada).not_yet_valid().mint(), "nbf in ten minutes").await;
    refused(&ada, &app.mint(&ada).dated_in_the_future().mint(), "iat in ten minutes").await;
    for value in [Value::Null, json!("now"), json!([1]), json!(true), json!(1.5)] {
        refused(&ada, &app.mint(&ada).claim("nbf", value.clone()).mint(), &format!("nbf {value}")).await;
        refused(&ada, &app.mint(&ada).claim("iat", value.clone()).mint(), &format!("iat {value}")).await;
    }
    refused(&ada, &app.mint(&ada).without("iat").mint(), "iat absent").await;
}

// attack 17, 18
// bug S7
#[tokio::test]
async fn issuer_and_audience_are_compared_exactly() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let ours = ada.claims()["iss"].as_str().unwrap_or_default().to_owned();
    let host = ours.trim_start_matches("https://").to_owned();
    let wrong = [
        format!("{ours}/"),
        ours.to_uppercase(),
        format!("{ours}.evil.example"),
        format!(" {ours}"),
        format!("{ours} "),
        ours.replace('a', "\u{0430}"),
        ours.replace("https", "http"),
        host,
        ours.get(..ours.len() - 1).unwrap_or_default().to_owned(),
        "https://evil.example".to_owned(),
        String::new(),
    ];

    for text in wrong {
        refused(&ada, &app.mint(&ada).issuer(&text).mint(), &format!("iss {text:?}")).await;
        refused(&ada, &app.mint(&ada).audience(&text).mint(), &format!("aud {text:?}")).await;
    }
    for value in [Value::Null, json!(1), json!([]), json!({"0": ours}), json!([[ours]]), json!([1]), json!(true)] {
        refused(&ada, &app.mint(&ada).claim("aud", value.clone()).mint(), &format!("aud {value}")).await;
        refused(&ada, &app.mint(&ada).claim("iss", value.clone()).mint(), &format!("iss {value}")).await;
    }
    refused(&ada, &app.mint(&ada).claim("iss", json!([ours])).mint(), "a list is no issuer").await;
    refused(&ada, &app.mint(&ada).without("iss").mint(), "iss absent").await;
    refused(&ada, &app.mint(&ada).without("aud").mint(), "aud absent").await;
}

// attack 30, 31
// bug S9, S15, S44
#[tokio::test]
async fn subject_session_and_version_must_be_real() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let long = format!("usr_{}", "7".repeat(5_000));
    let subjects =
        [json!(""), json!("' OR 1=1 --"), json!("usr_1"), json!([]), json!({}), json!(1), Value::Null, json!(long)];

    for sub in subjects {
        refused(&ada, &app.mint(&ada).claim("sub", sub).mint(), "sub").await;
    }
    let versions = [json!("1"), Value::Null, json!(-1), json!(1.5), json!([1]), json!(true), json!({})];
    for ver in versions {
        refused(&ada, &app.mint(&ada).claim("ver", ver.clone()).mint(), &format!("ver {ver}")).await;
    }
    for name in ["sub", "sid", "jti", "ver"] {
        refused(&ada, &app.mint(&ada).without(name).mint(), name).await;
    }
    for sid in [json!(""), json!("ses_1"), json!(1), Value::Null, json!(["a"])] {
        refused(&ada, &app.mint(&ada).claim("sid", sid).mint(), "sid").await;
    }
    let never_opened = app.mint(&ada).claim("sid", "ses_7zzzzzzzzzzzzzzzzzzzzzzzzz").mint();
    refused(&ada, &never_opened, "a session that was never opened, well signed").await;
    let bens = app.member("ben").await.session_id();
    refused(&ada, &app.mint(&ada).claim("sid", bens).mint(), "another person's session, well signed").await;
    refused(&ada, &app.mint(&ada).claim("ver", 2).mint(), "rights that are yet to come").await;
    assert_eq!(show(&ada, &app.mint(&ada).claim("ver", 0).mint()).await.code(), "TOKEN_EXPIRED", "superseded");
    let renamed = app.mint(&ada).without("sub").claim("userId", ada.user_id()).mint();
    refused(&ada, &renamed, "`sub` is the one name of the person").await;
    let nobody = app.mint(&ada).claim("sub", "usr_7zzzzzzzzzzzzzzzzzzzzzzzzz").mint();
    let reply = ada.call(http::Method::GET, "/api/user/profile").bearer(&nobody).send().await;
    assert_eq!(reply.status(), 401, "a subject that does not exist is no 5xx");
}

// bug S10, S11, S16, S17
#[tokio::test]
async fn a_token_says_what_it_may_and_nothing_else() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let first = ada.claims();
    let twin = ada.elsewhere();
    let _ = twin.sign_in().await.expect(200);

    let mut names: Vec<_> = first.as_object().map(|c| c.keys().cloned().collect()).unwrap_or_default();
    names.sort_unstable();
    assert_eq!(
        names,
        ["acr", "amr", "aud", "auth_time", "did", "email", "exp", "iat", "iss", "jti", "roles", "sid", "sub", "ver"]
    );
    assert!(ada.access_token().len() < 1_024, "fits any header: {}", ada.access_token().len());
    for name in ["jti", "sid"] {
        assert_ne!(first[name], twin.claims()[name], "{name} of two sign-ins in one second");
    }
    assert_ne!(ada.refresh_token(), twin.refresh_token());
    assert!(!ada.refresh_token().contains('.'), "a refresh token is not a JWT and shares no id with one");
}

// attack 20, 21, 72
#[tokio::test]
async fn one_kind_of_credential_is_never_taken_for_another() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let csrf = ada.get("/api/csrf-token").await.expect(200).text_at("/csrfToken");

    refused(&ada, &ada.refresh_token(), "a refresh token as Bearer").await;
    refused(&ada, &csrf, "a CSRF token as Bearer").await;
    let thief = app.stranger("mallory");
    let call = thief.call(http::Method::POST, "/api/auth/refresh").without_cookies();
    let stolen = format!("__Secure-refreshToken={}", ada.access_token());
    assert_eq!(call.header("cookie", stolen).send().await.code(), "TOKEN_INVALID");

    let _ = ada.refresh().await.expect(200);
}
