//! The pages on which somebody asks for a mail, and waits for it.
//!
//! Everything works without JavaScript; a script only lets the waiting page go on by itself once the link was used.

use axum::extract::State;
use axum::response::Response;
use countersign_account::{Ask, Mailbox, Proof};
use http::{HeaderMap, StatusCode};

use crate::app::Auth;
use crate::cookie::{Jar, set_wait};
use crate::error::{Code, ask_refusal, reset_refusal, verify_refusal};
use crate::form::Form;
use crate::html::escape;
use crate::layer::csrf;
use crate::page::hosted::{document, errors, prover, refused, see, with_csrf};
use crate::page::mail::{RESET, VERIFY};
use crate::request::languages_of;

/// The page on which somebody asks for a mail that sets a new password.
#[utoipa::path(
    get, path = "/forgot", tag = "Pages", operation_id = "forgotPage", security(()),
    responses((status = 200, description = "A page", content_type = "text/html", body = String,
        headers(("Set-Cookie" = String, description = "The `csrf` cookie"))))
)]
pub(crate) async fn forgot_page(State(auth): State<Auth>, headers: HeaderMap) -> Response {
    let csrf = csrf::token_for(&auth, &Jar::new(&headers, auth.is_https()));
    with_csrf(&auth, document(StatusCode::OK, FORGOT, &forgot_form(&csrf, "", "")), &csrf)
}

/// Asks for a mail that sets a new password.
#[utoipa::path(
    post, path = "/forgot", tag = "Pages", operation_id = "forgotByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    responses(
        (status = 303, description = "A mail is on its way, if there is such an account",
            headers(("Location" = String, description = "The waiting page"),
                ("Set-Cookie" = String, description = "The handle of the waiting page"))),
        (status = 400, description = "VALIDATION_FAILED, LINK_INVALID: the page with what is wrong", content_type = "text/html", body = String,
            headers(("Set-Cookie" = String, description = "The `csrf` cookie"))),
        (status = 403, description = "CSRF_INVALID, as a page", content_type = "text/html", body = String),
        (status = 404, description = "NOT_FOUND: this server sends no mail, as a page", content_type = "text/html", body = String),
        (status = 429, description = "RATE_LIMITED, as a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn forgot(State(auth): State<Auth>, form: Form) -> Response {
    let jar = form.jar(&auth);
    let asked = async {
        csrf::demand_form(&auth, &form, &jar)?;
        let ask = Ask { email: form.text("email").to_owned(), languages: languages_of(form.headers()) };
        let (verdict, _) = auth.accounts().ask_to_reset(&ask, &form.origin(&auth)).await?;
        ask_refusal(verdict)
    };
    match asked.await {
        Ok(handle) => {
            let mut response = see("/wait");
            set_wait(response.headers_mut(), auth.is_https(), handle.expose());
            response
        }
        Err(problem) if problem.code() == Code::ValidationFailed => {
            let csrf = csrf::token_for(&auth, &jar);
            let page = forgot_form(&csrf, form.text("email"), &problem.words());
            with_csrf(&auth, document(StatusCode::BAD_REQUEST, &format!("Error: {FORGOT}"), &page), &csrf)
        }
        Err(problem) => refused(&problem, FORGOT),
    }
}

/// The page that waits for a mail to be read. It goes on by itself once the link was used, and takes the code.
#[utoipa::path(
    get, path = "/wait", tag = "Pages", operation_id = "waitPage", security(()),
    responses((status = 200, description = "A page", content_type = "text/html", body = String,
        headers(("Set-Cookie" = String, description = "The `csrf` cookie"))))
)]
pub(crate) async fn wait_page(State(auth): State<Auth>, headers: HeaderMap) -> Response {
    let csrf = csrf::token_for(&auth, &Jar::new(&headers, auth.is_https()));
    with_csrf(&auth, document(StatusCode::OK, WAIT, &wait_form(&csrf, "", "")), &csrf)
}

