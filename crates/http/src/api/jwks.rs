//! `GET /.well-known/jwks.json`: the public keys (RFC 7517).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::Auth;

/// The public keys that access tokens are signed with.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "Keys", operation_id = "jwks", security(()),
    responses((status = 200, description = "A JWK set", content_type = "application/jwk-set+json", body = Object))
)]
pub(crate) async fn jwks(State(auth): State<Auth>) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/jwk-set+json"),
        // Public. A new key is published long before it signs, so that a copy of five minutes is always good enough.
        (CACHE_CONTROL, "public, max-age=300"),
    ];
    (headers, auth.sessions().keyring().jwks_json().to_string()).into_response()
}
