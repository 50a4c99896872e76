//! The pages of mailed links: what a person meets who opens one.
//!
//! Promises: no `GET` or `HEAD` uses a link, however often and by whomever it is opened; a button does, by `POST`. Everything works
//! without JavaScript. The link is in the address of the page alone: it is kept nowhere and, by the referrer policy, told to nobody else.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use countersign_account::{LinkFacts, Mailbox, Proof};
use countersign_kernel::Secret;
use http::{HeaderMap, StatusCode};

use crate::app::Auth;
use crate::cookie::Jar;
use crate::error::{Code, Problem, reset_refusal, undo_refusal, verify_refusal};
use crate::form::Form;
use crate::html::escape;
use crate::layer::csrf;
use crate::page::described::{LinkPage, LinkPressed};
use crate::page::hosted::{Notice, Token, document, done_page, errors, prover, refused, secret_of, see, with_csrf};
use crate::request::languages_of;

/// The page behind a link that confirms an address. It uses nothing: its button does.
#[utoipa::path(
    get, path = "/verify/{token}", tag = "Pages", operation_id = "verifyPage", security(()),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPage)
)]
pub(crate) async fn verify_page(
    State(auth): State<Auth>,
    headers: HeaderMap,
    token: Token,
) -> Result<Response, Problem> {
    link_page(&auth, &headers, token, &VERIFY).await
}

/// The page behind a link that confirms a new address.
#[utoipa::path(
    get, path = "/email/{token}", tag = "Pages", operation_id = "emailPage", security(()),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPage)
)]
pub(crate) async fn email_page(
    State(auth): State<Auth>,
    headers: HeaderMap,
    token: Token,
) -> Result<Response, Problem> {
    link_page(&auth, &headers, token, &CHANGE).await
}

/// The page behind a link that brings a former address back.
#[utoipa::path(
    get, path = "/undo/{token}", tag = "Pages", operation_id = "undoPage", security(()),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPage)
)]
pub(crate) async fn undo_page(State(auth): State<Auth>, headers: HeaderMap, token: Token) -> Result<Response, Problem> {
    link_page(&auth, &headers, token, &UNDO).await
}

/// The page behind a link that sets a new password.
#[utoipa::path(
    get, path = "/reset/{token}", tag = "Pages", operation_id = "resetPage", security(()),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPage)
)]
pub(crate) async fn reset_page(
    State(auth): State<Auth>,
    headers: HeaderMap,
    token: Token,
) -> Result<Response, Problem> {
    link_page(&auth, &headers, token, &RESET).await
}

/// The button of the page that confirms an address.
#[utoipa::path(
    post, path = "/verify/{token}", tag = "Pages", operation_id = "verifyByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPressed)
)]
pub(crate) async fn verify(State(auth): State<Auth>, token: Token, form: Form) -> Response {
    confirm(&auth, token, &form, &VERIFY).await
}

/// The button of the page that confirms a new address.
#[utoipa::path(
    post, path = "/email/{token}", tag = "Pages", operation_id = "emailByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPressed)
)]
pub(crate) async fn email(State(auth): State<Auth>, token: Token, form: Form) -> Response {
    confirm(&auth, token, &form, &CHANGE).await
}

async fn confirm(auth: &Auth, token: Token, form: &Form, kind: &Kind) -> Response {
    let jar = form.jar(auth);
    let done = async {
        csrf::demand_form(auth, form, &jar)?;
        let proof = Proof::Link(secret_of(token)?);
        let languages = languages_of(form.headers());
        let (verdict, _) =
            auth.accounts().verify_email(&proof, &prover(auth, &jar), languages, &form.origin(auth)).await?;
        verify_refusal(verdict)
    };
    match done.await {
        Ok((_, Mailbox::Cleared)) => see("/done/cleared"),
        Ok(_) => see(kind.done),
        Err(problem) => refused(&problem, kind.title),
    }
}