/// Takes the code of a mail, and what it is for: a new password, or the confirmation of an address.
#[utoipa::path(
    post, path = "/wait", tag = "Pages", operation_id = "codeByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    responses(
        (status = 303, description = "Done", headers(("Location" = String, description = "A page that says so"))),
        (status = 400, description = "VALIDATION_FAILED, LINK_INVALID: the page with what is wrong", content_type = "text/html", body = String,
            headers(("Set-Cookie" = String, description = "The `csrf` cookie"))),
        (status = 403, description = "CSRF_INVALID, as a page", content_type = "text/html", body = String),
        (status = 429, description = "RATE_LIMITED, as a page", content_type = "text/html", body = String),
        (status = 503, description = "OVERLOADED, as a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn code(State(auth): State<Auth>, form: Form) -> Response {
    let jar = form.jar(&auth);
    let done = async {
        csrf::demand_form(&auth, &form, &jar)?;
        let proof = Proof::Code { email: form.text("email").to_owned(), code: form.secret("code") };
        let (prover, origin) = (prover(&auth, &jar), form.origin(&auth));
        if form.text("newPassword").is_empty() {
            let languages = languages_of(form.headers());
            let (verdict, _) = auth.accounts().verify_email(&proof, &prover, languages, &origin).await?;
            let (_, mailbox) = verify_refusal(verdict)?;
            return Ok(if mailbox == Mailbox::Cleared { "/done/cleared" } else { VERIFY.done });
        }
        let (verdict, _) =
            auth.accounts().reset_password(&proof, &form.secret("newPassword"), &prover, &origin).await?;
        reset_refusal(verdict).map(|_| RESET.done)
    };
    match done.await {
        Ok(place) => see(place),
        Err(problem) if matches!(problem.code(), Code::ValidationFailed | Code::LinkInvalid) => {
            let csrf = csrf::token_for(&auth, &jar);
            let page = wait_form(&csrf, form.text("email"), &problem.words());
            with_csrf(&auth, document(StatusCode::BAD_REQUEST, &format!("Error: {WAIT}"), &page), &csrf)
        }
        Err(problem) => refused(&problem, WAIT),
    }
}

const FORGOT: &str = "Forgot your password?";
const WAIT: &str = "Look into your mailbox";

fn email_field(email: &str) -> String {
    format!(
        "<p>\n<label for=\"email\">E-mail address</label>\n<input id=\"email\" name=\"email\" type=\"email\" autocomplete=\"username\" \
         autocapitalize=\"none\" spellcheck=\"false\" value=\"{}\" required>\n</p>\n",
        escape(email)
    )
}

fn forgot_form(csrf: &str, email: &str, wrong: &str) -> String {
    format!(
        "<p>Type the address of your account. If there is one, a mail with a link and a code is on its way.</p>\n<form method=\"post\" \
         action=\"/forgot\">\n{}<input type=\"hidden\" name=\"csrfToken\" value=\"{}\">\n{}<button type=\"submit\">Send the \
         mail</button>\n</form>",
        errors(wrong),
        escape(csrf),
        email_field(email),
    )
}

fn wait_form(csrf: &str, email: &str, wrong: &str) -> String {
    format!(
        "<p>If there is such an account, a mail is on its way. Open its link, or type its code here: both work once, for 15 \
         minutes.</p>\n<p id=\"wait-status\" role=\"status\" data-wait></p>\n<form method=\"post\" action=\"/wait\">\n{}<input \
         type=\"hidden\" name=\"csrfToken\" value=\"{}\">\n{}<p>\n<label for=\"code\">Code</label>\n<input id=\"code\" name=\"code\" \
         autocomplete=\"one-time-code\" autocapitalize=\"characters\" spellcheck=\"false\" required>\n</p>\n<p>\n<label \
         for=\"new-password\">New password, if you have asked for one</label>\n<input id=\"new-password\" name=\"newPassword\" \
         type=\"password\" autocomplete=\"new-password\">\n</p>\n<button type=\"submit\">Go on</button>\n</form>\n<p>No mail? Look among \
         unwanted ones, or <a href=\"/forgot\">ask again</a>.</p>\n<script type=\"module\" src=\"/assets/wait.js\"></script>",
        errors(wrong),
        escape(csrf),
        email_field(email),
    )
}
