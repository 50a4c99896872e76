//! What a test issuer serves: its keys, and the feed of revocations.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};

use super::issuer::{MACHINE_KEY, TestIssuer};

impl TestIssuer {
    /// What it serves: `/.well-known/jwks.json`, `/.well-known/revocations/jwks.json` and `/api/revocations`.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/.well-known/jwks.json", get(jwks))
            .route("/.well-known/revocations/jwks.json", get(feed_jwks))
            .route("/api/revocations", get(feed))
            .with_state(self.clone())
    }
}

async fn jwks(State(issuer): State<TestIssuer>) -> Response {
    issuer.count_fetch();
    document(&issuer, issuer.jwks())
}

async fn feed_jwks(State(issuer): State<TestIssuer>) -> Response {
    document(&issuer, issuer.feed_jwks())
}

async fn feed(State(issuer): State<TestIssuer>, headers: HeaderMap) -> Response {
    if issuer.is_down() {
        return down();
    }
    let said = headers.get(AUTHORIZATION).and_then(|field| field.to_str().ok());
    if said != Some(&format!("Bearer {MACHINE_KEY}")) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let body = Body::new(issuer.subscribe(last));
    ([(CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn document(issuer: &TestIssuer, jwks: String) -> Response {
    if issuer.is_down() { down() } else { ([(CONTENT_TYPE, "application/jwk-set+json")], jwks).into_response() }
}

fn down() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "1")]).into_response()
}
