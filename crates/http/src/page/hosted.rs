//! What hosted pages have in common.

use axum::body::Body;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse as _, Redirect, Response};
use countersign_account::Prover;
use countersign_kernel::Secret;
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::PAGE_POLICY;
use crate::app::Auth;
use crate::cookie::{Jar, set_csrf};
use crate::error::{Code, Problem};
use crate::html::escape;

/// A page that only says something.
pub(crate) struct Notice {
    /// Its name in the address.
    pub(crate) name: &'static str,
    /// Its title.
    pub(crate) title: &'static str,
    /// What it says.
    pub(crate) words: &'static str,
    /// Where to go on, and what to call that.
    pub(crate) link: (&'static str, &'static str),
}

/// The page of a notice.
pub(crate) fn done_page(notice: &Notice) -> Response {
    let (place, called) = notice.link;
    let body = format!("<p role=\"status\">{}</p>\n<p><a href=\"{place}\">{called}</a></p>", notice.words);
    document(StatusCode::OK, notice.title, &body)
}

/// A page around `body`, which is HTML. The edge adds that it is not to be kept, and whom it may tell where it stands.
pub(crate) fn document(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} · \
         Countersign</title>\n<link rel=\"icon\" href=\"data:,\">\n<link rel=\"stylesheet\" href=\"/assets/style.css\">\n</head>\n<body>\n<header>\n\
         <h1>Countersign</h1>\n</header>\n<main>\n<h2 tabindex=\"-1\">{title}</h2>\n{body}\n</main>\n</body>\n</html>\n"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::UNAUTHORIZED {
        // RFC 9110 section 15.5.2: a 401 says by which scheme to come.
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(PAGE_POLICY));
    response
}

/// What is wrong, where something is: read out when the page is there.
pub(crate) fn errors(wrong: &str) -> String {
    if wrong.is_empty() {
        return String::new();
    }
    format!("<div class=\"errors\" role=\"alert\" tabindex=\"-1\"><p>{}</p></div>\n", escape(wrong))
}

/// What a hosted page shows besides the link: the page session, which signs the hosted pages in, and the handle.
pub(crate) fn prover(auth: &Auth, jar: &Jar<'_>) -> Prover {
    Prover { session: jar.page(auth.sessions()), handle: jar.wait().map(str::to_owned) }
}

/// RFC 9110 section 15.4.4: a look at the next page sends nothing again.
pub(crate) fn see(place: &'static str) -> Response {
    Redirect::to(place).into_response()
}

/// A page that says why nothing was done.
pub(crate) fn refused(problem: &Problem, title: &str) -> Response {
    let body = format!(
        "<div class=\"errors\" role=\"alert\" tabindex=\"-1\"><p>{}</p></div>\n<p><a href=\"/forgot\">Ask for a new link</a> or <a \
         href=\"/\">go to the first page</a>.</p>",
        escape(&problem.words())
    );
    let mut response = document(problem.code().status(), &format!("Error: {title}"), &body);
    if let Some(wait) = problem.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(wait.as_seconds_ceil()));
    }
    response
}

/// The same with the cookie of a form's token.
pub(crate) fn with_csrf(auth: &Auth, mut response: Response, csrf: &str) -> Response {
    set_csrf(response.headers_mut(), auth.is_https(), csrf);
    response
}

/// The token in the address of a page.
pub(crate) type Token = Result<Path<String>, PathRejection>;

/// What a link is known by.
pub(crate) fn secret_of(token: Token) -> Result<Secret<String>, Problem> {
    token.map(|Path(token)| Secret::new(token)).map_err(|_| Code::LinkInvalid.into())
}
