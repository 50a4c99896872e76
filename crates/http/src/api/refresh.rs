//! `POST /api/auth/refresh` (DESIGN section 1).
//!
//! The order is fixed there: content type, cookie present, CSRF, MAC, per-session limit, judge. The last three are the
//! verb's. No answer of this endpoint clears a cookie.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use countersign_session::{AttemptIds, Delivery, RefreshCase, RotateVerdict};
use http::{HeaderName, HeaderValue, StatusCode};
use utoipa::ToSchema;

use crate::api::answer::{json, refresh_in_body, set_cookies};
use crate::api::view::{RefreshedView, SessionLifeView};
use crate::app::Auth;
use crate::cookie::RefreshCookie;
use crate::error::{Answered, Code, FieldError, Problem, refresh_refusal};
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;

/// Names the row of the refresh table that decided.
pub(crate) static REFRESH_CASE: HeaderName = HeaderName::from_static("x-refresh-case");

/// The body, which a browser may leave out.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RefreshBody {
    /// A random id of this attempt, kept until it is answered in full: 22 base64url characters.
    #[schema(value_type = Option<String>, nullable = false, pattern = r"^[A-Za-z0-9_-]{22}$")]
    attempt_id: Option<countersign_session::AttemptId>,
    /// The id that was last answered in full.
    #[schema(value_type = Option<String>, nullable = false, pattern = r"^[A-Za-z0-9_-]{22}$")]
    last_attempt_id: Option<countersign_session::AttemptId>,
    /// The refresh token, for a client that signed in with `tokenDelivery: "body"`.
    #[schema(value_type = Option<String>, nullable = false)]
    refresh_token: Option<Secret<String>>,
}

impl Shape for RefreshBody {
    const OPTIONAL: bool = true;

    fn take(members: &mut Members) -> Self {
        let wrong = "This must be 22 base64url characters.";
        Self {
            attempt_id: members.optional_parsed("attemptId", wrong),
            last_attempt_id: members.optional_parsed("lastAttemptId", wrong),
            refresh_token: members.optional_string("refreshToken").map(Secret::new),
        }
    }
}

/// Exchanges a refresh token for a new access token.
///
/// A browser sends its cookie; a client that signed in with `tokenDelivery: "body"` sends `refreshToken`. Both at once are
/// refused. `rotated: true` comes with a refresh token, `rotated: false` with none: keep what you have. Any 401 means signed
/// out, and nothing else does.
#[utoipa::path(
    post, path = "/api/auth/refresh", tag = "Session", operation_id = "refresh",
    request_body(content = Option<RefreshBody>),
    security(("refreshCookie" = []), ()),
    responses(
        (status = 200, description = "A new access token", body = RefreshedView,
            headers(
                ("X-Refresh-Case" = String, description = "The row of the refresh table that decided"),
                ("Set-Cookie" = String, description = "The cookies of the session, one field each; none where nothing rotated"),
            )),
        (status = 401, description = "TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, TOKEN_REUSED",
            headers(("X-Refresh-Case" = String, description = "The row of the refresh table that decided; none where no token came"))),
        (status = 403, description = "CSRF_INVALID"),
        (status = 429, description = "RATE_LIMITED; nobody is signed out"),
    )
)]
pub(crate) async fn refresh(State(auth): State<Auth>, call: Call<RefreshBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    let cookie = jar.refresh(auth.sessions());
    if cookie != RefreshCookie::Absent {
        csrf::demand(&auth, &call, &jar)?;
    }
    let body = call.body()?;
    let (presented, delivery) = match (cookie, &body.refresh_token) {
        (RefreshCookie::Absent, None) => return Err(Code::TokenMissing.into()),
        (RefreshCookie::Absent, Some(token)) => (token.expose().as_str(), Delivery::Body),
        (_, Some(_)) => return Err(both_ways()),
        (RefreshCookie::Of(text, _), None) => (text, Delivery::Cookie),
        // Row 1: nothing changes, nothing ends.
        (RefreshCookie::Unusable, None) => {
            auth.sessions().count_unusable();
            return Err(name_case(Code::TokenInvalid.into(), Some(RefreshCase::Invalid.as_str())));
        }
    };
    let ids = AttemptIds { attempt: body.attempt_id.clone(), last: body.last_attempt_id.clone() };
    let rotated = auth.sessions().rotate(presented, delivery, ids, &call.origin(&auth)).await?;

    let user = match &rotated.verdict {
        RotateVerdict::Full(issued) | RotateVerdict::Thin(issued) => Some(issued.session.user),
        _ => None,
    };
    call.info(&auth).note(user, rotated.session);
    let case = rotated.case.map(RefreshCase::as_str);
    let readings = rotated.readings;
    let answer =
        refresh_refusal(rotated.verdict).map_err(|problem| name_case(problem.readings(readings.clone()), case))?;
    let (issued, is_full) = match answer {
        Answered::Full(issued) => (issued, true),
        Answered::Thin(issued) => (issued, false),
    };
    let body = RefreshedView {
        access_token: &issued.access.token,
        expires_in: issued.access.expires_in.as_seconds(),
        token_type: "Bearer",
        rotated: is_full,
        session: SessionLifeView::of(&issued),
        server_time: issued.now.to_rfc3339(),
        refresh_token: refresh_in_body(&issued),
    };
    let mut response = json(StatusCode::OK, body, &readings);
    set_cookies(&auth, &issued, &mut response);
    if let Some(case) = case {
        response.headers_mut().insert(&REFRESH_CASE, HeaderValue::from_static(case));
    }
    Ok(response)
}

fn both_ways() -> Problem {
    Problem::invalid(vec![FieldError::new(
        "refreshToken",
        "AMBIGUOUS",
        "Send the refresh token in the cookie or in the body, not both.",
    )])
}

fn name_case(problem: Problem, case: Option<&'static str>) -> Problem {
    let Some(case) = case else { return problem };
    problem.header(REFRESH_CASE.clone(), HeaderValue::from_static(case))
}
