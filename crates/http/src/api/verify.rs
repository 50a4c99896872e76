//! `GET /api/auth/verify`: whether an access token is good, for clients and for reverse proxies (forward auth).

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};

use crate::app::Auth;
use crate::extract::CurrentUser;

static X_AUTH_SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
static X_AUTH_SESSION: HeaderName = HeaderName::from_static("x-auth-session");
static X_AUTH_ROLES: HeaderName = HeaderName::from_static("x-auth-roles");
static X_AUTH_STALE: HeaderName = HeaderName::from_static("x-auth-stale");

/// How long an answer usually is, generously.
const USUAL_BODY: usize = 768;

/// Says whom the access token speaks for.
///
/// A reverse proxy can ask this for each request and hand on the three headers; it must drop such headers that come from
/// outside. The check is done from memory. `X-Auth-Stale` comes with the answer of a server that has not heard of revocations for
/// longer than its policy allows.
#[utoipa::path(
    get, path = "/api/auth/verify", tag = "Session", operation_id = "verify",
    security(("bearer" = [])),
    responses((status = 200, description = "The token is good", body = Verified,
        headers(
            ("X-Auth-Subject" = String, description = "The person's id"),
            ("X-Auth-Session" = String, description = "The session's id"),
            ("X-Auth-Roles" = String, description = "The roles, with commas between; empty where there are none"),
            ("X-Auth-Stale" = i64, description = "For how many seconds nothing was heard of revocations, where that is too long"),
        )))
)]
pub(crate) async fn verify(State(auth): State<Auth>, user: CurrentUser) -> Response {
    // The claims are the JSON that was signed: parsing and writing it again would cost more than all the rest.
    let mut body = Vec::with_capacity(USUAL_BODY);
    body.extend_from_slice(b"{\"valid\":true,\"claims\":");
    user.write_claims(&mut body);
    body.push(b'}');
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Each is always there, so that a proxy which copies them always overwrites what a client sent.
    for (name, text) in [
        (&X_AUTH_SUBJECT, user.user.to_string()),
        (&X_AUTH_SESSION, user.session.to_string()),
        (&X_AUTH_ROLES, user.roles.join(",")),
    ] {
        headers.insert(name, HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("")));
    }
    if let Some(silent) = auth.sessions().staleness() {
        headers.insert(&X_AUTH_STALE, HeaderValue::from(silent.as_seconds()));
    }
    response
}

/// Whom a token speaks for.
#[derive(utoipa::ToSchema)]
#[expect(
    dead_code,
    reason = "the shape of the body for the OpenAPI document; the body itself is put together from text"
)]
pub(crate) struct Verified {
    /// Always true: a token that is not good is a 401.
    valid: bool,
    /// The claims of the token.
    #[schema(value_type = Object)]
    claims: serde_json::Map<String, serde_json::Value>,
}
