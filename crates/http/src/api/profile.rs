//! `GET`, `PATCH` and `POST /api/user/profile`, `DELETE /api/user`.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::{json, no_content};
use crate::api::view::UserView;
use crate::app::Auth;
use crate::cookie::clear_account;
use crate::error::{Code, Problem, delete_refusal, rename_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};

/// A change of the profile.
#[derive(ToSchema)]
pub(crate) struct ProfileBody {
    /// The name to show, 1 to 100 characters, not all blank, without control characters and line ends.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*[^\s\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069][^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
    )]
    name: String,
}

impl Shape for ProfileBody {
    fn take(members: &mut Members) -> Self {
        Self { name: members.string("name") }
    }
}

/// The deletion of an account.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct DeleteBody {
    /// The password.
    #[schema(value_type = String, format = Password)]
    current_password: Secret<String>,
}

impl Shape for DeleteBody {
    fn take(members: &mut Members) -> Self {
        Self { current_password: members.secret("currentPassword") }
    }
}

/// Shows one's own account.
#[utoipa::path(
    get, path = "/api/user/profile", tag = "Account", operation_id = "profile", security(("bearer" = [])),
    responses((status = 200, description = "The account", body = UserView))
)]
pub(crate) async fn show(State(auth): State<Auth>, user: CurrentUser) -> Result<Response, Problem> {
    // An account that is gone has taken its sessions with it.
    let person = auth.accounts().profile(user.user).await?.ok_or(Code::TokenRevoked)?;
    Ok(json(StatusCode::OK, UserView::of(&person), &[]))
}

/// Changes one's own profile.
#[utoipa::path(
    patch, path = "/api/user/profile", tag = "Account", operation_id = "changeProfile",
    request_body = ProfileBody, security(("bearer" = [])),
    responses((status = 200, description = "The account", body = UserView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn change(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<ProfileBody>,
) -> Result<Response, Problem> {
    rename(&auth, &user, &call).await
}

/// The same, for clients that cannot send `PATCH`.
#[utoipa::path(
    post, path = "/api/user/profile", tag = "Account", operation_id = "changeProfileByPost",
    request_body = ProfileBody, security(("bearer" = [])),
    responses((status = 200, description = "The account", body = UserView), (status = 400, description = "VALIDATION_FAILED"))
)]
pub(crate) async fn change_by_post(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<ProfileBody>,
) -> Result<Response, Problem> {
    rename(&auth, &user, &call).await
}

async fn rename(auth: &Auth, user: &CurrentUser, call: &Call<ProfileBody>) -> Result<Response, Problem> {
    let verdict = auth.accounts().rename(user, &call.body()?.name, &call.origin(auth)).await?;
    let person = rename_refusal(verdict)?;
    Ok(json(StatusCode::OK, UserView::of(&person), &[]))
}

/// Deletes one's own account: sessions and personal data go, the audit keeps the id.
#[utoipa::path(
    delete, path = "/api/user", tag = "Account", operation_id = "deleteAccount",
    request_body = DeleteBody, security(("bearer" = [])),
    responses(
        (status = 204, description = "The account is gone",
            headers(("Set-Cookie" = String, description = "Clears every cookie of ours, one field each"))),
        (status = 401, description = "AUTH_FAILED, STEP_UP_REQUIRED"),
        (status = 403, description = "FORBIDDEN: the last administrator"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn delete(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<DeleteBody>,
) -> Result<Response, Problem> {
    let (verdict, readings) =
        auth.accounts().delete_account(&user, &call.body()?.current_password, &call.origin(&auth)).await?;
    delete_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    let mut response = no_content(&readings);
    clear_account(response.headers_mut(), auth.is_https());
    Ok(response)
}
