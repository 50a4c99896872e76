//! `POST /api/auth/claim-admin`: what the page behind the one-time link calls.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::json;
use crate::api::view::UserView;
use crate::app::Auth;
use crate::error::{Problem, claim_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};

/// The one-time token of the link.
#[derive(ToSchema)]
pub(crate) struct ClaimBody {
    /// The last part of the link's path.
    #[schema(value_type = String)]
    token: Secret<String>,
}

impl Shape for ClaimBody {
    fn take(members: &mut Members) -> Self {
        Self { token: members.secret("token") }
    }
}

/// Makes whoever is signed in the first administrator, by the link that the server printed at its start. Works once.
#[utoipa::path(
    post, path = "/api/auth/claim-admin", tag = "Account", operation_id = "claimAdmin",
    request_body = ClaimBody, security(("bearer" = [])),
    responses(
        (status = 200, description = "The account, now an administrator's; refresh to use the role", body = UserView),
        (status = 400, description = "LINK_INVALID"),
        (status = 403, description = "EMAIL_NOT_VERIFIED: addresses must be confirmed here"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn claim_admin(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<ClaimBody>,
) -> Result<Response, Problem> {
    let (verdict, readings) = auth.accounts().claim_admin(&user, &call.body()?.token, &call.origin(&auth)).await?;
    let person = claim_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    Ok(json(StatusCode::OK, UserView::of(&person), &readings))
}