/// The button of the page that brings a former address back.
#[utoipa::path(
    post, path = "/undo/{token}", tag = "Pages", operation_id = "undoByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    params(("token" = String, Path, description = "The token of the link")),
    responses(LinkPressed)
)]
pub(crate) async fn undo(State(auth): State<Auth>, token: Token, form: Form) -> Response {
    let jar = form.jar(&auth);
    let done = async {
        csrf::demand_form(&auth, &form, &jar)?;
        let languages = languages_of(form.headers());
        let (verdict, _) = auth.accounts().undo_email(&secret_of(token)?, languages, &form.origin(&auth)).await?;
        undo_refusal(verdict)
    };
    match done.await {
        Ok(_) => see(UNDO.done),
        Err(problem) => refused(&problem, UNDO.title),
    }
}

/// The button of the page that sets a new password.
#[utoipa::path(
    post, path = "/reset/{token}", tag = "Pages", operation_id = "resetByPage", security(()),
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The form"),
    params(("token" = String, Path, description = "The token of the link")),
    responses(
        (status = 303, description = "Done", headers(("Location" = String, description = "A page that says so"))),
        (status = 400, description = "LINK_INVALID, VALIDATION_FAILED: the page with what is wrong",
            content_type = "text/html", body = String, headers(("Set-Cookie" = String, description = "The `csrf` cookie"))),
        (status = 403, description = "CSRF_INVALID, as a page", content_type = "text/html", body = String),
        (status = 429, description = "RATE_LIMITED, as a page", content_type = "text/html", body = String),
        (status = 503, description = "OVERLOADED, as a page", content_type = "text/html", body = String),
    )
)]
pub(crate) async fn reset(State(auth): State<Auth>, token: Token, form: Form) -> Response {
    let jar = form.jar(&auth);
    let secret = match csrf::demand_form(&auth, &form, &jar).and_then(|()| secret_of(token)) {
        Ok(secret) => secret,
        Err(problem) => return refused(&problem, RESET.title),
    };
    let proof = Proof::Link(secret.clone());
    let new = form.secret("newPassword");
    let told = auth.accounts().reset_password(&proof, &new, &prover(&auth, &jar), &form.origin(&auth)).await;
    let done = told.map_err(Problem::from).and_then(|(verdict, _)| reset_refusal(verdict));
    match done {
        Ok(_) => see(RESET.done),
        Err(problem) if problem.code() == Code::ValidationFailed => {
            // The link works on: the page comes again with what is wrong.
            let facts = auth.accounts().look_at_link(secret.expose()).await.ok().flatten();
            let csrf = csrf::token_for(&auth, &jar);
            let page = RESET.page(&secret, facts.as_ref(), &csrf, &problem.words());
            with_csrf(&auth, document(StatusCode::BAD_REQUEST, &format!("Error: {}", RESET.title), &page), &csrf)
        }
        Err(problem) => refused(&problem, RESET.title),
    }
}

