//! What is asked for and done by mail: `POST /api/auth/email/…`, `/api/auth/password/…`, `/api/auth/link…`, `/api/user/email`.
//!
//! Every answer is the same for an address that somebody has and one that nobody has.

use axum::extract::State;
use axum::response::Response;
use countersign_account::{Ask, AskVerdict, Proof, Prover, Told};
use countersign_kernel::Secret;
use countersign_session::Delivery;
use http::{HeaderMap, StatusCode};
use utoipa::ToSchema;

use crate::api::answer::{json, signed_in};
use crate::api::door::door;
use crate::api::sign_in::{DELIVERIES, DeliverySchema};
use crate::api::view::{MessageView, SignedInView, SignedOutEverywhereView, VerifiedView, WaitingView};
use crate::app::Auth;
use crate::cookie::{Jar, set_wait};
use crate::error::{
    Problem, ask_refusal, change_email_refusal, link_refusal, reset_refusal, undo_refusal, verify_refusal,
};
use crate::extract::CurrentUser;
use crate::json::{Call, Members, Shape};
use crate::layer::csrf;
use crate::request::languages_of;

/// Somebody's address.
#[derive(ToSchema)]
pub(crate) struct AddressBody {
    /// The address.
    #[schema(format = Email)]
    email: String,
}

impl Shape for AddressBody {
    fn take(members: &mut Members) -> Self {
        Self { email: members.string("email") }
    }
}

/// What was read in a mail.
pub(crate) struct ProofBody(Proof);

/// What was read in a mail: the `token` of its link, or the address that it came to and its `code`.
#[derive(ToSchema)]
#[schema(as = ProofBody)]
#[expect(dead_code, reason = "the shape of a body for the OpenAPI document")]
pub(crate) struct ProofBodySchema {
    /// The token of the link.
    #[schema(nullable = false)]
    token: Option<String>,
    /// The address that the mail came to, beside `code`.
    #[schema(format = Email, nullable = false)]
    email: Option<String>,
    /// The code of the mail. Case, spaces and hyphens do not matter.
    #[schema(nullable = false)]
    code: Option<String>,
}

impl Shape for ProofBody {
    fn take(members: &mut Members) -> Self {
        Self(proof(members))
    }
}

/// What was read in a mail: one of both.
pub(crate) fn proof(members: &mut Members) -> Proof {
    // Both at once: what is left over is refused as a member that cannot be set.
    if members.has("token") {
        Proof::Link(members.secret("token"))
    } else {
        Proof::Code { email: members.string("email"), code: members.secret("code") }
    }
}

/// A new password, and what was read in the mail.
pub(crate) struct ResetBody {
    proof: Proof,
    new_password: Secret<String>,
}

/// A new password, and what was read in the mail: the `token` of its link, or the address that it came to and its `code`.
#[derive(ToSchema)]
#[schema(as = ResetBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a body for the OpenAPI document")]
pub(crate) struct ResetBodySchema {
    /// The token of the link.
    #[schema(nullable = false)]
    token: Option<String>,
    /// The address that the mail came to, beside `code`.
    #[schema(format = Email, nullable = false)]
    email: Option<String>,
    /// The code of the mail. Case, spaces and hyphens do not matter.
    #[schema(nullable = false)]
    code: Option<String>,
    /// The new password: 8 to 256 characters, neither common nor known from a breach.
    #[schema(format = Password)]
    new_password: String,
}

impl Shape for ResetBody {
    fn take(members: &mut Members) -> Self {
        Self { proof: proof(members), new_password: members.secret("newPassword") }
    }
}

/// What was read in a mail that signs in.
pub(crate) struct LinkBody {
    proof: Proof,
    token_delivery: Option<Delivery>,
    remember: Option<bool>,
}

