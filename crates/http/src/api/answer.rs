//! From what a verb hands out to body and cookies.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use countersign_limit::Reading;
use countersign_session::{Delivery, Issued, User};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use crate::api::view::{SessionLifeView, SignedInView, UserView};
use crate::app::Auth;
use crate::cookie::{SessionCookies, set_session};
use crate::error::{Code, Problem};
use crate::layer::limits;

/// A JSON body with a status and the limits that were counted.
pub(crate) fn json(status: StatusCode, body: impl Serialize, readings: &[Reading]) -> Response {
    // Straight into a vector: the extractor's own buffer takes each piece of JSON at several times the price.
    let Ok(bytes) = serde_json::to_vec(&body) else { return Problem::new(Code::Internal).into_response() };
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    limits::write(readings, response.headers_mut());
    response
}

/// No body.
pub(crate) fn no_content(readings: &[Reading]) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    limits::write(readings, response.headers_mut());
    response
}

/// Someone is in: the answer to a registration or a sign-in.
pub(crate) fn signed_in(
    auth: &Auth,
    status: StatusCode,
    user: &User,
    issued: &Issued,
    readings: &[Reading],
) -> Response {
    let body = SignedInView {
        user: UserView::of(user),
        access_token: &issued.access.token,
        expires_in: issued.access.expires_in.as_seconds(),
        token_type: "Bearer",
        session: SessionLifeView::of(issued),
        server_time: issued.now.to_rfc3339(),
        refresh_token: refresh_in_body(issued),
    };
    let mut response = json(status, body, readings);
    set_cookies(auth, issued, &mut response);
    response
}

/// The refresh token, for a session that takes it in the body.
pub(crate) fn refresh_in_body(issued: &Issued) -> Option<&str> {
    let refresh = issued.refresh.as_ref()?;
    (issued.session.delivery == Delivery::Body).then(|| refresh.expose())
}

/// Sets the cookies of a session that takes them; nothing where there is no new refresh token.
pub(crate) fn set_cookies(auth: &Auth, issued: &Issued, response: &mut Response) {
    let (Some(refresh), Delivery::Cookie) = (&issued.refresh, issued.session.delivery) else { return };
    let cookies = SessionCookies {
        refresh: refresh.expose(),
        page: issued.page.expose(),
        life: issued.session.remember.then(|| issued.idle_expires_in()),
        signed_in_at: issued.session.created_at,
        device: issued.device.as_ref().map(|device| device.expose().as_str()),
        csrf: issued.csrf.as_deref(),
    };
    set_session(response.headers_mut(), auth.is_https(), &cookies);
}
