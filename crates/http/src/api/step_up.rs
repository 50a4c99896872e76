//! `POST /api/auth/step-up`.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::json;
use crate::api::view::SteppedUpView;
use crate::app::Auth;
use crate::error::{Problem, step_up_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};

/// A renewed proof.
#[derive(ToSchema)]
pub(crate) struct StepUpBody {
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
}

impl Shape for StepUpBody {
    fn take(members: &mut Members) -> Self {
        Self { password: members.secret("password") }
    }
}

/// Proves in the running session who it is; the new access token counts as a recent sign-in.
#[utoipa::path(
    post, path = "/api/auth/step-up", tag = "Session", operation_id = "stepUp",
    request_body = StepUpBody, security(("bearer" = [])),
    responses(
        (status = 200, description = "A new access token of the same session", body = SteppedUpView),
        (status = 401, description = "AUTH_FAILED"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn step_up(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<StepUpBody>,
) -> Result<Response, Problem> {
    let (verdict, readings) = auth.accounts().step_up(&user, &call.body()?.password, &call.origin(&auth)).await?;
    let access = step_up_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    let body =
        SteppedUpView { access_token: &access.token, expires_in: access.expires_in.as_seconds(), token_type: "Bearer" };
    Ok(json(StatusCode::OK, body, &readings))
}
