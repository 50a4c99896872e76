//! `GET /.well-known/status-list`: which access tokens no longer count, for verifiers of other makes (draft-ietf-oauth-status-list).

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use countersign_session::STATUS_LIST_TTL;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::app::Auth;
use crate::error::{Code, Problem};

/// The signed Token Status List.
///
/// A compact JWS with `typ` `statuslist+jwt`, by a key of `/.well-known/jwks.json`. Each access token names its bit in
/// `status.status_list.idx`; 1 means that it is no longer accepted. Only where `REVOCATION__STATUS_LIST` is on.
#[utoipa::path(
    get, path = "/.well-known/status-list", tag = "Resource servers", operation_id = "statusList", security(()),
    responses(
        (
            status = 200, description = "A Status List Token", content_type = "application/statuslist+jwt", body = String,
            headers(("ETag" = String, description = "What tells it from the one before."))
        ),
        (
            status = 304, description = "The one that the caller has is still the newest",
            headers(("ETag" = String, description = "What tells it from the one before."))
        ),
        (status = 404, description = "NOT_FOUND: tokens of this system have no index"),
    )
)]
pub(crate) async fn show(State(auth): State<Auth>, asked: HeaderMap) -> Result<Response, Problem> {
    let list = auth.sessions().status_list().await?.ok_or(Code::NotFound)?;
    let tag = format!("\"{}\"", list.tag);
    let is_known = asked.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| {
        known.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == tag || one == "*")
    });
    let headers = [(CACHE_CONTROL, format!("public, max-age={}", STATUS_LIST_TTL.as_seconds())), (ETAG, tag)];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let content_type = [(CONTENT_TYPE, "application/statuslist+jwt")];
    Ok((headers, content_type, list.jwt.to_string()).into_response())
}
