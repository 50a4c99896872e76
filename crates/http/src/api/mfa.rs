//! `POST /api/auth/mfa/verify`: the second step of a sign-in.

use axum::extract::State;
use axum::response::Response;
use countersign_account::{SecondStep, TypedCode};
use countersign_kernel::Secret;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::signed_in;
use crate::api::door::door;
use crate::api::view::SignedInView;
use crate::app::Auth;
use crate::cookie::clear_pending;
use crate::error::{Problem, second_step_refusal};
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;

/// What a typed code is a code of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeKind {
    Totp,
    Recovery,
}

/// The kinds of typed codes, as JSON spells them.
pub(crate) const CODE_KINDS: &[(&str, CodeKind)] = &[("totp", CodeKind::Totp), ("recovery", CodeKind::Recovery)];

impl CodeKind {
    /// This code.
    pub(crate) fn of(self, code: Secret<String>) -> TypedCode {
        match self {
            Self::Totp => TypedCode::Totp(code),
            Self::Recovery => TypedCode::Recovery(code),
        }
    }
}

/// What a typed code is a code of.
#[derive(ToSchema)]
#[schema(as = CodeMethod, rename_all = "lowercase")]
#[expect(dead_code, reason = "the shape of a word for the OpenAPI document")]
pub(crate) enum CodeKindSchema {
    /// An authenticator app: six digits.
    Totp,
    /// A recovery code; hyphens, spaces and case do not matter.
    Recovery,
}

/// The second step of a sign-in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct MfaVerifyBody {
    /// The `mfaToken` of the answer `MFA_REQUIRED`.
    #[schema(value_type = String)]
    mfa_token: Secret<String>,
    /// What `code` is a code of.
    #[schema(value_type = CodeKindSchema)]
    method: Option<CodeKind>,
    /// The code.
    #[schema(value_type = String)]
    code: Secret<String>,
    /// Whether this device is not to be asked for a second factor for a while, where the policy lets it be; false unless said
    /// otherwise.
    #[schema(nullable = false)]
    remember_device: Option<bool>,
}

impl Shape for MfaVerifyBody {
    fn take(members: &mut Members) -> Self {
        Self {
            mfa_token: members.secret("mfaToken"),
            method: members.word("method", CODE_KINDS),
            code: members.secret("code"),
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
    let kind = body.method.unwrap_or(CodeKind::Totp);
    let request = SecondStep { token: body.mfa_token.clone(), code: kind.of(body.code.clone()), door };
    let (verdict, readings) = auth.accounts().second_step(request, &call.origin(&auth)).await?;
    let opened = second_step_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    call.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
    let mut response = signed_in(&auth, StatusCode::OK, &opened.user, &opened.issued, &readings);
    clear_pending(response.headers_mut(), auth.is_https());
    Ok(response)
}
