//! `POST /api/auth/login`.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use countersign_account::{SignIn, SignInVerdict};
use countersign_kernel::Secret;
use countersign_session::Delivery;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::signed_in;
use crate::api::door::door;
use crate::api::view::SignedInView;
use crate::app::Auth;
use crate::cookie::set_wait;
use crate::error::{Code, Problem, sign_in_refusal};
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;
use crate::request::languages_of;

/// How a refresh token may travel, as JSON spells it.
pub(crate) const DELIVERIES: &[(&str, Delivery)] = &[("cookie", Delivery::Cookie), ("body", Delivery::Body)];

/// How the refresh token travels, for the life of the session.
#[derive(ToSchema)]
#[schema(as = TokenDelivery, rename_all = "lowercase")]
#[expect(dead_code, reason = "the shape of a word for the OpenAPI document")]
pub(crate) enum DeliverySchema {
    /// In an `HttpOnly` cookie.
    Cookie,
    /// In the JSON body, for native clients: their answers carry `refreshToken` and set no cookie.
    Body,
}

/// A sign-in.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct LoginBody {
    /// The address.
    #[schema(format = Email)]
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// How the refresh token travels; `cookie` unless said otherwise.
    #[schema(value_type = Option<DeliverySchema>, nullable = false)]
    token_delivery: Option<Delivery>,
    /// Whether the cookies outlive the browser; true unless said otherwise.
    #[schema(nullable = false)]
    remember: Option<bool>,
    /// The solution of the `challenge` of a 428: base64 of the JSON that ALTCHA's clients make.
    #[schema(nullable = false)]
    challenge_response: Option<String>,
}

impl Shape for LoginBody {
    fn take(members: &mut Members) -> Self {
        Self {
            email: members.string("email"),
            password: members.secret("password"),
            token_delivery: members.optional_word("tokenDelivery", DELIVERIES),
            remember: members.optional_bool("remember"),
            challenge_response: members.optional_string("challengeResponse"),
        }
    }
}

/// Signs in with address and password.
///
/// Ends the session whose refresh cookie comes along. The answer to an unknown address, a wrong password and a disabled
/// account is the same. Whoever has a second factor set up is asked for it: 401 `MFA_REQUIRED`, and no session yet. Where an account has seen many failures, a browser that it does not know is asked for a proof of work.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "Session", operation_id = "login",
    request_body = LoginBody, security(()),
    responses(
        (status = 200, description = "A session", body = SignedInView,
            headers(("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 401, description = "AUTH_FAILED, MFA_REQUIRED: go on with `mfaToken` and one of `methods`",
            headers(("Set-Cookie" = String, description = "Binds a sign-in that waits for its second factor to this browser"))),
        (status = 403, description = "CSRF_INVALID, EMAIL_NOT_VERIFIED",
            headers(("Set-Cookie" = String, description = "The handle of the waiting page, where a mail is on its way"))),
        (status = 428, description = "CHALLENGE_REQUIRED: solve `challenge` and repeat the request with `challengeResponse`"),
        (status = 429, description = "RATE_LIMITED"),
        (status = 503, description = "OVERLOADED"),
    )
)]
pub(crate) async fn login(State(auth): State<Auth>, call: Call<LoginBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let body = call.body()?;
    let request = SignIn {
        email: body.email.clone(),
        password: body.password.clone(),
        door: door(&auth, &jar, body.token_delivery, body.remember),
        challenge_response: body.challenge_response.clone(),
        languages: languages_of(call.headers()),
    };
    let (verdict, readings) = auth.accounts().sign_in(request, &call.origin(&auth)).await?;
    if let SignInVerdict::Unverified(handle) = &verdict {
        let mut response = Problem::new(Code::EmailNotVerified).readings(readings).into_response();
        if let Some(handle) = handle {
            set_wait(response.headers_mut(), auth.is_https(), handle.expose());
        }
        return Ok(response);
    }
    let opened = sign_in_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    call.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
    Ok(signed_in(&auth, StatusCode::OK, &opened.user, &opened.issued, &readings))
}
