//! `GET /api/user/sessions`, `DELETE /api/user/sessions/{id}`.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use countersign_audit::Actor;
use countersign_kernel::SessionId;
use http::StatusCode;

use crate::api::answer::{json, no_content};
use crate::api::view::{SessionView, SessionsView};
use crate::app::Auth;
use crate::cookie::clear_session;
use crate::error::{Code, Problem};
use crate::extract::CurrentUser;
use crate::request::Source;

/// The person's own sessions, most recently used first.
#[utoipa::path(
    get, path = "/api/user/sessions", tag = "Account", operation_id = "sessions", security(("bearer" = [])),
    responses((status = 200, description = "The sessions", body = SessionsView))
)]
pub(crate) async fn list(State(auth): State<Auth>, user: CurrentUser) -> Result<Response, Problem> {
    let found = auth.sessions().list(user.user).await?;
    let sessions =
        found.iter().map(|session| SessionView::of(session, session.id == user.session, auth.sessions())).collect();
    Ok(json(StatusCode::OK, SessionsView { sessions }, &[]))
}

/// Ends one of the person's own sessions. Anyone else's is not found.
#[utoipa::path(
    delete, path = "/api/user/sessions/{id}", tag = "Account", operation_id = "endSession", security(("bearer" = [])),
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "The session has ended",
            headers(("Set-Cookie" = String, description = "Clears the cookies, one field each, where it is the session that asks"))),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn end(
    State(auth): State<Auth>,
    user: CurrentUser,
    Source(origin): Source,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id: SessionId = id.ok().and_then(|Path(text)| text.parse().ok()).ok_or(Code::NotFound)?;
    if !auth.sessions().end_one_of(user.user, id, Actor::User(user.user), &origin).await? {
        return Err(Code::NotFound.into());
    }
    let mut response = no_content(&[]);
    if id == user.session {
        clear_session(response.headers_mut(), auth.is_https());
    }
    Ok(response)
}