/// What was read in a mail that signs in: the `token` of its link, or the address that it came to and its `code`.
#[derive(ToSchema)]
#[schema(as = LinkBody, rename_all = "camelCase")]
#[expect(dead_code, reason = "the shape of a body for the OpenAPI document")]
pub(crate) struct LinkBodySchema {
    /// The token of the link.
    #[schema(nullable = false)]
    token: Option<String>,
    /// The address that the mail came to, beside `code`.
    #[schema(format = Email, nullable = false)]
    email: Option<String>,
    /// The code of the mail. Case, spaces and hyphens do not matter.
    #[schema(nullable = false)]
    code: Option<String>,
    /// How the refresh token travels; `cookie` unless said otherwise.
    #[schema(nullable = false)]
    token_delivery: Option<DeliverySchema>,
    /// Whether the cookies outlive the browser; true unless said otherwise.
    #[schema(nullable = false)]
    remember: Option<bool>,
}

impl Shape for LinkBody {
    fn take(members: &mut Members) -> Self {
        Self {
            proof: proof(members),
            token_delivery: members.optional_word("tokenDelivery", DELIVERIES),
            remember: members.optional_bool("remember"),
        }
    }
}

/// The token of a link.
#[derive(ToSchema)]
pub(crate) struct TokenBody {
    /// The token of the link.
    #[schema(value_type = String)]
    token: Secret<String>,
}

impl Shape for TokenBody {
    fn take(members: &mut Members) -> Self {
        Self { token: members.secret("token") }
    }
}

/// Another address.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
pub(crate) struct NewEmailBody {
    /// The address that the account is to have.
    #[schema(format = Email)]
    new_email: String,
}

impl Shape for NewEmailBody {
    fn take(members: &mut Members) -> Self {
        Self { new_email: members.string("newEmail") }
    }
}

/// What is answered to whoever asks for a mail: the same for an address that nobody has.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "the shapes of answers for the OpenAPI document")]
enum Asked {
    /// A mail is on its way, if there is such an account
    #[response(status = 202, headers(("Set-Cookie" = String, description = "The handle of the waiting page")))]
    OnItsWay(MessageView),
    /// VALIDATION_FAILED
    #[response(status = 400)]
    Invalid,
    /// CSRF_INVALID
    #[response(status = 403)]
    Foreign,
    /// NOT_FOUND: this server sends no mail
    #[response(status = 404)]
    NoMail,
    /// RATE_LIMITED
    #[response(status = 429)]
    Limited,
}

/// Asks for another mail that confirms an account's address.
#[utoipa::path(
    post, path = "/api/auth/email/resend", tag = "E-mail", operation_id = "resendVerification",
    request_body = AddressBody, security(()),
    responses(Asked)
)]
pub(crate) async fn resend(State(auth): State<Auth>, call: Call<AddressBody>) -> Result<Response, Problem> {
    csrf::demand(&auth, &call, &call.jar(&auth))?;
    let told = auth.accounts().ask_to_verify(&ask(&call)?, &call.origin(&auth)).await?;
    asked(&auth, told, ON_ITS_WAY)
}

/// Asks for a mail that sets a new password.
#[utoipa::path(
    post, path = "/api/auth/password/forgot", tag = "E-mail", operation_id = "forgotPassword",
    request_body = AddressBody, security(()),
    responses(Asked)
)]
pub(crate) async fn forgot(State(auth): State<Auth>, call: Call<AddressBody>) -> Result<Response, Problem> {
    csrf::demand(&auth, &call, &call.jar(&auth))?;
    let told = auth.accounts().ask_to_reset(&ask(&call)?, &call.origin(&auth)).await?;
    asked(&auth, told, ON_ITS_WAY)
}

/// Asks for a mail that signs in.
#[utoipa::path(
    post, path = "/api/auth/link", tag = "E-mail", operation_id = "askForLink",
    request_body = AddressBody, security(()),
    responses(Asked)
)]
pub(crate) async fn link(State(auth): State<Auth>, call: Call<AddressBody>) -> Result<Response, Problem> {
    csrf::demand(&auth, &call, &call.jar(&auth))?;
    let told = auth.accounts().ask_to_sign_in(&ask(&call)?, &call.origin(&auth)).await?;
    asked(&auth, told, ON_ITS_WAY)
}

