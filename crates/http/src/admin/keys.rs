//! `/api/admin/v1/keys`: what access tokens are signed with. Never its private half.

use axum::response::Response;
use countersign_kernel::Timestamp;
use countersign_keys::{RingKey, Rotated};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::desk::Administrator;
use super::view::page;
use crate::api::answer::json;
use crate::error::Problem;

/// Lists the signing keys, oldest first: next, active, retired, withdrawn. They are few: there is one page.
#[utoipa::path(
    get, path = "/api/admin/v1/keys", tag = "Administration", operation_id = "adminKeys", security(("bearer" = [])),
    responses((status = 200, description = "The keys", body = SigningKeysView))
)]
pub(crate) async fn list(admin: Administrator) -> Result<Response, Problem> {
    let keys = admin.sessions().keyring().list();
    let view = SigningKeysView { data: keys.iter().map(SigningKeyView::of).collect(), next_cursor: None };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Lets the published next key sign from now on. The old one verifies until its last token has died; nobody is signed out.
///
/// Where somebody else has rotated at the same moment nothing is done twice, and `rotated` is false.
#[utoipa::path(
    post, path = "/api/admin/v1/keys/rotate", tag = "Administration", operation_id = "adminRotateKeys",
    security(("bearer" = [])),
    responses((status = 200, description = "The key that signs now", body = RotatedView))
)]
pub(crate) async fn rotate(admin: Administrator) -> Result<Response, Problem> {
    let rotated = admin.sessions().keyring().rotate(admin.actor(), admin.origin()).await?;
    let (active, rotated) = match &rotated {
        Rotated::Done { active, .. } => (active, true),
        Rotated::Beaten { active } => (active, false),
    };
    Ok(json(StatusCode::OK, RotatedView { rotated, active: SigningKeyView::of(active) }, &[]))
}

page! {
    /// The signing keys.
    SigningKeysView as SigningKeys of SigningKeyView<'a>
}

/// A signing key, without its private half.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SigningKey)]
struct SigningKeyView<'a> {
    /// What tokens call it: the header parameter `kid`.
    kid: &'a str,
    /// The JOSE algorithm.
    #[schema(example = "EdDSA")]
    algorithm: &'a str,
    /// `next`, `active`, `retired` or `withdrawn`.
    state: &'static str,
    /// Whether it was brought in from outside.
    imported: bool,
    /// When it was made or brought in, and thereby published.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it began to sign.
    #[schema(format = DateTime)]
    activated_at: Option<String>,
    /// When it stopped.
    #[schema(format = DateTime)]
    retired_at: Option<String>,
    /// From when on it may go: its last token has died.
    #[schema(format = DateTime)]
    gone_after: Option<String>,
}

impl<'a> SigningKeyView<'a> {
    fn of(key: &'a RingKey) -> Self {
        Self {
            kid: &key.kid,
            algorithm: &key.algorithm,
            state: key.standing.as_str(),
            imported: key.is_imported(),
            created_at: key.created_at.to_rfc3339(),
            activated_at: key.activated_at.map(Timestamp::to_rfc3339),
            retired_at: key.retired_at.map(Timestamp::to_rfc3339),
            gone_after: key.gone_after.map(Timestamp::to_rfc3339),
        }
    }
}

/// What a rotation came to.
#[derive(Serialize, ToSchema)]
#[schema(as = RotatedKeys)]
struct RotatedView<'a> {
    /// Whether it was this call that rotated.
    rotated: bool,
    active: SigningKeyView<'a>,
}
