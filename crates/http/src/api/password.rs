//! `POST /api/user/password`.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::json;
use crate::api::view::PasswordChangedView;
use crate::app::Auth;
use crate::error::{Problem, password_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};

/// A change of password.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PasswordBody {
    /// The present password.
    #[schema(value_type = String, format = Password)]
    current_password: Secret<String>,
    /// The new one: 8 to 256 characters, neither common nor known from a breach.
    #[schema(value_type = String, format = Password)]
    new_password: Secret<String>,
}

impl Shape for PasswordBody {
    fn take(members: &mut Members) -> Self {
        Self { current_password: members.secret("currentPassword"), new_password: members.secret("newPassword") }
    }
}

/// Changes the password. Every other session ends; this one goes on, after a refresh.
#[utoipa::path(
    post, path = "/api/user/password", tag = "Account", operation_id = "changePassword",
    request_body = PasswordBody, security(("bearer" = [])),
    responses(
        (status = 200, description = "Changed", body = PasswordChangedView),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 401, description = "AUTH_FAILED, STEP_UP_REQUIRED"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn change(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<PasswordBody>,
) -> Result<Response, Problem> {
    let PasswordBody { current_password, new_password } = call.body()?;
    let (verdict, readings) =
        auth.accounts().change_password(&user, current_password, new_password, &call.origin(&auth)).await?;
    let revoked = password_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    let body = PasswordChangedView { message: "The password is changed. Every other session has ended.", revoked };
    Ok(json(StatusCode::OK, body, &readings))
}