/// That something was done. Where every form leads that succeeds, so that a second look repeats nothing.
#[utoipa::path(
    get, path = "/done/{what}", tag = "Pages", operation_id = "donePage", security(()),
    params(("what" = String, Path, description = "What was done")),
    responses(
        (status = 200, description = "A page", content_type = "text/html", body = String),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn done(what: Token) -> Response {
    let notice = what.ok().and_then(|Path(what)| DONE.iter().find(|notice| notice.name == what));
    notice.map_or_else(|| Problem::new(Code::NotFound).into_response(), done_page)
}

/// What the page of a link says.
pub(crate) struct Kind {
    pub(crate) title: &'static str,
    pub(crate) words: &'static str,
    pub(crate) button: &'static str,
    pub(crate) path: &'static str,
    pub(crate) asks_password: bool,
    pub(crate) done: &'static str,
}

pub(crate) const VERIFY: Kind = Kind {
    title: "Confirm your e-mail address",
    words: "Press the button to confirm that this is your address. If you registered in another browser, your password is kept only if \
            you type the code of the mail there; here it would have to be set anew.",
    button: "Confirm the address",
    path: "/verify",
    asks_password: false,
    done: "/done/verified",
};
const CHANGE: Kind = Kind {
    title: "Confirm your new e-mail address",
    words: "Press the button to make this the address of your account.",
    button: "Confirm the address",
    path: "/email",
    asks_password: false,
    done: "/done/verified",
};
const UNDO: Kind = Kind {
    title: "Bring your former address back",
    words: "Press the button if somebody else has changed the address of your account. Every device is signed out, and the password \
            is void: a mail with a link to a new one follows.",
    button: "Bring it back",
    path: "/undo",
    asks_password: false,
    done: "/done/restored",
};
pub(crate) const RESET: Kind = Kind {
    title: "Set a new password",
    words: "With the new password every device is signed out. If you have a second factor, you are still asked for it.",
    button: "Set the password",
    path: "/reset",
    asks_password: true,
    done: "/done/reset",
};

const DONE: &[Notice] = &[
    Notice {
        name: "verified",
        title: "The address is confirmed",
        words: "You can go on where you were.",
        link: ("/", "Go on"),
    },
    Notice {
        name: "cleared",
        title: "The address is confirmed",
        words: "The password that was set before does not work any more. A mail with a link to a new one is on its way.",
        link: ("/", "Go on"),
    },
    Notice {
        name: "restored",
        title: "Your former address is back",
        words: "Every session has ended. A mail with a link to a new password is on its way.",
        link: ("/", "Go on"),
    },
    Notice {
        name: "reset",
        title: "The password is set",
        words: "Every session has ended. Sign in with the new password.",
        link: ("/#sign-in", "Sign in"),
    },
];

impl Kind {
    fn page(&self, secret: &Secret<String>, facts: Option<&LinkFacts>, csrf: &str, wrong: &str) -> String {
        let address = facts.map_or_else(String::new, |facts| escape(&facts.address));
        let device = facts.and_then(|facts| facts.asked_with.as_deref());
        let asked = device.map_or_else(String::new, |device| format!("<p>Asked for with {}.</p>\n", escape(device)));
        let password = if self.asks_password { PASSWORD_FIELD } else { "" };
        format!(
            "<p>For <strong>{address}</strong></p>\n{asked}<p>{words}</p>\n<form method=\"post\" action=\"{path}/{token}\">\n{errors}\
             <input type=\"hidden\" name=\"csrfToken\" value=\"{csrf}\">\n{password}<button type=\"submit\">{button}</button>\n</form>",
            words = self.words,
            path = self.path,
            token = escape(secret.expose()),
            errors = errors(wrong),
            csrf = escape(csrf),
            button = self.button,
        )
    }
}

const PASSWORD_FIELD: &str = "<p>\n<label for=\"new-password\">New password</label>\n<input id=\"new-password\" name=\"newPassword\" \
     type=\"password\" autocomplete=\"new-password\" minlength=\"8\" required>\n</p>\n";

/// The page of a link, or one that says that it does not work.
pub(crate) async fn link_page(
    auth: &Auth,
    headers: &HeaderMap,
    token: Token,
    kind: &Kind,
) -> Result<Response, Problem> {
    let Ok(secret) = secret_of(token) else { return Ok(refused(&Code::LinkInvalid.into(), kind.title)) };
    let Some(facts) = auth.accounts().look_at_link(secret.expose()).await? else {
        return Ok(refused(&Code::LinkInvalid.into(), kind.title));
    };
    let csrf = csrf::token_for(auth, &Jar::new(headers, auth.is_https()));
    let page = kind.page(&secret, Some(&facts), &csrf, "");
    Ok(with_csrf(auth, document(StatusCode::OK, kind.title, &page), &csrf))
}
