//! `POST /api/auth/step-up`.

use axum::extract::State;
use axum::response::Response;
use countersign_account::TypedCode;
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::json;
use crate::api::mfa::{CODE_KINDS, CodeKind, CodeKindSchema};
use crate::api::view::SteppedUpView;
use crate::app::Auth;
use crate::error::{Problem, step_up_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};

/// A renewed proof: `password`, or `method` and `code`.
#[derive(ToSchema)]
pub(crate) struct StepUpBody {
    /// The password.
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    password: Option<Secret<String>>,
    /// What `code` is a code of.
    #[schema(value_type = Option<CodeKindSchema>, nullable = false)]
    method: Option<CodeKind>,
    /// The code of a second factor.
    #[schema(value_type = Option<String>, nullable = false)]
    code: Option<Secret<String>>,
}

impl Shape for StepUpBody {
    fn take(members: &mut Members) -> Self {
        if members.has("method") {
            let method = members.word("method", CODE_KINDS);
            return Self { password: None, method, code: Some(members.secret("code")) };
        }
        Self { password: Some(members.secret("password")), method: None, code: None }
    }
}

impl StepUpBody {
    fn code(&self) -> Option<TypedCode> {
        Some(self.method?.of(self.code.clone()?))
    }
}

/// Proves in the running session who it is; the new access token counts as a recent sign-in, and says in `amr` what was proven.
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
    let (body, origin) = (call.body()?, call.origin(&auth));
    let (verdict, readings) = match (body.code(), &body.password) {
        (Some(code), _) => auth.accounts().step_up_with_code(&user, &code, &origin).await?,
        (None, password) => {
            let password = password.clone().unwrap_or_else(|| Secret::new(String::new()));
            auth.accounts().step_up(&user, &password, &origin).await?
        }
    };
    let access = step_up_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    let body =
        SteppedUpView { access_token: &access.token, expires_in: access.expires_in.as_seconds(), token_type: "Bearer" };
    Ok(json(StatusCode::OK, body, &readings))
}
