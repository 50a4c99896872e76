//! `POST /api/auth/logout` and `POST /api/auth/logout-all`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use countersign_audit::Actor;
use countersign_kernel::Bearer;
use countersign_session::{EndReason, Identity, TokenError};
use http::{HeaderName, HeaderValue, StatusCode};

use crate::api::answer::json;
use crate::api::view::{MessageView, SignedOutEverywhereView};
use crate::app::Auth;
use crate::cookie::{RefreshCookie, clear_session};
use crate::error::Problem;
use crate::extract::{CurrentUser, bearer};
use crate::json::{Call, Nothing};
use crate::layer::csrf;

/// Ends this session: its access tokens die at once and its cookies are cleared.
///
/// Works by the cookie, by the access token, or both. Repeating it is not an error.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "Session", operation_id = "logout",
    security((), ("refreshCookie" = []), ("bearer" = [])),
    responses(
        (status = 200, description = "Signed out", body = MessageView,
            headers(
                ("Set-Cookie" = String, description = "Clears the cookies of the session, one field each"),
                ("Clear-Site-Data" = String, description = "`\"cache\"`"),
            )),
        (status = 401, description = "TOKEN_EXPIRED, TOKEN_INVALID: an access token that is not accepted, and no cookie"),
        (status = 403, description = "CSRF_INVALID"),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE: it takes no body, and if one comes it must be JSON"),
    )
)]
pub(crate) async fn logout(State(auth): State<Auth>, call: Call<Nothing>) -> Result<Response, Problem> {
    // What the body says does not matter here: nobody stays signed in because of a stray member.
    let jar = call.jar(&auth);
    let cookie = jar.refresh(auth.sessions());
    let speaker = match by_token(&auth, &call) {
        // A token that proves nothing any more is no obstacle where the cookie does.
        Err(_) if cookie != RefreshCookie::Absent => Speaker::Unknown,
        other => other?,
    };
    // Clearing cookies is setting them: without a token of one's own the request must come from here, whatever it carries.
    let from_here = match speaker {
        Speaker::Unknown => csrf::demand(&auth, &call, &jar).map(|()| true)?,
        Speaker::Gone | Speaker::Of(_) => csrf::comes_from_here(&auth, &call, &jar),
    };
    let origin = call.origin(&auth);
    if let Speaker::Of(identity) = &speaker {
        call.info(&auth).note(Some(identity.user), Some(identity.session));
        let actor = Actor::User(identity.user);
        auth.sessions().end(identity.session, EndReason::SignedOut, actor, &origin).await?;
    }
    // The MAC proves that the cookie was ours; only the row says whose it is.
    if let (RefreshCookie::Of(_, session), true) = (cookie, from_here)
        && let Some(found) = auth.sessions().find(session).await?
    {
        call.info(&auth).note(Some(found.user), Some(session));
        auth.sessions().end(session, EndReason::SignedOut, Actor::User(found.user), &origin).await?;
    }
    let mut response = json(StatusCode::OK, MessageView { message: "You are signed out." }, &[]);
    clear_session(response.headers_mut(), auth.is_https());
    clear_cache(&mut response);
    Ok(response)
}

/// Who asks to be signed out, by the access token.
enum Speaker {
    /// There is no token.
    Unknown,
    /// Its session has ended already: repeating it is not an error.
    Gone,
    /// This one.
    Of(Arc<Identity>),
}

fn by_token(auth: &Auth, call: &Call<Nothing>) -> Result<Speaker, TokenError> {
    let token = match bearer(call.headers()) {
        Bearer::Absent => return Ok(Speaker::Unknown),
        Bearer::Malformed => return Err(TokenError::Invalid),
        Bearer::Token(token) => token,
    };
    match auth.sessions().verify(token) {
        Ok(identity) => Ok(Speaker::Of(identity)),
        Err(TokenError::Revoked) => Ok(Speaker::Gone),
        Err(error) => Err(error),
    }
}

/// Ends every session of the person, this one too.
#[utoipa::path(
    post, path = "/api/auth/logout-all", tag = "Session", operation_id = "logoutAll",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Signed out everywhere", body = SignedOutEverywhereView,
            headers(
                ("Set-Cookie" = String, description = "Clears the cookies of the session, one field each"),
                ("Clear-Site-Data" = String, description = "`\"cache\"`"),
            )),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE: it takes no body, and if one comes it must be JSON"),
    )
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
