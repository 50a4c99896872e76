//! `POST /api/auth/passkey/options`, `POST /api/auth/passkey`.

use axum::extract::State;
use axum::response::Response;
use countersign_kernel::Secret;
use countersign_session::Delivery;
use http::StatusCode;
use http::header::SET_COOKIE;
use serde_json::Value;
use utoipa::ToSchema;

use crate::api::answer::{json, signed_in};
use crate::api::door::door;
use crate::api::mfa::passkey_answer;
use crate::api::passkey_json::{AnswerCredential, RequestOptions};
use crate::api::sign_in::{DELIVERIES, DeliverySchema};
use crate::api::view::SignedInView;
use crate::app::Auth;
use crate::cookie::{clear_pending, pending};
use crate::error::{Problem, passkey_options_refusal, passkey_sign_in_refusal};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;

/// What options are wanted for.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PasskeyOptionsBody {
    /// A sign-in that waits for its second factor: options for it alone.
    #[schema(value_type = Option<String>, nullable = false)]
    mfa_token: Option<Secret<String>>,
    /// May be sent and changes nothing: a passkey is found by the browser, so that the answer tells nothing of an address.
    #[schema(nullable = false)]
    #[expect(dead_code, reason = "read, and not looked at")]
    email: Option<String>,
    /// How the refresh token will travel; `cookie` unless said otherwise. With `body` the answer is bound to no browser.
    #[schema(value_type = Option<DeliverySchema>, nullable = false)]
    token_delivery: Option<Delivery>,
}

impl Shape for PasskeyOptionsBody {
    const OPTIONAL: bool = true;

    fn take(members: &mut Members) -> Self {
        Self {
            mfa_token: members.optional_string("mfaToken").map(Secret::new),
            email: members.optional_string("email"),
            token_delivery: members.optional_word("tokenDelivery", DELIVERIES),
        }
    }
}

/// A sign-in by passkey.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct PasskeyBody {
    /// What the browser's `toJSON` makes of the passkey's answer.
    #[schema(value_type = AnswerCredential)]
    credential: Value,
    /// How the refresh token travels; as in the call for options.
    #[schema(value_type = Option<DeliverySchema>, nullable = false)]
    token_delivery: Option<Delivery>,
    /// Whether the cookies outlive the browser; true unless said otherwise.
    #[schema(nullable = false)]
    remember: Option<bool>,
}

impl Shape for PasskeyBody {
    fn take(members: &mut Members) -> Self {
        Self {
            credential: members.object("credential"),
            token_delivery: members.optional_word("tokenDelivery", DELIVERIES),
            remember: members.optional_bool("remember"),
        }
    }
}

/// Options for a passkey's answer, as `PublicKeyCredential.parseRequestOptionsFromJSON` takes them.
///
/// With an access token they are for a step-up in its session; with `mfaToken` for that sign-in; else for a sign-in by whomever, and
/// then the same whoever it is. The answer counts once, for this, for five minutes.
#[utoipa::path(
    post, path = "/api/auth/passkey/options", tag = "Session", operation_id = "passkeyOptions",
    request_body(content = Option<PasskeyOptionsBody>), security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The options", body = RequestOptions,
            headers(("Set-Cookie" = String, description = "Binds the answer to this browser"))),
        (status = 401, description = "TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REVOKED, AUTH_FAILED: begin anew"),
        (status = 403, description = "CSRF_INVALID"),
        (status = 404, description = "NOT_FOUND: the person has no passkey, or browsers have none for the address of this server"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn options(
    State(auth): State<Auth>,
    user: Option<CurrentUser>,
    call: Call<PasskeyOptionsBody>,
) -> Result<Response, Problem> {
    let origin = call.origin(&auth);
    let accounts = auth.accounts();
    let (verdict, readings) = if let Some(user) = user {
        call.body()?;
        accounts.step_up_passkey_options(&user, &origin).await?
    } else {
        let jar = call.jar(&auth);
        csrf::demand(&auth, &call, &jar)?;
        let body = call.body()?;
        let door = door(&auth, &jar, body.token_delivery, None);
        match &body.mfa_token {
            Some(token) => accounts.second_step_passkey_options(token, &door, &origin).await?,
            None => accounts.passkey_options(&door, &origin).await?,
        }
    };
    let options = passkey_options_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    let mut response = json(StatusCode::OK, options.json, &readings);
    if let Some(cookie) = options.browser.and_then(|browser| pending(auth.is_https(), browser.expose())) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// Signs in with a passkey. Nothing else is asked for: it has checked who holds it.
///
/// Ends the session whose refresh cookie comes along. Every answer that does not count gets the same refusal.
#[utoipa::path(
    post, path = "/api/auth/passkey", tag = "Session", operation_id = "signInWithPasskey",
    request_body = PasskeyBody, security(()),
    responses(
        (status = 200, description = "A session", body = SignedInView,
            headers(("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 401, description = "AUTH_FAILED"),
        (status = 403, description = "CSRF_INVALID, EMAIL_NOT_VERIFIED"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn sign_in(State(auth): State<Auth>, call: Call<PasskeyBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let body = call.body()?;
    let answer = passkey_answer(&body.credential)?;
    let door = door(&auth, &jar, body.token_delivery, body.remember);
    let (verdict, readings) = auth.accounts().sign_in_with_passkey(&answer, &door, &call.origin(&auth)).await?;
    let opened = passkey_sign_in_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    call.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
    let mut response = signed_in(&auth, StatusCode::OK, &opened.user, &opened.issued, &readings);
    clear_pending(response.headers_mut(), auth.is_https());
    Ok(response)
}
