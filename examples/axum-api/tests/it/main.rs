//! Drives the example beside the real server, which it reaches over a socket, as its users would.

#![expect(clippy::expect_used, reason = "tests and their helpers fail by panicking")]

#[path = "../../src/main.rs"]
#[expect(dead_code, reason = "its own start is not needed here")]
mod example;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use countersign_guard::{Feed, Verifier};
use countersign_testkit::{Actor, Served, TestApp};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

const ISSUER: &str = "http://localhost:8420";

/// The server, and the example beside it.
async fn start() -> (TestApp, Served, Router) {
    let app = TestApp::builder().public_url(ISSUER).with_janitor().start().await;
    let served = app.serve().await;
    let at = |path: &str| format!("http://{}{path}", served.address);
    let feed = Feed::key(app.machine("orders").await);
    let feed = feed.url(at("/api/revocations")).keys_url(at("/.well-known/revocations/jwks.json"));
    let settings = Verifier::discover(ISSUER).audience(ISSUER).env(app.env().clone());
    let verifier = settings.keys_url(at("/.well-known/jwks.json")).feed(feed).build().await.expect("it is built");
    (app, served, example::routes(verifier))
}

/// What the example answers to whoever holds this token: the text of a success, the status and the code of a refusal.
async fn get(api: &Router, path: &str, who: Option<&Actor>) -> String {
    let mut request = Request::get(path);
    if let Some(actor) = who {
        request = request.header("authorization", format!("Bearer {}", actor.access_token()));
    }
    let answer = api.clone().oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
    let status = answer.status();
    let body = answer.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    let codes = ["TOKEN_MISSING", "TOKEN_REVOKED", "TOKEN_EXPIRED", "FORBIDDEN"];
    let code = codes.into_iter().find(|code| text.contains(&format!(r#""code":"{code}""#)));
    code.map_or(text, |code| format!("{} {code}", status.as_u16()))
}

#[tokio::test]
async fn everyone_has_a_door_and_a_sign_out_closes_it() {
    let (app, _served, api) = start().await;
    let ada = app.member("ada").await;
    let grace = app.member_with_roles("grace", &["manager"]).await;

    assert_eq!(get(&api, "/", None).await, "Hello, stranger.");
    assert_eq!(get(&api, "/orders", None).await, "401 TOKEN_MISSING");
    assert!(get(&api, "/", Some(&ada)).await.starts_with("Welcome back, ada"));
    assert_eq!(get(&api, "/orders", Some(&ada)).await, format!("{} has no orders yet.", ada.user_id()));
    assert_eq!(get(&api, "/report", Some(&ada)).await, "403 FORBIDDEN");
    assert_eq!(get(&api, "/report", Some(&grace)).await, "Nothing was sold.");

    let _ = ada.sign_out().await.expect(200);

    let refused = async {
        while get(&api, "/orders", Some(&ada)).await != "401 TOKEN_REVOKED" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(30), refused).await.is_ok());
    assert_eq!(get(&api, "/", Some(&ada)).await, "401 TOKEN_REVOKED", "and nobody is taken for a stranger");
    assert_eq!(get(&api, "/report", Some(&grace)).await, "Nothing was sold.");
}

#[test]
fn it_fits_on_a_screen() {
    let lines = include_str!("../../src/main.rs").lines().count();
    assert!(lines <= 40, "{lines} lines");
}
