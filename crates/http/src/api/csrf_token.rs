//! `GET /api/csrf-token` and `GET /api/auth/csrf-token`: for browsers that send neither `Origin` nor fetch metadata.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use crate::api::answer::json;
use crate::api::view::CsrfTokenView;
use crate::app::Auth;
use crate::cookie::{Jar, set_csrf};
use crate::layer::csrf::token_for;

/// Hands out a CSRF token and its cookie.
#[utoipa::path(
    get, path = "/api/csrf-token", tag = "Session", operation_id = "csrfToken", security(()),
    responses((status = 200, description = "A token, and its cookie", body = CsrfTokenView,
        headers(("Set-Cookie" = String, description = "The `csrf` cookie"))))
)]
pub(crate) async fn csrf_token(State(auth): State<Auth>, headers: HeaderMap) -> Response {
    answer(&auth, &headers)
}

/// Hands out a CSRF token and its cookie, at an address to which the refresh cookie is sent as well.
#[utoipa::path(
    get, path = "/api/auth/csrf-token", tag = "Session", operation_id = "csrfTokenOfSession", security(()),
    responses((status = 200, description = "A token, and its cookie", body = CsrfTokenView,
        headers(("Set-Cookie" = String, description = "The `csrf` cookie"))))
)]
pub(crate) async fn auth_csrf_token(State(auth): State<Auth>, headers: HeaderMap) -> Response {
    answer(&auth, &headers)
}

fn answer(auth: &Auth, headers: &HeaderMap) -> Response {
    let jar = Jar::new(headers, auth.is_https());
    let token = token_for(auth, &jar);
    let mut response = json(StatusCode::OK, CsrfTokenView { csrf_token: &token }, &[]);
    set_csrf(response.headers_mut(), auth.is_https(), &token);
    response
}
