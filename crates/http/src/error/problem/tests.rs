use axum::response::IntoResponse as _;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::*;

fn request() -> RequestId {
    RequestId::from_bytes([0; 16])
}

async fn rendered(problem: Problem) -> (http::response::Parts, Value) {
    let (parts, body) = problem.render("https://auth.example.com", request()).into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (parts, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn a_problem_has_every_member_of_the_contract() {
    let (parts, body) = rendered(Code::TokenExpired.into()).await;

    assert_eq!(parts.status, 401);
    assert_eq!(parts.headers["content-type"], "application/problem+json");
    assert_eq!(
        body,
        json!({
            "type": "https://auth.example.com/errors/TOKEN_EXPIRED",
            "title": "Token expired",
            "status": 401,
            "detail": "The token has expired.",
            "code": "TOKEN_EXPIRED",
            "error": "The token has expired.",
            "message": "The token has expired.",
            "requestId": "req_00000000000000000000000000",
        })
    );
}

#[tokio::test]
async fn each_401_carries_a_challenge_and_says_why_it_may() {
    for &code in Code::ALL {
        let (parts, _) = rendered(code.into()).await;
        let challenge = parts.headers.get("www-authenticate").map(|v| v.to_str().unwrap());
        let expected = match code {
            Code::TokenMissing | Code::AuthFailed | Code::MfaRequired => Some("Bearer"),
            Code::TokenExpired => Some(r#"Bearer error="invalid_token", error_description="expired""#),
            Code::TokenInvalid => Some(r#"Bearer error="invalid_token", error_description="not valid""#),
            Code::TokenRevoked | Code::TokenReused => {
                Some(r#"Bearer error="invalid_token", error_description="revoked""#)
            }
            Code::StepUpRequired => Some(r#"Bearer error="insufficient_user_authentication", max_age="0""#),
            Code::Forbidden => Some(r#"Bearer error="insufficient_scope""#),
            _ => None,
        };
        assert_eq!(challenge, expected, "{}", code.as_str());
        assert!(code.status() != 401 || challenge.is_some());
    }
}

#[tokio::test]
async fn a_limit_says_when_to_come_back_everywhere() {
    let reading = Reading {
        name: "sign_in_account",
        limit: 20,
        remaining: 0,
        reset: Lifetime::from_seconds(90),
        window: Lifetime::from_hours(1),
    };
    let (parts, body) = rendered(Problem::limited(Lifetime::from_millis(89_001), vec![reading])).await;

    assert_eq!(parts.status, 429);
    assert_eq!(parts.headers["retry-after"], "90");
    assert_eq!(parts.headers["ratelimit"], r#""sign_in_account";r=0;t=90"#);
    assert_eq!(parts.headers["ratelimit-policy"], r#""sign_in_account";q=20;w=3600"#);
    assert_eq!(body["retryAfter"], 90);
}

#[tokio::test]
async fn nobody_is_sent_back_at_once() {
    let (parts, body) = rendered(Problem::busy(Lifetime::ZERO)).await;
    assert_eq!(parts.status, 503);
    assert_eq!(parts.headers["retry-after"], "1");
    assert_eq!(body["retryAfter"], 1);
}

#[tokio::test]
async fn a_step_up_names_its_methods_and_its_age() {
    let (parts, body) = rendered(Problem::step_up(Lifetime::from_minutes(10), &["password"])).await;
    assert_eq!(body["methods"], json!(["password"]));
    assert_eq!(parts.headers["www-authenticate"], r#"Bearer error="insufficient_user_authentication", max_age="600""#);
}

#[tokio::test]
async fn what_went_wrong_inside_is_not_said() {
    #[derive(Debug, thiserror::Error)]
    #[error("outer SELECT password_hash")]
    struct Outer(#[source] std::io::Error);

    let problem = Problem::fault(&Outer(std::io::Error::other("inner /var/lib")), false);
    assert_eq!(problem.cause(), Some("outer SELECT password_hash: inner /var/lib"));
    let (parts, body) = rendered(problem).await;

    assert_eq!(parts.status, 500);
    let text = body.to_string();
    assert!(!text.contains("SELECT") && !text.contains("/var"), "{text}");
}

#[tokio::test]
async fn a_rejection_is_complete_without_the_edge() {
    let rejection = Rejection::new(Code::TokenMissing.into(), "https://auth.example.com".into(), request());
    assert_eq!(rejection.code(), Code::TokenMissing);
    let response = rejection.into_response();
    assert_eq!(response.status(), 401);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(body["code"], "TOKEN_MISSING");
}
