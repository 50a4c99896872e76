//! `POST /api/auth/step-up`.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::json;
use crate::api::mfa::{MethodSchema, Presented};
use crate::api::passkey_json::AnswerCredential;
use crate::api::view::SteppedUpView;
use crate::app::Auth;
use crate::error::{Problem, step_up_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};

/// A renewed proof: `password`, or `method` with `code` or `credential`.
#[derive(ToSchema)]
pub(crate) struct StepUpBody {
    /// The password.
    #[schema(value_type = Option<String>, format = Password, nullable = false)]
    password: Option<Secret<String>>,
    /// Which second factor proves it.
    #[schema(value_type = Option<MethodSchema>, nullable = false)]
    method: Option<Presented>,
    /// The code of a second factor.
    #[schema(value_type = Option<String>, nullable = false)]
    #[expect(dead_code, reason = "a member for the OpenAPI document")]
    code: (),
    /// What the browser's `toJSON` makes of the passkey's answer.
    #[schema(value_type = Option<AnswerCredential>, nullable = false)]
    #[expect(dead_code, reason = "a member for the OpenAPI document")]
    credential: (),
}

impl Shape for StepUpBody {
    fn take(members: &mut Members) -> Self {
        if members.has("method") {
            return Self { password: None, method: Presented::take(members), code: (), credential: () };
        }
        Self { password: Some(members.secret("password")), method: None, code: (), credential: () }
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
    let (verdict, readings) = match (&body.method, &body.password) {
        (Some(presented), _) => auth.accounts().step_up_with_factor(&user, &presented.factor()?, &origin).await?,
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
