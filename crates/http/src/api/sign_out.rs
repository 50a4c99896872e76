//! `POST /api/auth/logout` and `POST /api/auth/logout-all`.

use axum::extract::State;
use axum::response::Response;
use countersign_audit::Actor;
use countersign_session::{EndReason, TokenError};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::api::answer::json;
use crate::api::view::{MessageView, SignedOutEverywhereView};
use crate::app::Auth;
use crate::cookie::{RefreshCookie, clear_session};
use crate::error::Problem;
use crate::extract::{Bearer, CurrentUser, bearer};
use crate::json::{Call, Nothing};
use crate::layer::csrf;

/// Ends this session: its access tokens die at once and its cookies are cleared.
///
/// Works by the cookie, by the access token, or both. Repeating it is not an error.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "Session", operation_id = "logout",
    security(("refreshCookie" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "Signed out", body = MessageView),
        (status = 401, description = "TOKEN_EXPIRED, TOKEN_INVALID: an access token that is not accepted, and no cookie"),
        (status = 403, description = "CSRF_INVALID"),
    )
)]
pub(crate) async fn logout(State(auth): State<Auth>, call: Call<Nothing>) -> Result<Response, Problem> {
    let sessions = auth.sessions();
    let jar = call.jar(&auth);
    let cookie = jar.refresh(sessions);
    let by_token = match bearer(call.headers()) {
        Bearer::Absent => None,
        Bearer::Malformed => Some(Err(TokenError::Invalid)),
        Bearer::Token(token) => Some(sessions.verify(token)),
    };
    let origin = call.origin(&auth);
    let speaks_by_token = match by_token {
        Some(Ok(identity)) => {
            call.info(&auth).note(Some(identity.user), Some(identity.session));
            let actor = Actor::User(identity.user);
            sessions.end(identity.session, EndReason::SignedOut, actor, &origin).await?;
            true
        }
        // It has ended already: repeating it is not an error.
        Some(Err(TokenError::Revoked)) => true,
        Some(Err(error)) if cookie == RefreshCookie::Absent => return Err(error.into()),
        Some(Err(_)) | None => false,
    };
    // Clearing cookies is setting them: without a token of one's own the request must come from here, whatever it carries.
    if !speaks_by_token {
        csrf::demand(&auth, &call, &jar)?;
    }
    if let RefreshCookie::Of(_, session) = cookie
        && csrf::comes_from_here(&auth, &call, &jar)
    {
        call.info(&auth).note(None, Some(session));
        sessions.end(session, EndReason::SignedOut, Actor::Anonymous, &origin).await?;
    }
    let mut response = json(StatusCode::OK, MessageView { message: "You are signed out." }, &[]);
    clear_session(response.headers_mut(), auth.is_https());
    clear_cache(&mut response);
    Ok(response)
}

/// Ends every session of the person, this one too.
#[utoipa::path(
    post, path = "/api/auth/logout-all", tag = "Session", operation_id = "logoutAll",
    security(("bearer" = [])),
    responses((status = 200, description = "Signed out everywhere", body = SignedOutEverywhereView))
)]
pub(crate) async fn logout_all(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let actor = Actor::User(user.user);
    let revoked = auth.sessions().end_all(user.user, EndReason::SignedOutElsewhere, actor, &call.origin(&auth)).await?;
    let body = SignedOutEverywhereView { message: "You are signed out everywhere.", revoked };
    let mut response = json(StatusCode::OK, body, &[]);
    // The cookie of somebody else who uses this browser stays.
    if matches!(call.jar(&auth).refresh(auth.sessions()), RefreshCookie::Of(_, session) if session == user.session) {
        clear_session(response.headers_mut(), auth.is_https());
    }
    clear_cache(&mut response);
    Ok(response)
}

/// What the browser kept of answers goes; its cookies and storage belong to the host app as well and stay.
fn clear_cache(response: &mut Response) {
    static CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(&CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
}
