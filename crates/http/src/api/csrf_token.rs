//! `GET /api/csrf-token` and `GET /api/auth/csrf-token`: for browsers that send neither `Origin` nor fetch metadata.

use axum::extract::State;
use axum::response::Response;
use countersign_session::{Beside, CsrfOwner};
use http::{HeaderMap, StatusCode};

use crate::api::answer::json;
use crate::api::view::CsrfTokenView;
use crate::app::Auth;
use crate::cookie::{Jar, set_csrf};
use crate::layer::csrf::beside;

/// Hands out a CSRF token and its cookie.
#[utoipa::path(
    get, path = "/api/csrf-token", tag = "Session", operation_id = "csrfToken", security(()),
    responses((status = 200, description = "A token, and its cookie", body = CsrfTokenView,
        headers(("Set-Cookie" = String, description = "The `csrf` cookie"))))
)]
pub(crate) async fn csrf_token(State(auth): State<Auth>, headers: HeaderMap) -> Response {
    answer(&auth, &headers)
}

/// The same, inside the path of the refresh cookie.
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
    let keys = auth.sessions().csrf();
    let beside = beside(auth.sessions(), &jar);
    // A token that counts is handed out again: a second tab must not make that of the first void.
    let token = jar.csrf().filter(|held| keys.verify(held, held, beside)).map_or_else(
        || {
            keys.mint(match beside {
                Beside::Session(session) => CsrfOwner::Session(session),
                Beside::Nothing | Beside::Unproven => CsrfOwner::Visitor,
            })
        },
        str::to_owned,
    );
    let mut response = json(StatusCode::OK, CsrfTokenView { csrf_token: &token }, &[]);
    set_csrf(response.headers_mut(), auth.is_https(), &token);
    response
}
