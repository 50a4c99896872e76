//! `POST /api/auth/mfa/verify`: the second step of a sign-in.

use axum::extract::State;
use axum::response::Response;
use countersign_account::{PasskeyAnswer, PresentedFactor, SecondStep, TypedCode};
use countersign_kernel::Secret;
use http::StatusCode;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::answer::signed_in;
use crate::api::door::door;
use crate::api::passkey_json::AnswerCredential;
use crate::api::view::SignedInView;
use crate::app::Auth;
use crate::cookie::clear_pending;
use crate::error::{Code, Problem, second_step_refusal};
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;

/// What a typed code is a code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeKind {
    Totp,
    Recovery,
}

impl CodeKind {
    /// This code.
    pub(crate) fn of(self, code: Secret<String>) -> TypedCode {
        match self {
            Self::Totp => TypedCode::Totp(code),
            Self::Recovery => TypedCode::Recovery(code),
        }
    }
}

/// What proves a second factor.
#[derive(ToSchema)]
#[schema(as = SecondFactorMethod, rename_all = "lowercase")]
#[expect(dead_code, reason = "the shape of a word for the OpenAPI document")]
pub(crate) enum MethodSchema {
    /// `code`, of an authenticator app: six digits.
    Totp,
    /// `code`, a recovery code; hyphens, spaces and case do not matter.
    Recovery,
    /// `credential`, the answer of a passkey to the question of `POST /api/auth/passkey/options`.
    Passkey,
}

/// What proves a second factor, as it was sent.
#[derive(Debug, Clone)]
pub(crate) enum Presented {
    /// A typed code.
    Code(TypedCode),
    /// The answer of a passkey, as JSON.
    Passkey(Value),
}

impl Presented {
    /// Takes `method` and what goes with it; none where something is missing or wrong.
    pub(crate) fn take(members: &mut Members) -> Option<Self> {
        let kinds = [("totp", Some(CodeKind::Totp)), ("recovery", Some(CodeKind::Recovery)), ("passkey", None)];
        match members.word("method", &kinds) {
            Some(None) => Some(Self::Passkey(members.object("credential"))),
            kind => {
                let code = members.secret("code");
                kind.flatten().map(|kind| Self::Code(kind.of(code)))
            }
        }
    }
}

impl Presented {
    /// Reads it.
    ///
    /// # Errors
    /// `VALIDATION_FAILED` for what is no answer of a passkey.
    pub(crate) fn factor(&self) -> Result<PresentedFactor, Problem> {
        Ok(match self {
            Self::Code(code) => PresentedFactor::Code(code.clone()),
            Self::Passkey(credential) => PresentedFactor::Passkey(passkey_answer(credential)?),
        })
    }
}

/// Reads the answer of a passkey.
///
/// # Errors
/// `VALIDATION_FAILED`.
pub(crate) fn passkey_answer(credential: &Value) -> Result<PasskeyAnswer, Problem> {
    PasskeyAnswer::read(credential).map_err(|error| Problem::from(vec![error]))
}

/// The second step of a sign-in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct MfaVerifyBody {
    /// The `mfaToken` of the answer `MFA_REQUIRED`.
    #[schema(value_type = String)]
    mfa_token: Secret<String>,
    /// What proves it.
    #[schema(value_type = MethodSchema)]
    method: Option<Presented>,
    /// The code.
    #[schema(value_type = Option<String>, nullable = false)]
    #[expect(dead_code, reason = "a member for the OpenAPI document")]
    code: (),
    /// What the browser's `toJSON` makes of the passkey's answer.
    #[schema(value_type = Option<AnswerCredential>, nullable = false)]
    #[expect(dead_code, reason = "a member for the OpenAPI document")]
    credential: (),
    /// Whether this device is not to be asked for a second factor for a while, where the policy lets it be; false unless said
    /// otherwise.
    #[schema(nullable = false)]
    remember_device: Option<bool>,
}

impl Shape for MfaVerifyBody {
    fn take(members: &mut Members) -> Self {
        Self {
            mfa_token: members.secret("mfaToken"),
            method: Presented::take(members),
            code: (),
            credential: (),
            remember_device: members.optional_bool("rememberDevice"),
        }
    }
}

/// Completes a sign-in with a second factor.
///
/// Whose code is checked is said by `mfaToken` and by the cookie that came with it, and by nothing else. Five codes may be tried within
/// five minutes; then the sign-in begins anew, which `TOKEN_INVALID` says.
#[utoipa::path(
    post, path = "/api/auth/mfa/verify", tag = "Session", operation_id = "mfaVerify",
    request_body = MfaVerifyBody, security(()),
    responses(
        (status = 200, description = "A session", body = SignedInView,
            headers(("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 401, description = "AUTH_FAILED: another code may be tried. TOKEN_INVALID: sign in anew. MFA_REQUIRED",
            headers(("Set-Cookie" = String, description = "Binds a sign-in that waits for another factor to this browser"))),
        (status = 403, description = "CSRF_INVALID"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn verify(State(auth): State<Auth>, call: Call<MfaVerifyBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let body = call.body()?;
    let mut door = door(&auth, &jar, None, None);
    door.remember_device = body.remember_device.unwrap_or(false);
    // A body without it has been refused.
    let factor = body.method.as_ref().ok_or(Code::ValidationFailed)?.factor()?;
    let request = SecondStep { token: body.mfa_token.clone(), factor, door };
    let (verdict, readings) = auth.accounts().second_step(&request, &call.origin(&auth)).await?;
    let opened = second_step_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    call.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
    let mut response = signed_in(&auth, StatusCode::OK, &opened.user, &opened.issued, &readings);
    clear_pending(response.headers_mut(), auth.is_https());
    Ok(response)
}
