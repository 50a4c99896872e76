//! `/api/user/mfa`: one's own second factors.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer::{json, no_content};
use crate::app::Auth;
use crate::error::{
    Code, Problem, begin_totp_refusal, confirm_totp_refusal, recovery_codes_refusal, remove_totp_refusal,
};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Nothing, Shape};

/// What is set up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SecondFactors)]
pub(crate) struct SecondFactorsView {
    /// Whether an authenticator app is on.
    totp: bool,
    /// How many passkeys there are.
    passkeys: u64,
    /// How many recovery codes are left.
    recovery_codes_left: u64,
    /// Whether a role of this person's grants nothing without a second factor.
    required: bool,
}

/// What an authenticator app is to be told. Shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TotpSecret)]
pub(crate) struct TotpSecretView<'a> {
    /// The shared secret in base32, for typing.
    #[schema(example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: &'a str,
    /// The same as a link that opens the app.
    otpauth_url: &'a str,
    /// The same as a picture for the app's camera: an SVG document.
    qr_svg: &'a str,
}

/// Recovery codes. Shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RecoveryCodes)]
pub(crate) struct RecoveryCodesView<'a> {
    /// Ten codes, each of which stands in for a second factor once.
    recovery_codes: Vec<&'a str>,
}

/// The first code of a new authenticator app.
#[derive(ToSchema)]
pub(crate) struct TotpConfirmBody {
    /// The code: six digits.
    #[schema(value_type = String)]
    code: Secret<String>,
}

impl Shape for TotpConfirmBody {
    fn take(members: &mut Members) -> Self {
        Self { code: members.secret("code") }
    }
}

/// Shows which second factors are set up.
#[utoipa::path(
    get, path = "/api/user/mfa", tag = "Account", operation_id = "secondFactors", security(("bearer" = [])),
    responses((status = 200, description = "What is set up", body = SecondFactorsView))
)]
pub(crate) async fn show(State(auth): State<Auth>, user: CurrentUser) -> Result<Response, Problem> {
    let factors = auth.accounts().second_factors(user.user).await?.ok_or(Code::TokenRevoked)?;
    let view = SecondFactorsView {
        totp: factors.enrolled.totp,
        passkeys: factors.enrolled.passkeys,
        recovery_codes_left: factors.enrolled.recovery_codes,
        required: factors.is_required,
    };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Makes a secret for an authenticator app. Nothing is on before its first code; a secret that waits longer than 15 minutes is void,
/// and so is it once there is a newer one.
#[utoipa::path(
    post, path = "/api/user/mfa/totp", tag = "Account", operation_id = "beginTotp", security(("bearer" = [])),
    responses(
        (status = 200, description = "What the app is to be told, shown this once", body = TotpSecretView),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 401, description = "STEP_UP_REQUIRED"),
        (status = 403, description = "FORBIDDEN: there is an app already"),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE"),
    )
)]
pub(crate) async fn begin_totp(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let Nothing = call.body()?;
    let begun = begin_totp_refusal(auth.accounts().begin_totp(&user).await?, &auth)?;
    let view = TotpSecretView {
        secret: begun.secret.expose(),
        otpauth_url: begun.url.expose(),
        qr_svg: begun.qr_svg.expose(),
    };
    Ok(json(StatusCode::OK, view, &[]))
}

/// Switches the authenticator app on, for its first code. Every other session ends; this one has proven the app, which the next access
/// token says.
#[utoipa::path(
    post, path = "/api/user/mfa/totp/confirm", tag = "Account", operation_id = "confirmTotp",
    request_body = TotpConfirmBody, security(("bearer" = [])),
    responses(
        (status = 200, description = "It is on; recovery codes, shown this once", body = RecoveryCodesView),
        (status = 401, description = "AUTH_FAILED"),
        (status = 403, description = "FORBIDDEN: there is no secret that waits"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn confirm_totp(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<TotpConfirmBody>,
) -> Result<Response, Problem> {
    let (verdict, readings) = auth.accounts().confirm_totp(&user, &call.body()?.code, &call.origin(&auth)).await?;
    let codes = confirm_totp_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    Ok(json(StatusCode::OK, RecoveryCodesView::of(&codes), &readings))
}

/// Takes the authenticator app away. Every other session ends. With the last second factor go the recovery codes.
#[utoipa::path(
    delete, path = "/api/user/mfa/totp", tag = "Account", operation_id = "removeTotp", security(("bearer" = [])),
    responses(
        (status = 204, description = "It is off"),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 401, description = "STEP_UP_REQUIRED: by one of `methods`"),
        (status = 404, description = "NOT_FOUND: there is none"),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE"),
    )
)]
pub(crate) async fn remove_totp(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let Nothing = call.body()?;
    remove_totp_refusal(auth.accounts().remove_totp(&user, &call.origin(&auth)).await?, &auth)?;
    Ok(no_content(&[]))
}

/// Makes ten new recovery codes; the old ones are void.
#[utoipa::path(
    post, path = "/api/user/mfa/recovery-codes", tag = "Account", operation_id = "renewRecoveryCodes",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The codes, shown this once", body = RecoveryCodesView),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 401, description = "STEP_UP_REQUIRED: by one of `methods`"),
        (status = 403, description = "FORBIDDEN: there is no second factor to recover"),
        (status = 415, description = "UNSUPPORTED_MEDIA_TYPE"),
    )
)]
pub(crate) async fn renew_recovery_codes(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<Nothing>,
) -> Result<Response, Problem> {
    let Nothing = call.body()?;
    let verdict = auth.accounts().renew_recovery_codes(&user, &call.origin(&auth)).await?;
    let codes = recovery_codes_refusal(verdict, &auth)?;
    Ok(json(StatusCode::OK, RecoveryCodesView::of(&codes), &[]))
}

impl<'a> RecoveryCodesView<'a> {
    fn of(codes: &'a [Secret<String>]) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose().as_str()).collect() }
    }
}
