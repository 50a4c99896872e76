//! The page and its files, the page of the one-time link, and the pages that explain error codes.
//!
//! Promises: everything is in the binary; no page runs or loads anything that is not a file of ours; no GET changes anything.

mod error_page;
mod file;

pub(crate) use error_page::error_page;
pub(crate) use file::{File, serve};

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

static INDEX: File = File::page(include_str!("page/index.html"));
static CLAIM: File = File::page(include_str!("page/claim.html"));
static ASSETS: &[(&str, File)] = &[
    ("app.js", File::script(include_str!("page/app.js"))),
    ("challenge.js", File::script(include_str!("page/challenge.js"))),
    ("client.js", File::script(include_str!("page/client.js"))),
    ("style.css", File::style(include_str!("page/style.css"))),
];

/// `GET /`
pub(crate) async fn index(headers: HeaderMap) -> Response {
    serve(&INDEX, &headers)
}

/// `GET /assets/{file}`
pub(crate) async fn asset(headers: HeaderMap, name: Result<Path<String>, PathRejection>) -> Response {
    let file = name.ok().and_then(|Path(name)| ASSETS.iter().find(|(known, _)| *known == name));
    file.map_or_else(|| Problem::new(Code::NotFound).into_response(), |(_, file)| serve(file, &headers))
}

/// `GET /claim/{token}`: the page behind the one-time link. It looks at nothing: the token works by POST alone.
pub(crate) async fn claim(headers: HeaderMap) -> Response {
    let mut response = serve(&CLAIM, &headers);
    // The address of this page holds the token: it is neither kept nor told to anybody.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// `GET /errors/{code}`
pub(crate) async fn error(State(auth): State<Auth>, code: Result<Path<String>, PathRejection>) -> Response {
    match code.ok().and_then(|Path(text)| Code::parse(&text)) {
        Some(code) => error_page(code, auth.public_url()),
        None => Problem::new(Code::NotFound).into_response(),
    }
}
