//! `POST /api/auth/register`.

use axum::extract::State;
use axum::response::Response;
use countersign_account::SignUp;
use countersign_kernel::Secret;
use countersign_session::Delivery;
use http::StatusCode;
use utoipa::ToSchema;

use crate::api::answer::{json, signed_in};
use crate::api::door::door;
use crate::api::sign_in::{DELIVERIES, DeliverySchema};
use crate::api::view::{MessageView, SignedInView};
use crate::app::Auth;
use crate::cookie::set_wait;
use crate::error::{Problem, SignedUp, sign_up_refusal};
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;
use crate::request::languages_of;

/// A registration.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct RegisterBody {
    /// The address.
    #[schema(format = Email)]
    email: String,
    /// The password: 8 to 256 characters, neither common nor known from a breach.
    #[schema(value_type = String, format = Password)]
    password: Secret<String>,
    /// The name to show, 1 to 100 characters, not all blank, without control characters and line ends.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*[^\s\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069][^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*$"
    )]
    name: String,
    /// How the refresh token travels; `cookie` unless said otherwise.
    #[schema(value_type = Option<DeliverySchema>, nullable = false)]
    token_delivery: Option<Delivery>,
    /// Whether the cookies outlive the browser; true unless said otherwise.
    #[schema(nullable = false)]
    remember: Option<bool>,
}

impl Shape for RegisterBody {
    fn take(members: &mut Members) -> Self {
        Self {
            email: members.string("email"),
            password: members.secret("password"),
            name: members.string("name"),
            token_delivery: members.optional_word("tokenDelivery", DELIVERIES),
            remember: members.optional_bool("remember"),
        }
    }
}

/// Makes an account and signs its owner in.
#[utoipa::path(
    post, path = "/api/auth/register", tag = "Session", operation_id = "register",
    request_body = RegisterBody, security(()),
    responses(
        (status = 201, description = "The account, and a session", body = SignedInView,
            headers(("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 202, description = "Where addresses must be confirmed: a mail is on its way, whether the address is new or known",
            body = MessageView, headers(("Set-Cookie" = String, description = "The handle of the waiting page"))),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 403, description = "CSRF_INVALID"),
        (status = 409, description = "EMAIL_TAKEN"),
        (status = 429, description = "RATE_LIMITED"),
        (status = 503, description = "OVERLOADED"),
    )
)]
pub(crate) async fn register(State(auth): State<Auth>, call: Call<RegisterBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let body = call.body()?;
    let request = SignUp {
        email: body.email.clone(),
        password: body.password.clone(),
        name: body.name.clone(),
        door: door(&auth, &jar, body.token_delivery, body.remember),
        languages: languages_of(call.headers()),
    };
    let (verdict, readings) = auth.accounts().sign_up(request, &call.origin(&auth)).await?;
    let opened = match sign_up_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))? {
        SignedUp::Opened(opened) => opened,
        SignedUp::Pending(handle) => {
            let mut response = json(StatusCode::ACCEPTED, MessageView { message: PENDING }, &readings);
            set_wait(response.headers_mut(), auth.is_https(), handle.expose());
            return Ok(response);
        }
    };
    call.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
    Ok(signed_in(&auth, StatusCode::CREATED, &opened.user, &opened.issued, &readings))
}

/// What is said to whoever registers where addresses must be confirmed.
const PENDING: &str = "Please look into your mailbox: a mail is on its way. Its link works for 15 minutes.";
