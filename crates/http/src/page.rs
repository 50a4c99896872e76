//! The page and its files, the page of the one-time link, and the pages that explain error codes.
//!
//! Promises: everything is in the binary; no page runs or loads anything that is not a file of ours; no GET changes anything.

mod described;
mod error_page;
mod file;
mod hosted;
pub(crate) mod link;
pub(crate) mod mail;
pub(crate) mod waiting;

pub(crate) use error_page::error_page;
pub(crate) use file::{File, serve};

use std::sync::OnceLock;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, REFERRER_POLICY};
use http::{HeaderMap, HeaderValue};

use crate::app::Auth;
use crate::error::{Code, Problem};

/// What a page may load: files of ours.
pub(crate) const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const INDEX_HTML: &str = include_str!("page/index.html");
static INDEX: File = File::page(INDEX_HTML);
static CLAIM: File = File::page(include_str!("page/claim.html"));
static ASSETS: &[(&str, File)] = &[
    ("app.js", File::script(include_str!("page/app.js"))),
    ("challenge.js", File::script(include_str!("page/challenge.js"))),
    ("client.js", File::script(include_str!("page/client.js"))),
    ("wait.js", File::script(include_str!("page/wait.js"))),
    ("passkeys.js", File::script(include_str!("page/passkeys.js"))),
    ("passkey-section.js", File::script(include_str!("page/passkey_section.js"))),
    ("style.css", File::style(include_str!("page/style.css"))),
];

/// The page of the server itself: register, sign in, look at what happens.
#[utoipa::path(
    get, path = "/", tag = "Pages", operation_id = "index", security(()),
    responses(
        (status = 200, description = "A page", content_type = "text/html", body = String),
        (status = 304, description = "The browser has it already"),
    )
)]
pub(crate) async fn index(State(auth): State<Auth>, headers: HeaderMap) -> Response {
    static WITH_MAIL: OnceLock<File> = OnceLock::new();
    let with_mail = || File::page(INDEX_HTML.replace("data-needs=\"mail\" hidden", "").leak());
    // It is made once and kept for the life of the process.
    serve(if auth.accounts().sends_mail() { WITH_MAIL.get_or_init(with_mail) } else { &INDEX }, &headers)
}

/// A file that a page loads.
#[utoipa::path(
    get, path = "/assets/{file}", tag = "Pages", operation_id = "asset", security(()),
    params(("file" = String, Path, description = "Its name")),
    responses(
        (status = 200, content((String = "text/javascript"), (String = "text/css")), description = "A script or a style sheet"),
        (status = 304, description = "The browser has it already"),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn asset(headers: HeaderMap, name: Result<Path<String>, PathRejection>) -> Response {
    let file = name.ok().and_then(|Path(name)| ASSETS.iter().find(|(known, _)| *known == name));
    file.map_or_else(|| Problem::new(Code::NotFound).into_response(), |(_, file)| serve(file, &headers))
}

/// The page behind the one-time link. It looks at nothing: the token works by `POST` alone.
#[utoipa::path(
    get, path = "/claim/{token}", tag = "Pages", operation_id = "claimPage", security(()),
    params(("token" = String, Path, description = "The one-time token; the page hands it on")),
    responses(
        (status = 200, description = "A page", content_type = "text/html", body = String),
        (status = 304, description = "The browser has it already"),
    )
)]
pub(crate) async fn claim(headers: HeaderMap) -> Response {
    let mut response = serve(&CLAIM, &headers);
    // The address of this page holds the token: it is neither kept nor told to anybody.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// What an error code means and what to do about it.
#[utoipa::path(
    get, path = "/errors/{code}", tag = "Pages", operation_id = "errorPage", security(()),
    params(("code" = String, Path, description = "The code of a problem document")),
    responses(
        (status = 200, description = "A page", content_type = "text/html", body = String),
        (status = 404, description = "NOT_FOUND"),
    )
)]
pub(crate) async fn error(State(auth): State<Auth>, code: Result<Path<String>, PathRejection>) -> Response {
    match code.ok().and_then(|Path(text)| Code::parse(&text)) {
        Some(code) => error_page(code, auth.public_url()),
        None => Problem::new(Code::NotFound).into_response(),
    }
}
