//! The page of a link that signs in: a button, and where a second factor is set up the form that asks for it.
//!
//! Promises: no `GET` or `HEAD` signs anybody in; the button signs in the browser in which it is pressed and no other; a second factor is
//! asked after a link as after a password.

use axum::extract::State;
use axum::response::Response;
use countersign_account::{
    Factor, LinkVerdict, PresentedFactor, Proof, SecondFactorNeeded, SecondStep, SecondStepVerdict, TypedCode,
};
use http::header::SET_COOKIE;
use http::{HeaderMap, StatusCode};

use crate::api::answer::set_cookies;
use crate::api::door::door;
use crate::app::Auth;
use crate::cookie::{clear_pending, pending};
use crate::error::{Code, Problem, second_step_refusal};
use crate::form::Form;
use crate::html::escape;
use crate::layer::csrf;
use crate::page::described::LinkPage;
use crate::page::hosted::{Token, document, errors, prover, refused, secret_of, see, with_csrf};
use crate::page::mail::{Kind, link_page};

const LINK: Kind = Kind {
    title: "Sign in",
    words: "Press the button to sign in here, in this browser. If you asked for the link in another one, type the code of the mail there.",
    button: "Sign in",
    path: "/link",
    asks_password: false,
    done: "/",
};
const SECOND: &str = "One more step";

/// The page behind a link that signs in. It uses nothing: its button does.
#[utoipa::path(
    get, path = "/link/{token}", tag = "Pages", operation_id = "linkPage", security(()),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPage)
)]
pub(crate) async fn page(State(auth): State<Auth>, headers: HeaderMap, token: Token) -> Result<Response, Problem> {
    link_page(&auth, &headers, token, &LINK).await
}

/// The button of the page that signs in.
#[utoipa::path(
    post, path = "/link/{token}", tag = "Pages", operation_id = "linkByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    params(("token" = String, Path, description = "The token of the link")),
    responses(
        (status = 303, description = "Signed in", headers(("Location" = String, description = "The first page"),
            ("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 401, description = "MFA_REQUIRED, as a page that asks for it", content_type = "text/html", body = String,
            headers(("Set-Cookie" = String, description = "Binds the sign-in to this browser"))),
        (status = 400, description = "LINK_INVALID, as a page", content_type = "text/html", body = String),
        (status = 403, description = "CSRF_INVALID, as a page", content_type = "text/html", body = String),
        (status = 429, description = "RATE_LIMITED, as a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn press(State(auth): State<Auth>, token: Token, form: Form) -> Response {
    let jar = form.jar(&auth);
    let told = async {
        csrf::demand_form(&auth, &form, &jar)?;
        let (proof, prover) = (Proof::Link(secret_of(token)?), prover(&auth, &jar));
        let door = door(&auth, &jar, None, None);
        let (verdict, _) = auth.accounts().sign_in_by_link(&proof, &prover, &door, &form.origin(&auth)).await?;
        Ok::<_, Problem>(verdict)
    };
    match told.await {
        Ok(LinkVerdict::SignedIn(opened)) => {
            form.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
            let mut response = see(LINK.done);
            set_cookies(&auth, &opened.issued, &mut response);
            response
        }
        Ok(LinkVerdict::SecondFactorNeeded(needed)) => second(&auth, &form, &needed),
        Ok(LinkVerdict::Invalid) => refused(&Code::LinkInvalid.into(), LINK.title),
        Ok(LinkVerdict::Limited(limited)) => refused(&limited.into(), LINK.title),
        Err(problem) => refused(&problem, LINK.title),
    }
}

/// Asks for the second factor of a sign-in that waits for it.
fn second(auth: &Auth, form: &Form, needed: &SecondFactorNeeded) -> Response {
    let csrf = csrf::token_for(auth, &form.jar(auth));
    let body = second_form(&csrf, needed.token.expose(), &needed.factors, "");
    let mut response = with_csrf(auth, document(StatusCode::UNAUTHORIZED, SECOND, &body), &csrf);
    let browser = needed.browser.as_ref().and_then(|browser| pending(auth.is_https(), browser.expose()));
    if let Some(cookie) = browser {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

/// The second factor of a sign-in by link.
#[utoipa::path(
    post, path = "/link", tag = "Pages", operation_id = "linkSecondStep", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    responses(
        (status = 303, description = "Signed in", headers(("Location" = String, description = "The first page"),
            ("Set-Cookie" = String, description = "The cookies of the session, one field each"))),
        (status = 401, description = "AUTH_FAILED, TOKEN_INVALID: the page again, with what is wrong", content_type = "text/html", body = String,
            headers(("Set-Cookie" = String, description = "The `csrf` cookie"))),
        (status = 403, description = "CSRF_INVALID, as a page", content_type = "text/html", body = String),
        (status = 429, description = "RATE_LIMITED, as a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn step(State(auth): State<Auth>, form: Form) -> Response {
    let jar = form.jar(&auth);
    if let Err(problem) = csrf::demand_form(&auth, &form, &jar) {
        return refused(&problem, SECOND);
    }
    let code = form.secret("code");
    let code = if form.text("method") == "recovery" { TypedCode::Recovery(code) } else { TypedCode::Totp(code) };
    let factor = PresentedFactor::Code(code);
    let request = SecondStep { token: form.secret("mfaToken"), factor, door: door(&auth, &jar, None, None) };
    let verdict = match auth.accounts().second_step(&request, &form.origin(&auth)).await {
        Ok((verdict, _)) => verdict,
        Err(error) => return refused(&error.into(), SECOND),
    };
    let may_try_again = matches!(verdict, SecondStepVerdict::Failed(_));
    match second_step_refusal(verdict, &auth) {
        Ok(opened) => {
            form.info(&auth).note(Some(opened.user.id), Some(opened.issued.session.id));
            let mut response = see(LINK.done);
            set_cookies(&auth, &opened.issued, &mut response);
            clear_pending(response.headers_mut(), auth.is_https());
            response
        }
        Err(problem) if may_try_again => {
            let csrf = csrf::token_for(&auth, &jar);
            let body = second_form(&csrf, form.text("mfaToken"), &[Factor::Totp, Factor::Recovery], &problem.words());
            with_csrf(&auth, document(StatusCode::UNAUTHORIZED, &format!("Error: {SECOND}"), &body), &csrf)
        }
        Err(problem) => refused(&problem, SECOND),
    }
}

fn second_form(csrf: &str, token: &str, factors: &[Factor], wrong: &str) -> String {
    let mut choices = String::new();
    for (factor, called) in [(Factor::Totp, "Code of an authenticator app"), (Factor::Recovery, "Recovery code")] {
        if factors.contains(&factor) {
            let checked = if choices.is_empty() { " checked" } else { "" };
            choices += &format!(
                "<p class=\"check\">\n<input id=\"{0}\" name=\"method\" type=\"radio\" value=\"{0}\"{checked}>\n<label for=\"{0}\">{called}</label>\n</p>\n",
                factor.as_str()
            );
        }
    }
    format!(
        "<p>The link was good. This account asks for a second factor as well.</p>\n<form method=\"post\" action=\"/link\">\n{}<input type=\"hidden\" \
         name=\"csrfToken\" value=\"{}\">\n<input type=\"hidden\" name=\"mfaToken\" value=\"{}\">\n{choices}<p>\n<label for=\"code\">Code</label>\n<input \
         id=\"code\" name=\"code\" autocomplete=\"one-time-code\" spellcheck=\"false\" required>\n</p>\n<button type=\"submit\">Go on</button>\n</form>",
        errors(wrong),
        escape(csrf),
        escape(token),
    )
}