/// Signs in with what was mailed, in this browser. Whoever has a second factor set up is asked for it, as after a password.
#[utoipa::path(
    post, path = "/api/auth/link/verify", tag = "E-mail", operation_id = "signInByLink",
    request_body = LinkBodySchema, security(()),
    responses(
        (status = 200, description = "A session", body = SignedInView,
            headers(("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 400, description = "LINK_INVALID, VALIDATION_FAILED"),
        (status = 401, description = "MFA_REQUIRED: go on with `mfaToken` and one of `methods`",
            headers(("Set-Cookie" = String, description = "Binds a sign-in that waits for its second factor to this browser"))),
        (status = 403, description = "CSRF_INVALID"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn sign_in(State(auth): State<Auth>, call: Call<LinkBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let body = call.body()?;
    let prover = Prover { session: jar.session(auth.sessions()), handle: jar.wait().map(str::to_owned) };
    let door = door(&auth, &jar, body.token_delivery, body.remember);
    let (verdict, readings) = auth.accounts().sign_in_by_link(&body.proof, &prover, &door, &call.origin(&auth)).await?;
    let opened = link_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    call.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
    Ok(signed_in(&auth, StatusCode::OK, &opened.user, &opened.issued, &readings))
}

/// Confirms an address: the account's own, or the one that it is to have.
///
/// Whoever first proves a mailbox owns the account. Where the proof does not come out of a session that was opened with the
/// account's password, or the browser that registered, what had been set before is taken away (`passwordRemoved`), and a mail
/// that sets a new password is on its way.
#[utoipa::path(
    post, path = "/api/auth/email/verify", tag = "E-mail", operation_id = "verifyEmail",
    request_body = ProofBodySchema, security((), ("bearer" = [])),
    responses(
        (status = 200, description = "The address is confirmed", body = VerifiedView),
        (status = 400, description = "LINK_INVALID, VALIDATION_FAILED"),
        (status = 403, description = "CSRF_INVALID"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn verify(
    State(auth): State<Auth>,
    user: Option<CurrentUser>,
    call: Call<ProofBody>,
) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let session = user.map(|user| user.session).or_else(|| jar.session(auth.sessions()));
    let prover = Prover { session, handle: jar.wait().map(str::to_owned) };
    let body = call.body()?;
    let languages = languages_of(call.headers());
    let (verdict, readings) = auth.accounts().verify_email(&body.0, &prover, languages, &call.origin(&auth)).await?;
    let (person, mailbox) = verify_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    Ok(json(StatusCode::OK, VerifiedView::of(&person, mailbox), &readings))
}

/// Sets a new password with what was mailed. Every session ends, nobody is signed in by it, and a second factor is asked at the
/// next sign-in as before.
#[utoipa::path(
    post, path = "/api/auth/password/reset", tag = "E-mail", operation_id = "resetPassword",
    request_body = ResetBodySchema, security(()),
    responses(
        (status = 200, description = "The password is set", body = SignedOutEverywhereView),
        (status = 400, description = "LINK_INVALID, VALIDATION_FAILED"),
        (status = 403, description = "CSRF_INVALID"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn reset(State(auth): State<Auth>, call: Call<ResetBody>) -> Result<Response, Problem> {
    let jar = call.jar(&auth);
    csrf::demand(&auth, &call, &jar)?;
    let body = call.body()?;
    let prover = Prover { session: jar.session(auth.sessions()), handle: jar.wait().map(str::to_owned) };
    let (verdict, readings) =
        auth.accounts().reset_password(&body.proof, &body.new_password, &prover, &call.origin(&auth)).await?;
    let revoked = reset_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    let body = SignedOutEverywhereView { message: "The password is set. Every session has ended.", revoked };
    Ok(json(StatusCode::OK, body, &readings))
}

/// Asks for another address. It becomes the account's own once it has confirmed; the present one is told.
#[utoipa::path(
    post, path = "/api/user/email", tag = "E-mail", operation_id = "changeEmail",
    request_body = NewEmailBody, security(("bearer" = [])),
    responses(
        (status = 202, description = "The new address has been asked to confirm", body = MessageView,
            headers(("Set-Cookie" = String, description = "The handle of the waiting page"))),
        (status = 400, description = "VALIDATION_FAILED"),
        (status = 401, description = "STEP_UP_REQUIRED"),
        (status = 404, description = "NOT_FOUND: this server sends no mail"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn change(
    State(auth): State<Auth>,
    user: CurrentUser,
    call: Call<NewEmailBody>,
) -> Result<Response, Problem> {
    let new = &call.body()?.new_email;
    let languages = languages_of(call.headers());
    let (verdict, readings) = auth.accounts().change_email(&user, new, languages, &call.origin(&auth)).await?;
    let handle = change_email_refusal(verdict, &auth).map_err(|problem| problem.readings(readings.clone()))?;
    let body = MessageView { message: "The new address has been asked to confirm. Until then nothing changes." };
    let mut response = json(StatusCode::ACCEPTED, body, &readings);
    set_wait(response.headers_mut(), auth.is_https(), handle.expose());
    Ok(response)
}

/// Brings the former address back with the link that it was sent. Every session ends and the password is void.
#[utoipa::path(
    post, path = "/api/auth/email/undo", tag = "E-mail", operation_id = "undoEmail",
    request_body = TokenBody, security(()),
    responses(
        (status = 200, description = "The former address is back", body = MessageView),
        (status = 400, description = "LINK_INVALID, VALIDATION_FAILED"),
        (status = 403, description = "CSRF_INVALID"),
        (status = 429, description = "RATE_LIMITED"),
    )
)]
pub(crate) async fn undo(State(auth): State<Auth>, call: Call<TokenBody>) -> Result<Response, Problem> {
    csrf::demand(&auth, &call, &call.jar(&auth))?;
    let languages = languages_of(call.headers());
    let (verdict, readings) = auth.accounts().undo_email(&call.body()?.token, languages, &call.origin(&auth)).await?;
    undo_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    Ok(json(StatusCode::OK, MessageView { message: RESTORED }, &readings))
}

/// How the mail stands that this browser has asked for: for the page that waits. Known by a cookie; nothing is used on the
/// browser's behalf.
#[utoipa::path(
    get, path = "/api/auth/email/waiting", tag = "E-mail", operation_id = "mailWaiting", security(()),
    responses((status = 200, description = "Whether its link was used", body = WaitingView))
)]
pub(crate) async fn waiting(State(auth): State<Auth>, headers: HeaderMap) -> Result<Response, Problem> {
    let jar = Jar::new(&headers, auth.is_https());
    let state = auth.accounts().waiting(jar.wait().unwrap_or_default()).await?;
    Ok(json(StatusCode::OK, WaitingView::of(state), &[]))
}

/// What is said after an undo.
pub(crate) const RESTORED: &str =
    "Your former address is back, and every session has ended. A mail with a link to a new password is on its way.";

/// What is said whoever asks for whatever.
const ON_ITS_WAY: &str = "If there is such an account, a mail is on its way. Its link works for 15 minutes.";

fn ask(call: &Call<AddressBody>) -> Result<Ask, Problem> {
    Ok(Ask { email: call.body()?.email.clone(), languages: languages_of(call.headers()) })
}

fn asked(auth: &Auth, (verdict, readings): Told<AskVerdict>, message: &'static str) -> Result<Response, Problem> {
    let handle = ask_refusal(verdict).map_err(|problem| problem.readings(readings.clone()))?;
    let mut response = json(StatusCode::ACCEPTED, MessageView { message }, &readings);
    set_wait(response.headers_mut(), auth.is_https(), handle.expose());
    Ok(response)
}
